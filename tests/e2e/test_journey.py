"""From bytes to thumbnails, for each kind of file."""

import base64
import io
import zlib

import pytest
import requests
from PIL import Image, ImageCms, ImageStat

import looks
import pictures
import thumbhash
from client import put, sha256

IMAGES = ["jpg", "png", "webp", "gif", "avif", "heic"]
VIDEOS = ["mp4", "mov", "webm"]
SMOKE = ["jpg", "webp", "mp4"]


def kinds(extensions):
    return [pytest.param(name, marks=pytest.mark.smoke) if name in SMOKE else name for name in extensions]


@pytest.mark.parametrize("extension", kinds(IMAGES + VIDEOS))
def test_every_kind(client, stack, extension):
    file = pictures.make(extension)
    media = client.bring(file)
    video = extension in VIDEOS
    width, height = (1280, 800) if video else (pictures.WIDTH, pictures.HEIGHT)

    for image in looks.check_renditions(media, width, height).values():
        looks.check_quarters(image)
    assert media["kind"] == ("video" if video else "image")
    assert media["degraded"] is False
    if video:
        assert abs(media["duration_ms"] - 2000) <= 150
    else:
        assert "duration_ms" not in media

    color, ratio = thumbhash.read(base64.b64decode(media["placeholder"]))
    average = [sum(channel) / 4 for channel in
               zip(pictures.RED, pictures.GREEN, pictures.BLUE, pictures.YELLOW)]
    assert looks.close(color, average, 16), (color, average)
    assert abs(ratio - width / height) < 0.3

    original = requests.get(media["download"]["url"], timeout=30)
    assert sha256(original.content) == sha256(file.body) == media["sha256"]
    assert original.headers["content-type"] == file.content_type
    assert file.name in original.headers["content-disposition"]
    assert original.headers["content-disposition"].startswith("attachment")
    assert stack.sql("select crc32 from media.media where id = %s", media["id"]) == [(zlib.crc32(file.body),)]
    kept = stack.sql("select r->>'name', (r->>'crc32')::bigint from media.media, jsonb_array_elements(renditions) r where id = %s",
                     media["id"])
    assert dict(kept) == {r["name"]: zlib.crc32(requests.get(r["url"], timeout=30).content) for r in media["renditions"]}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_upright(client, orientation):
    media = client.bring(pictures.rotated(orientation))
    for image in looks.check_renditions(media, 900, 600).values():
        looks.check_quarters(image)


@pytest.mark.parametrize("name", ["display-p3.jpg", "display-p3.png"])
def test_other_colours_become_srgb(client, name):
    file = pictures.committed(name)
    source = Image.open(io.BytesIO(file.body))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(source.info["icc_profile"]))
    wanted = ImageCms.profileToProfile(source.convert("RGB"), profile, ImageCms.createProfile("sRGB"))
    for image in looks.check_renditions(client.bring(file), *source.size).values():
        mean, reference = (ImageStat.Stat(i.convert("RGB")).mean for i in (image, wanted))
        assert looks.close(mean, reference, 4), (mean, reference)


@pytest.mark.parametrize("name", ["cmyk.jpg", "gray.jpg", "gray16.png", "palette.png", "progressive.jpg",
                                  "transparent.png", "animated.gif", "animated.webp", "camera.jpg",
                                  "sequence.avif"])
def test_less_common_pictures(client, name):
    file = pictures.committed(name)
    media = client.bring(file)
    looks.check_renditions(media, media["width"], media["height"])


def test_a_film_turned_by_its_metadata_is_upright(client):
    media = client.bring(pictures.committed("rotated.mp4"))
    for image in looks.check_renditions(media, media["width"], media["height"]).values():
        looks.check_quarters(image)


@pytest.mark.smoke
def test_what_the_api_answers(client):
    file = pictures.small()
    created = client.create(file)
    media, upload = created["media"], created["upload"]
    assert media["state"] == "created" and media["renditions"] == [] and "download" not in media
    assert (media["filename"], media["content_type"], media["size"], media["sha256"]) == \
        (file.name, file.content_type, len(file.body), sha256(file.body))
    assert upload["method"] == "PUT" and "X-Amz-Signature=" in upload["url"]
    assert client.media(media["id"])["state"] == "created"

    assert put(upload, file.body).status_code == 200
    finalized = client.finalize(media["id"]).json()["media"]
    assert finalized["state"] in ("finalized", "ready")
    ready = client.wait(media["id"])
    assert ready["state"] == "ready"
    same = ("id", "filename", "content_type", "size", "sha256", "created_at", "kind")
    assert {k: ready[k] for k in same} == {k: media[k] for k in same}
    assert ready["finalized_at"] >= ready["created_at"]


@pytest.mark.smoke
def test_names_survive(client):
    for name in ["Été à Zürich 日本 🌊.jpg", ".hidden.jpg", "a" * 251 + ".jpg", 'quo"te;%.jpg', "CON.jpg", "no extension"]:
        file = pictures.small()._replace(name=name)
        media = client.bring(file)
        assert media["filename"] == name
        assert looks.download(media["download"]["url"]) == file.body


def test_the_preview_is_in_the_cache(client, stack):
    media = client.bring(pictures.small(side=500))
    url = next(r["url"] for r in media["renditions"] if r["name"] == "preview")
    assert stack.redis().get(f"preview:{media['id']}") == looks.download(url)
