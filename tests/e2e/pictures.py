"""Pictures and films to upload. Four quarters, so that which way is up can be seen:

    red    green
    blue   yellow
"""

import io
import os
import random
import subprocess
import tempfile
import zlib

import pillow_heif
from PIL import Image

from client import File

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, YELLOW = (200, 40, 40), (40, 160, 60), (40, 60, 200), (220, 200, 40)
WIDTH, HEIGHT = 2000, 1250
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support/images")

TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif",
         "avif": "image/avif", "heic": "image/heic", "mp4": "video/mp4", "mov": "video/quicktime",
         "webm": "video/webm"}

# EXIF orientation -> how an upright picture is turned to be stored under it.
STORED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
          4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
          7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}


def quarters(width=WIDTH, height=HEIGHT):
    image = Image.new("RGB", (2, 2))
    image.putdata([RED, GREEN, BLUE, YELLOW])
    return image.resize((width, height), Image.Resampling.NEAREST)


def exif(orientation=1):
    """As a telephone writes it: who, when and where."""
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F], data[0x0110], data[0x0132] = "Secret Maker", "Secret Model", "2026:11:21 07:30:00"
    gps = data.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (48.0, 51.0, 24.0), "E", (2.0, 21.0, 7.0)
    return data


XMP = (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
       b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="Secret Name"/>'
       b'</rdf:RDF></x:xmpmeta>')


def encode(image, form, **options):
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def film(extension, codec):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "a.png"), os.path.join(folder, f"a.{extension}")
        quarters(1280, 800).save(source)
        subprocess.run(["ffmpeg", "-v", "error", "-loop", "1", "-i", source, "-t", "2", "-r", "10",
                        "-pix_fmt", "yuv420p", *codec, target], check=True, stdin=subprocess.DEVNULL)
        with open(target, "rb") as file:
            return file.read()


def make(extension):
    """A File of this kind, with metadata where the format can hold it."""
    makers = {
        "jpg": lambda: encode(quarters(), "JPEG", quality=90, exif=exif(), xmp=XMP),
        "png": lambda: encode(quarters(), "PNG", exif=exif()),
        "webp": lambda: encode(quarters(), "WEBP", quality=90, exif=exif().tobytes(), xmp=XMP),
        "gif": lambda: encode(quarters(), "GIF"),
        "avif": lambda: encode(quarters(), "AVIF", quality=80, speed=10, exif=exif().tobytes()),
        "heic": lambda: encode(quarters(), "HEIF", quality=80, exif=exif().tobytes()),
        "mp4": lambda: film("mp4", ["-c:v", "libx264", "-preset", "ultrafast"]),
        "mov": lambda: film("mov", ["-c:v", "libx264", "-preset", "ultrafast"]),
        "webm": lambda: film("webm", ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M"]),
    }
    return File(f"sample.{extension}", TYPES[extension], makers[extension]())


def rotated(orientation, width=900, height=600):
    """A JPEG that is width x height when seen upright."""
    image = quarters(width, height)
    if STORED[orientation] is not None:
        image = image.transpose(STORED[orientation])
    return File(f"orientation-{orientation}.jpg", "image/jpeg",
                encode(image, "JPEG", quality=90, exif=exif(orientation)))


def small(seed=None, side=64):
    """A JPEG like no other: a few hundred bytes, or as many as side asks for."""
    chance = random.Random(seed)
    image = Image.frombytes("RGB", (8, 8), chance.randbytes(192)).resize((side, side))
    return File(f"small-{chance.randrange(10**9)}.jpg", "image/jpeg", encode(image, "JPEG", quality=70))


def noisy(seed, kilobytes):
    """A JPEG of about that size, as chaos wants them: work for the decoder and the network."""
    chance = random.Random(seed)
    side = int((kilobytes * 1024 * 1.3) ** 0.5 / 16 + 1) * 16
    grain = Image.frombytes("L", (side, side), chance.randbytes(side * side))
    image = Image.merge("RGB", (grain, grain, quarters(side, side).convert("L")))
    return File(f"noisy-{seed}.jpg", "image/jpeg", encode(image, "JPEG", quality=75))


def committed(name):
    """One of tests/support/images."""
    with open(os.path.join(FOLDER, name), "rb") as file:
        return File(name, TYPES[name.rsplit(".", 1)[1]], file.read())


# --- hostile ---

def png_bomb(side=30000):
    """A valid PNG of 16-bit RGB, side x side, all zero: small to send, gigabytes to decode."""
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    header = side.to_bytes(4, "big") * 2 + bytes([16, 2, 0, 0, 0])
    squeeze = zlib.compressobj(9)
    row = bytes(1 + side * 6)
    data = b"".join(squeeze.compress(row) for _ in range(side)) + squeeze.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_bomb():
    """65,535 x 65,535 in a hundred bytes."""
    return (b"GIF89a\xff\xff\xff\xff\xf0\x00\x00" + bytes(6) + b"\x2c" + bytes(4) + b"\xff\xff\xff\xff\x00"
            + b"\x02\x02\x4c\x01\x00\x3b")


def hostile():
    """{name: (content type, bytes, reasons it may be rejected for)}"""
    chance = random.Random(1)
    jpeg = encode(quarters(), "JPEG", quality=90)
    heic = encode(quarters(640, 400), "HEIF")
    return {
        "gif-bomb": ("image/gif", gif_bomb(), {"too_many_pixels"}),
        "png-bomb": ("image/png", png_bomb(12000), {"too_many_pixels"}),
        "text-as-jpeg": ("image/jpeg", b"just words, no picture\n" * 50, {"unsupported_format"}),
        "png-as-jpeg": ("image/jpeg", encode(quarters(64, 64), "PNG"), {"type_mismatch"}),
        "jpeg-garbage": ("image/jpeg", b"\xff\xd8\xff\xe0" + chance.randbytes(5000), {"corrupt"}),
        "png-garbage": ("image/png", b"\x89PNG\r\n\x1a\n" + chance.randbytes(5000), {"corrupt"}),
        "gif-garbage": ("image/gif", b"GIF89a" + chance.randbytes(5000),
                        {"corrupt", "too_many_pixels", "too_many_frames", "out_of_memory"}),
        "webp-garbage": ("image/webp", b"RIFF\x00\x10\x00\x00WEBP" + chance.randbytes(4096), {"corrupt"}),
        "heic-cut": ("image/heic", heic[:len(heic) // 3], {"corrupt"}),
        "heic-garbage": ("image/heic", heic[:40] + chance.randbytes(4000), {"corrupt"}),
        "mp4-garbage": ("video/mp4", b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + chance.randbytes(5000),
                        {"corrupt", "no_video_frame", "unsupported_format"}),
        "webm-garbage": ("video/webm", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm" + chance.randbytes(5000),
                         {"corrupt", "no_video_frame", "unsupported_format", "type_mismatch"}),
        "jpeg-header-only": ("image/jpeg", jpeg[:200], {"corrupt"}),
    }
