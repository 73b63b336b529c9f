"""Files made to hurt: each is rejected with a reason, the service lives, its neighbours do not notice."""

import pytest

import looks
import pictures
from client import File

HOSTILE = pictures.hostile()


@pytest.fixture(autouse=True)
def same_process(stack):
    pid = stack.pid("thumbnailer")
    yield
    assert stack.pid("thumbnailer") == pid, "the service restarted"


@pytest.mark.parametrize("name", HOSTILE)
def test_rejected_with_a_reason(client, name):
    content_type, body, reasons = HOSTILE[name]
    media = client.wait(client.upload(File(name, content_type, body)), within=30)
    assert media["state"] == "rejected", media
    assert media["reject_reason"] in reasons
    assert media["renditions"] == []


def test_neighbours_are_ready(client):
    """All at once, good ones among them."""
    ids = {}
    for name, (content_type, body, _) in HOSTILE.items():
        ids[client.upload(File(name, content_type, body))] = "rejected"
        ids[client.upload(pictures.small())] = "ready"
    assert {media_id: client.wait(media_id, within=60)["state"] for media_id in ids} == ids


def test_the_same_verdict_every_time(client):
    content_type, body, _ = HOSTILE["gif-garbage"]
    reasons = {client.wait(client.upload(File("again.gif", content_type, body)))["reject_reason"] for _ in range(3)}
    assert len(reasons) == 1


@pytest.mark.smoke
@pytest.mark.parametrize("name", ["truncated.jpg", "truncated.png"])
def test_a_cut_file_is_shown_as_far_as_it_goes(client, name):
    media = client.bring(pictures.committed(name))
    assert media["degraded"] is True
    looks.check_renditions(media, media["width"], media["height"])


def test_a_film_without_a_picture(client):
    media = client.wait(client.upload(pictures.committed("sound.mp4")))
    assert (media["state"], media["reject_reason"]) == ("rejected", "no_video_frame")


def test_one_pixel(client):
    body = pictures.encode(pictures.quarters(2, 2).crop((0, 0, 1, 1)), "PNG")
    media = client.bring(File("pixel.png", "image/png", body))
    looks.check_renditions(media, 1, 1)


@pytest.mark.parametrize("size", [(20000, 1), (1, 20000), (8000, 8000)])
def test_odd_sizes(client, size):
    body = pictures.encode(pictures.quarters(*size), "PNG")
    looks.check_renditions(client.bring(File("odd.png", "image/png", body)), *size)
