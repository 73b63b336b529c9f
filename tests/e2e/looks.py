"""What a rendition must be: upright, sRGB, the right size, and nothing but a picture."""

import io
import json
import os
import subprocess
import tempfile

import requests
from PIL import Image

from pictures import BLUE, GREEN, RED, YELLOW

# What exiftool tells of any file, without there being metadata in it.
STRUCTURE = {"SourceFile", "ExifTool", "File", "Composite"}
WEBP_STRUCTURE = {"VP8Version", "HorizontalScale", "VerticalScale", "ImageWidth", "ImageHeight",
                  "WebP_Flags", "AlphaPreprocessing", "AlphaFiltering", "AlphaCompression", "AlphaIsUsed"}
JFIF_STRUCTURE = {"JFIFVersion", "ResolutionUnit", "XResolution", "YResolution"}


def download(url):
    response = requests.get(url, timeout=30)
    assert response.status_code == 200, response.text[:500]
    return response.content


def metadata(body):
    """What exiftool finds beyond the structure of the file: must be empty."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        done = subprocess.run(["exiftool", "-j", "-G", "-a", "-u", "-ee", file.name], check=True,
                              capture_output=True, env={**os.environ, "LC_ALL": "C"})
    found = {}
    for tag, value in json.loads(done.stdout)[0].items():
        group, _, name = tag.partition(":")
        if group in STRUCTURE or (group, name in WEBP_STRUCTURE) == ("RIFF", True) or \
                (group, name in JFIF_STRUCTURE) == ("JFIF", True):
            continue
        found[tag] = value
    return found


def fitted(width, height, side):
    """As large as fits, never larger than it was."""
    factor = min(1, side / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor))


def close(color, wanted, tolerance=24):
    return all(abs(a - b) <= tolerance for a, b in zip(color, wanted))


def check_quarters(image):
    image = image.convert("RGB")
    w, h = image.size
    at = {(1, 1): RED, (3, 1): GREEN, (1, 3): BLUE, (3, 3): YELLOW}
    for (x, y), wanted in at.items():
        color = image.getpixel((w * x // 4, h * y // 4))
        assert close(color, wanted), f"at {x}/4, {y}/4: {color}, not {wanted}"


def check_renditions(media, width, height):
    """Sizes, types, metadata; the pictures by name."""
    assert (media["width"], media["height"]) == (width, height)
    images = {}
    for rendition in media["renditions"]:
        body = download(rendition["url"])
        assert metadata(body) == {}, rendition["name"]
        image = images[rendition["name"]] = Image.open(io.BytesIO(body))
        image.load()
        assert image.size == (rendition["width"], rendition["height"])
        assert not {"icc_profile", "exif", "xmp"} & image.info.keys()
    assert set(images) == {"preview", "large"}
    for name, side, form, content_type in (("preview", 320, "WEBP", "image/webp"),
                                           ("large", 1600, "JPEG", "image/jpeg")):
        wanted, size = fitted(width, height, side), images[name].size
        assert max(abs(a - b) for a, b in zip(size, wanted)) <= 1 and max(size) == max(wanted), (name, size, wanted)
        assert images[name].format == form
        assert [r["content_type"] for r in media["renditions"] if r["name"] == name] == [content_type]
    return images
