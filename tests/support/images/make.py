#!/usr/bin/env python3
"""Makes the pictures and films of this folder again (they are committed: tests need only read them).

Wants Pillow, pillow-heif, ffmpeg and liblcms2. All but the noisy ones show the same four quarters,
red, green above blue, yellow, when seen upright: 640 x 480, films 320 x 240."""
import ctypes
import io
import os
import subprocess

import pillow_heif
from PIL import Image, ImageCms, ImageDraw

pillow_heif.register_heif_opener()
os.chdir(os.path.dirname(os.path.abspath(__file__)))

RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 200, 40)


def quarters(width=640, height=480):
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), BLUE)
    draw.rectangle((width // 2, height // 2, width, height), YELLOW)
    return image


# How an upright picture is stored under each orientation (the inverse of what a viewer does).
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def orientations():
    for number, how in STORED.items():
        image = quarters() if how is None else quarters().transpose(how)
        exif = Image.Exif()
        exif[0x0112] = number
        image.save(f"orientation-{number}.jpg", quality=80, exif=exif)


def camera_exif():
    exif = Image.Exif()
    exif[0x010F] = "Secret Maker"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 24.0), "E", (2.0, 21.0, 7.0)
    return exif


def display_p3():
    """A profile with the primaries of Display P3, the curve of sRGB and a misleading name."""
    lcms = ctypes.CDLL("liblcms2.so.2")

    class XyY(ctypes.Structure):
        _fields_ = [(name, ctypes.c_double) for name in ("x", "y", "Y")]

    lcms.cmsBuildParametricToneCurve.restype = ctypes.c_void_p
    lcms.cmsCreateRGBProfile.restype = ctypes.c_void_p
    curve = lcms.cmsBuildParametricToneCurve(
        None, 4, (ctypes.c_double * 5)(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
    primaries = (XyY * 3)(XyY(0.68, 0.32, 1), XyY(0.265, 0.69, 1), XyY(0.15, 0.06, 1))
    profile = ctypes.c_void_p(lcms.cmsCreateRGBProfile(
        ctypes.byref(XyY(0.3127, 0.329, 1)), primaries, (ctypes.c_void_p * 3)(curve, curve, curve)))
    size = ctypes.c_uint32(0)
    lcms.cmsSaveProfileToMem(profile, None, ctypes.byref(size))
    data = ctypes.create_string_buffer(size.value)
    lcms.cmsSaveProfileToMem(profile, data, ctypes.byref(size))
    return data.raw


def jpegs():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = quarters()
    image.save("camera.jpg", quality=80, exif=camera_exif(), icc_profile=srgb,
               xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>secret</x:xmpmeta>")
    image.save("full-chroma.jpg", quality=80, subsampling=0)
    image.save("wide-chroma.jpg", quality=80, subsampling=1)
    image.save("progressive.jpg", quality=80, progressive=True)
    image.convert("L").save("gray.jpg", quality=80)
    image.convert("CMYK").save("cmyk.jpg", quality=80)
    p3 = display_p3()
    wide = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"),
                                     ImageCms.ImageCmsProfile(io.BytesIO(p3)))
    wide.save("display-p3.jpg", quality=90, icc_profile=p3)
    wide.save("display-p3.png", icc_profile=p3)
    noise = Image.effect_noise((320, 240), 60).convert("RGB")
    data = io.BytesIO()
    noise.save(data, "JPEG", quality=40)
    with open("truncated.jpg", "wb") as out:
        out.write(data.getvalue()[: len(data.getvalue()) * 6 // 10])


def transparent():
    image = quarters().convert("RGBA")
    ImageDraw.Draw(image).rectangle((0, 0, 319, 239), (0, 0, 0, 0))
    return image


def other_pictures():
    image = quarters()
    image.save("quarters.png", optimize=True, exif=camera_exif())
    image.quantize(8).save("palette.png")
    transparent().save("transparent.png", optimize=True)
    wide = Image.new("I;16", (64, 48))
    wide.putdata([x * 65535 // 63 for _ in range(48) for x in range(64)])
    wide.save("gray16.png")
    image.save("lossy.webp", quality=80, exif=camera_exif(), xmp=b"<x>secret</x>")
    transparent().save("transparent.webp", lossless=True)
    others = [quarters().rotate(90 * n) for n in (1, 2)]
    image.save("animated.webp", save_all=True, append_images=others, duration=100)
    image.save("animated.gif", save_all=True, append_images=others, duration=100)
    image.save("quarters.heic", quality=60, exif=camera_exif())
    image.save("quarters.avif", quality=60, exif=camera_exif())
    noise = Image.effect_noise((80, 60), 60).convert("RGB")
    data = io.BytesIO()
    noise.save(data, "PNG")
    with open("truncated.png", "wb") as out:
        out.write(data.getvalue()[: len(data.getvalue()) * 6 // 10])


def films():
    quarters(320, 240).save("frame.png")
    source = ["ffmpeg", "-loglevel", "error", "-y", "-loop", "1", "-r", "10", "-i", "frame.png",
              "-t", "2", "-pix_fmt", "yuv420p", "-metadata", "location=+48.85+002.35/"]
    h264 = ["-c:v", "libx264", "-preset", "veryslow", "-crf", "30"]
    subprocess.run(source + h264 + ["clip.mp4"], check=True)
    subprocess.run(source + h264 + ["clip.mov"], check=True)
    vp9 = ["-c:v", "libvpx-vp9", "-crf", "40", "-b:v", "0"]
    subprocess.run(source + vp9 + ["clip.webm"], check=True)
    # Stored on its side, as a phone does: the frame turned left, and "turn right" in its header.
    subprocess.run(source + ["-vf", "transpose=2", *h264, "-f", "mp4", "lying.mp4"], check=True)
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-i", "lying.mp4", "-c", "copy",
                    "-metadata:s:v", "rotate=270", "rotated.mp4"], check=True)
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-f", "lavfi", "-i", "sine=d=0.2",
                    "-b:a", "16k", "-c:a", "aac", "sound.mp4"], check=True)
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-i", "quarters.png", "-i", "animated.gif",
                    "-map", "1", "-pix_fmt", "yuv420p", "-c:v", "libaom-av1", "-crf", "40",
                    "sequence.avif"], check=True)
    os.remove("lying.mp4")
    os.remove("frame.png")


orientations()
jpegs()
other_pictures()
films()
