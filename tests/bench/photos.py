"""The photographs that are measured: 24 JPEGs of 12 to 24 megapixels, made from Debian's wallpaper packages.

Five are camera files as they are. The others are enlarged, which makes them smoother than a camera's, so they get noise in
brightness until their bytes per pixel are a camera's (0.2 to 0.4), and what a camera adds: Exif with a position, here and there a
turned sensor or a Display P3 profile."""

import shutil
from pathlib import Path

from PIL import Image, ImageChops

BACKGROUNDS = Path("/usr/share/backgrounds")
PROFILED = Path(__file__).parent.parent / "support/images/display-p3.jpg"  # lends its profile
QUALITY, NOISE_SIGMA = 92, 3.5
TURNED = {6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}  # undone by the tag
ORIENTATION, GPS = 0x0112, 0x8825

AS_THEY_ARE = [
    "Dragonfly_by_Bolly.jpg", "Infinite-Sea_by_Aury88.jpg", "Kleiber_by_Lukas_Baubkus.jpg",
    "seeding_by_Clements_Engelhardt.jpg", "sunset_by_Aitzol_Berasategi.jpg"]
# source, pixels on the long and the short side, orientation tag, Display P3
MADE = [
    ("Bridge_by_Sander_Klootwijk.jpg", 4640, 2610, 1, False),
    ("Fossa_by_Jasper_Roks.jpg", 5312, 2988, 1, False),
    ("Picture_0B_by_freespace.jpg", 4608, 3072, 1, False),
    ("Wine_by_Jakkub_Mede.jpg", 6000, 4000, 1, False),
    ("aitzgorri_by_Aitzol_Berasategi.jpg", 4240, 2832, 6, False),
    ("analogpattern_by_Peter_Nerlich.jpg", 4000, 3000, 1, False),
    ("free_by_Peter_Nerlich.jpg", 4032, 3024, 6, True),
    ("friends_by_Aitzol_Berasategi.jpg", 6000, 4000, 1, False),
    ("greentock_by_Peter_Nerlich.jpg", 4032, 3024, 1, True),
    ("life_by_Aitzol_Berasategi.jpg", 6000, 4000, 8, False),
    ("picosdeeuropa_by_Aitzol_Berasategi.jpg", 5664, 4248, 1, False),
    ("umang_by_Abhishek_Mudgal.jpg", 5664, 3186, 1, False),
    ("mate/nature/Aqua.jpg", 4000, 3000, 1, False),
    ("mate/nature/Garden.jpg", 4032, 3024, 6, True),
    ("mate/nature/LadyBird.jpg", 4032, 3024, 1, True),
    ("mate/nature/Storm.jpg", 4240, 2832, 1, False),
    ("mate/nature/TwoWings.jpg", 6000, 4000, 6, False),
    ("mate/nature/Wood.jpg", 4608, 3456, 1, False),
    ("mate/nature/YellowFlower.jpg", 4928, 3264, 1, False)]
LATENCY_PHOTO = "LadyBird.jpg"  # 12 megapixels, with a profile to convert


def fill(picture, width, height):
    """Scaled, its edges cut off, to exactly that size."""
    if (picture.width < picture.height) != (width < height):
        width, height = height, width
    ratio = max(width / picture.width, height / picture.height)
    left, top = (picture.width - width / ratio) / 2, (picture.height - height / ratio) / 2
    box = (left, top, picture.width - left, picture.height - top)
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=box)


def add_noise(picture):
    bands = list(picture.convert("YCbCr").split())
    noise = Image.effect_noise(picture.size, NOISE_SIGMA)
    bands[0] = ImageChops.add(bands[0], noise, 1, -128)
    return Image.merge("YCbCr", bands)


def make_exif(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(GPS).update({1: "N", 2: (64.0, 1.0, 42.0), 3: "W", 4: (16.0, 58.0, 30.0)})
    return exif


def make(source, target, long_side, short_side, orientation, profile):
    with Image.open(source) as original:
        picture = add_noise(fill(original.convert("RGB"), long_side, short_side))
    if orientation in TURNED:
        picture = picture.transpose(TURNED[orientation])
    picture.save(target, "JPEG", quality=QUALITY, subsampling="4:2:0", icc_profile=profile,
                 exif=make_exif(orientation))


def prepare(folder):
    """The paths of the photographs in folder, made there if they are not yet."""
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(PROFILED) as profiled:
        display_p3 = profiled.info["icc_profile"]
    paths = []
    for name in AS_THEY_ARE:
        paths.append(folder / name)
        if not paths[-1].exists():
            shutil.copyfile(BACKGROUNDS / name, paths[-1])
    for name, long_side, short_side, orientation, is_p3 in MADE:
        paths.append(folder / Path(name).name)
        if not paths[-1].exists():
            unfinished = paths[-1].with_suffix(".part")
            make(BACKGROUNDS / name, unfinished, long_side, short_side, orientation,
                 display_p3 if is_p3 else None)
            unfinished.rename(paths[-1])
    return sorted(paths)
