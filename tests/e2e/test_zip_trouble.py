"""Archives on their way, and what becomes of them when their code, their photos or the store go: second copies of media
and gateway, whose download URLs live for ten seconds, and between media and the store a line that can be cut."""

import threading
import time

import pytest
import urllib3

import pictures
from client import check_problem, new_account
from edge import Gateway, Line, Service, is_ready
from stack import eventually
from test_events import turn_clock
from test_multipart import film
from test_zip import Shoot, check_archive, read_slowly

TTL_S = 10
FILM_BYTES = 60_000_000  # many times what lies between the store and a guest
PIECE = 65536


@pytest.fixture(scope="module")
def line(stack):
    with Line(stack.env["PIERROT_S3_ENDPOINT"]) as line:
        yield line


@pytest.fixture(scope="module")
def gateway(stack, line):
    with Service(stack, "media", S3_ENDPOINT=line.url, DOWNLOAD_TTL_S=str(TTL_S)) as media, \
            Gateway(stack, MEDIA_URL=media.url) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def owner(stack):
    """Of a long film in the library."""
    owner = new_account(stack)
    owner.film = film(FILM_BYTES)
    owner.film_id = owner.bring(owner.film)["id"]
    return owner


class Show(Shoot):
    """The film between two photos of the event's own; its guests come by way of the second gateway."""

    def __init__(self, owner, gateway):
        self.owner, self.files = owner, []
        self.event = owner.request("POST", "/api/events", json={"name": "Show"}).json()["event"]
        linked = owner.request("PUT", f"/api/events/{self.event['id']}/media", json={"media_ids": [owner.film_id]})
        assert linked.json() == {"linked": 1}
        self.ids = [owner.film_id] + self.add([pictures.noisy(i, 50) for i in range(2)])
        self.files.insert(0, owner.film)
        self.code = self.enter()
        self.base = self.base.replace(owner.url, gateway.url)

    def change_code(self, **members):
        return self.owner.request("PATCH", f"/api/events/{self.event['id']}/codes/{self.code['id']}", json=members)

    def change(self, **members):
        return self.owner.request("PATCH", f"/api/events/{self.event['id']}", json=members)


class Download(threading.Thread):
    """All of it, at some 2 MB a second."""

    def __init__(self, show):
        super().__init__(daemon=True)
        self.show, self.body, self.size, self.ended_at, self.broken = show, bytearray(), None, None, None
        self.start()

    def run(self):
        try:
            with self.show.ask(stream=True) as answer:
                self.size = int(answer.headers["content-length"])
                while piece := answer.raw.read(PIECE):
                    self.body += piece
                    time.sleep(PIECE / 2e6)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            self.broken = error
        self.ended_at = time.monotonic()


def test_who_may_not_go_on_is_broken_off_in_the_middle_of_an_object(owner, gateway, stack):
    """Within the life of a download URL; what came too is no harm."""
    def unlink(show):
        return owner.request("DELETE", f"/api/events/{show.event['id']}/media/{show.ids[1]}")

    def add_and_relabel(show):
        show.add([pictures.noisy(9, 50)])
        return show.change_code(label="Ben")
    changes = {
        "revoked": lambda show: show.change_code(revoked=True),
        "another set": lambda show: show.change_code(all=False, media_ids=show.ids[:2]),
        "photo deleted": lambda show: owner.delete(show.ids[2]),
        "photo unlinked": unlink,
        "looking only": lambda show: show.change(download=False),
        "other files": lambda show: show.change(originals=False),
        "event deleted": lambda show: owner.request("DELETE", f"/api/events/{show.event['id']}"),
        "event expired": lambda show: turn_clock(stack, show.event["id"], 604801),
        "more": add_and_relabel,
    }
    shows = {name: Show(owner, gateway) for name in changes}
    downloads = {name: Download(show) for name, show in shows.items()}
    eventually(lambda: all(download.body for download in downloads.values()), what="all run")
    began = time.monotonic()
    for name, change in changes.items():
        answer = change(shows[name])
        assert answer is None or answer.status_code in (200, 204), (name, answer.text)
    for name, download in downloads.items():
        download.join(60)
        took = download.ended_at - began
        print(f"{name}: {len(download.body)} of {download.size} bytes, after {took:.1f} s")
        if name == "more":
            check_archive(bytes(download.body), shows[name].files[:3])
        else:
            assert download.broken and len(download.body) < FILM_BYTES and took < TTL_S + 10, name  # what lies between is read too


def test_the_65th_is_told_to_wait_until_a_guest_leaves_unless_he_has_another_code(owner, gateway):
    show, another = Show(owner, gateway), Show(owner, gateway)
    guests = []
    try:
        for _ in range(64):
            guests.append(read_slowly(show)[0])
        answer = show.ask()
        problem = check_problem(answer, 503)
        assert show.downloads() == [64]
        assert "archives" in problem["detail"] and int(answer.headers["retry-after"]) > 0
        assert show.ask("HEAD").status_code == 200
        assert show.ask(path="").status_code == 200 and is_ready(gateway.url)  # nothing else waits for archives
        guests.pop(3).close()
        eventually(lambda: show.ask(headers={"range": "bytes=0-9"}).status_code == 206, what="his place is free")
        guests.append(read_slowly(show)[0])
        check_problem(show.ask(), 503)
        assert another.ask(headers={"range": "bytes=0-9"}).status_code == 206  # in the place of one of the many
    finally:
        for guest in guests:
            guest.close()


def test_a_store_that_hangs_up_is_asked_for_the_rest(owner, gateway, line):
    show = Show(owner, gateway)
    before = line.cuts
    line.cut_after = 7_000_001
    try:
        check_archive(show.ask().content, show.files)
        assert line.cuts - before >= FILM_BYTES // line.cut_after
        part = show.ask(headers={"range": f"bytes=5000000-{FILM_BYTES - 1}"})
        assert part.status_code == 206
    finally:
        line.cut_after = None
    assert part.content == show.ask().content[5000000:FILM_BYTES]


def test_a_store_that_stays_away_ends_it(owner, gateway, line):
    """After three times without a byte; a guest who comes back when the store does goes on where he was."""
    show = Show(owner, gateway)
    whole = show.ask().content
    line.cut_after, before = 9_000_000, line.cuts
    download = Download(show)
    eventually(lambda: line.cuts > before, what="the first cut")
    line.cut_after = 0
    try:
        download.join(60)
    finally:
        line.cut_after = None
    got = bytes(download.body)
    assert download.broken and 0 < len(got) < FILM_BYTES
    rest = show.ask(headers={"range": f"bytes={len(got)}-"})
    assert rest.status_code == 206 and got + rest.content == whole
