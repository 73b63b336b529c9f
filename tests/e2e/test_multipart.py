"""Large files in parts: by a plain HTTP client straight to the store, whatever goes wrong on the way."""

import contextlib
import hashlib
import socket
import struct
import threading
import time
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import requests

import pictures
from client import Client, File, check_problem, put, sha256
from edge import Gateway, Line, Service
from stack import eventually

MIB = 1 << 20
LEAST = 64 * MIB  # from here on parts are taken


def film(size):
    """A video that plays, with so many bytes: the rest is a box that players skip. No two parts are alike."""
    clip = pictures.committed("clip.mp4").body
    rest = size - len(clip)
    filler = hashlib.shake_256(uuid.uuid4().bytes).digest(MIB)
    blocks = b"".join(struct.pack(">Q", i) + filler[8:] for i in range(rest // MIB + 1))
    return File(f"film-{uuid.uuid4().hex[:8]}.mp4", "video/mp4",
                clip + struct.pack(">I4s", rest, b"free") + blocks[:rest - 8])


@pytest.fixture(scope="module")
def small_film():
    """As few bytes as can come in parts; all tests but one send these."""
    return film(LEAST + 1)


class Upload:
    """One file on its way, as a client sees it that knows nothing but its file and the media's id."""

    def __init__(self, client, file, media_id=None):
        self.client, self.file = client, file
        if media_id is None:
            created = client.create(file, multipart=True)
            assert "upload" not in created
            media_id = created["media"]["id"]
        self.id = media_id
        self.plan = self.stored()["multipart"]

    def part(self, number):
        at = (number - 1) * self.plan["part_size"]
        return self.file.body[at:at + self.plan["part_size"]]

    def numbers(self):
        return range(1, self.plan["parts"] + 1)

    def sign(self, numbers, **options):
        body = {"parts": [{"number": number, "sha256": sha256(self.part(number))} for number in numbers]}
        return self.client.request("POST", f"/api/media/{self.id}/parts", json=body, **options)

    def signed(self, numbers):
        response = self.sign(numbers)
        assert response.status_code == 200, response.text
        parts = response.json()["parts"]
        assert [part["number"] for part in parts] == list(numbers)
        return parts

    def stored(self):
        response = self.client.request("GET", f"/api/media/{self.id}/parts")
        assert response.status_code == 200, response.text
        return response.json()

    def there(self):
        return {part["number"]: part["size"] for part in self.stored()["parts"]}

    def send(self, numbers):
        """Four at a time."""
        def send_one(part):
            stored = put(part, self.part(part["number"]))
            assert stored.status_code == 200, stored.text
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send_one, self.signed(numbers)))

    def send_all(self):
        self.send(self.numbers())
        return self

    def finalize(self, **options):
        return self.client.finalize(self.id, **options)


def uploads_under_way(stack, media_id):
    """What S3 itself lists."""
    found = []
    for page in stack.s3().get_paginator("list_multipart_uploads").paginate(Bucket=stack.bucket):
        found += [upload["UploadId"] for upload in page.get("Uploads", []) if media_id in upload["Key"]]
    return found


def row(stack, media_id):
    """(object_key, upload_id, part_size_bytes)"""
    return stack.sql("select object_key, upload_id, part_size_bytes from media.media where id = %s", media_id)[0]


def finalized_messages(stack, media_id):
    return stack.sql("select count(*) from media.outbox where subject = %s and topic = 'media.finalized'",
                     media_id)[0][0]


def bytes_of(url):
    digest = hashlib.sha256()
    with requests.get(url, stream=True, timeout=60) as response:
        assert response.status_code == 200
        for block in response.iter_content(MIB):
            digest.update(block)
    return digest.hexdigest()


def break_off(part, body):
    """Half of a part, then the connection is gone."""
    url = urllib.parse.urlsplit(part["url"])
    lines = [f"PUT {url.path}?{url.query} HTTP/1.1", f"host: {url.netloc}"]
    lines += [f"{name}: {value}" for name, value in part["headers"].items()]
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body[:len(body) // 2])


# --- the whole way ---

@pytest.mark.smoke
def test_200_mb_in_parallel_parts_with_a_break_and_a_second_client(newcomer, stack):
    """One part breaks off, then the client loses everything; another one goes on and ends it."""
    file = film(200_000_000)
    first = Upload(newcomer, file)
    assert first.plan["parts"] == 12 and first.plan["part_size"] == 16 * MIB
    assert first.there() == {}
    first.send([12, 1, 5, 2])
    broken, = first.signed([3])
    break_off(broken, first.part(3))
    problem = check_problem(first.finalize(), 409, "media_id")
    assert problem["detail"] == "part 3 of 12 was not uploaded yet"
    media_id = first.id
    del first

    again = Client(newcomer.url, newcomer.http.headers["authorization"].removeprefix("Bearer "))
    waiting, = again.request("GET", "/api/media", params={"state": "created"}).json()["items"]
    assert waiting["id"] == media_id and waiting["sha256"] == sha256(file.body)
    second = Upload(again, file, media_id)
    there = second.there()
    assert there == {1: 16 * MIB, 2: 16 * MIB, 5: 16 * MIB, 12: 200_000_000 - 11 * 16 * MIB}
    second.send([number for number in second.numbers() if number not in there])
    assert second.finalize().status_code == 200
    media = again.wait(media_id)
    assert media["state"] == "ready" and media["duration_ms"] > 0, media
    assert [rendition["name"] for rendition in media["renditions"]] == ["preview", "large"]
    assert bytes_of(media["download"]["url"]) == sha256(file.body)
    assert uploads_under_way(stack, media_id) == []
    check_problem(second.sign([1]), 409, "id")
    assert again.finalize(media_id).status_code == 200
    assert finalized_messages(stack, media_id) == 1


@pytest.mark.parametrize("wrong", ["bytes", "longer", "shorter", "checksum header", "number", "upload", "signature"])
def test_the_store_takes_only_the_part_that_was_signed(newcomer, small_film, wrong):
    upload = Upload(newcomer, small_film)
    part, = upload.signed([1])
    body, headers = upload.part(1), {}
    if wrong == "bytes":
        body = bytes([body[0] ^ 1]) + body[1:]
    elif wrong == "longer":
        body, headers = body + b"!", {"content-length": str(len(body) + 1)}
    elif wrong == "shorter":
        body, headers = body[:-1], {"content-length": str(len(body) - 1)}
    elif wrong == "checksum header":
        headers = {"x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}
    elif wrong == "number":
        part = {**part, "url": part["url"].replace("partNumber=1", "partNumber=2")}
    elif wrong == "upload":
        other, = Upload(newcomer, small_film).signed([1])
        ids = [urllib.parse.parse_qs(urllib.parse.urlsplit(p["url"]).query)["uploadId"][0] for p in (part, other)]
        part = {**part, "url": part["url"].replace(*map(urllib.parse.quote, ids))}
    elif wrong == "signature":
        part = {**part, "url": part["url"][:-4] + "0000"}
    assert put(part, body, **headers).status_code in (400, 403)
    assert upload.there() == {}
    check_problem(upload.finalize(), 409, "media_id")


def test_a_whole_with_another_checksum_never_becomes_ready(newcomer, small_film):
    """Each part is right by its own checksum; the thumbnailer reads the whole."""
    upload = Upload(newcomer, small_film._replace(body=small_film.body[:-1] + b"!"))
    media_id = newcomer.create(small_film, multipart=True)["media"]["id"]
    upload.id = media_id
    upload.send_all()
    assert newcomer.finalize(media_id).status_code == 200
    media = newcomer.wait(media_id)
    assert (media["state"], media["reject_reason"]) == ("rejected", "checksum_mismatch")
    newcomer.delete(upload.id)


def test_what_is_announced_and_asked_for_wrongly(newcomer, small_film, stack):
    small = pictures.committed("clip.mp4")
    check_problem(newcomer.announce(small, multipart=True), 400, "multipart")
    check_problem(newcomer.announce(small, multipart=True, size=LEAST - 1), 400, "multipart")
    check_problem(newcomer.announce(small, multipart="yes", size=LEAST), 400, "multipart")
    check_problem(newcomer.announce(small, multipart=True, size=50 * 1024 * MIB + 1), 400, "size")
    newcomer.delete(newcomer.create(small, multipart=True, size=50 * 1024 * MIB)["media"]["id"])
    plain = newcomer.create(small)["media"]["id"]
    check_problem(newcomer.request("GET", f"/api/media/{plain}/parts"), 409, "id")
    upload = Upload(newcomer, small_film)
    for number in (0, -1, 6, 10**30):
        body = {"parts": [{"number": number, "sha256": "0" * 64}]}
        check_problem(newcomer.request("POST", f"/api/media/{upload.id}/parts", json=body), 400)
    assert row(stack, upload.id)[1] is None and uploads_under_way(stack, upload.id) == []


def test_a_stranger_learns_nothing(newcomer, stranger, small_film):
    upload = Upload(newcomer, small_film)
    upload.send([1])
    path = f"/api/media/{upload.id}/parts"
    body = {"parts": [{"number": 1, "sha256": "0" * 64}]}
    check_problem(stranger.request("GET", path), 404)
    check_problem(stranger.request("POST", path, json=body), 404)
    check_problem(stranger.finalize(upload.id), 404)
    check_problem(stranger.delete(upload.id), 404)
    assert list(upload.there()) == [1]


# --- the same again, and at the same moment ---

def test_a_repeated_post_goes_on_with_the_same_upload(newcomer, small_film):
    key = str(uuid.uuid4())
    first = newcomer.announce(small_film, key, multipart=True).json()
    upload = Upload(newcomer, small_film, first["media"]["id"])
    upload.send([2])
    again = newcomer.announce(small_film, key, multipart=True)
    assert again.status_code == 201 and again.headers["idempotent-replayed"] == "true"
    assert again.json()["media"]["id"] == upload.id and again.json()["multipart"] == first["multipart"]
    assert list(upload.there()) == [2]


def at_once(count, call):
    start, answers = threading.Barrier(count), []

    def run():
        start.wait()
        answers.append(call())
    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_sixteen_begin_one_upload(newcomer, small_film, stack):
    upload = Upload(newcomer, small_film)
    headers = {"authorization": newcomer.http.headers["authorization"]}
    body = {"parts": [{"number": 5, "sha256": sha256(upload.part(5))}]}
    answers = at_once(16, lambda: requests.post(f"{newcomer.url}/api/media/{upload.id}/parts", json=body,
                                                headers=headers, timeout=30))
    assert {answer.status_code for answer in answers} == {200}
    assert uploads_under_way(stack, upload.id) == [row(stack, upload.id)[1]]
    for answer in answers:
        assert put(answer.json()["parts"][0], upload.part(5)).status_code == 200
    assert upload.there() == {5: 1}


def test_sixteen_finalize_at_once(newcomer, small_film, stack):
    upload = Upload(newcomer, small_film).send_all()
    headers = {"authorization": newcomer.http.headers["authorization"]}
    answers = at_once(16, lambda: requests.post(f"{newcomer.url}/api/media/finalize", json={"media_id": upload.id},
                                                headers=headers, timeout=60).status_code)
    assert answers == [200] * 16
    assert newcomer.wait(upload.id)["state"] == "ready"
    assert finalized_messages(stack, upload.id) == 1


# --- a store that is slow to make one object of the parts ---

@pytest.fixture(scope="module")
def slow(stack):
    """(gateway, line): further copies of gateway and media, and the line of that one to the store."""
    with Line(stack.env["PIERROT_S3_ENDPOINT"]) as line, Service(stack, "media", S3_ENDPOINT=line.url) as media, \
            Gateway(stack, MEDIA_URL=media.url) as gateway:
        yield gateway, line


@contextlib.contextmanager
def completing_slowly(line):
    line.hold, line.held = ("POST", "uploadId=", threading.Event()), 0
    try:
        yield line.hold[2]
    finally:
        line.hold[2].set()
        line.hold = None


def at(client, gateway):
    """The same account by way of another gateway."""
    return Client(gateway.url, client.http.headers["authorization"].removeprefix("Bearer "))


def still_at_it(answer):
    assert answer.status_code == 202, answer.text
    assert int(answer.headers["retry-after"]) > 0 and answer.json()["media"]["state"] == "created"
    assert 9 < answer.elapsed.total_seconds() < 15
    return True


def test_a_slow_store_is_waited_for_and_asked_once(newcomer, small_film, slow, stack):
    """Longer than anything between waits for one answer; nobody is told of a failure."""
    gateway, line = slow
    client = at(newcomer, gateway)
    upload = Upload(client, small_film).send_all()
    with completing_slowly(line) as let_go:
        assert still_at_it(upload.finalize())
        answers = at_once(3, lambda: at(newcomer, gateway).finalize(upload.id))
        assert all(map(still_at_it, answers))
        assert client.bring(pictures.small())["state"] == "ready"  # others need not wait
        assert line.held == 1
        last = ThreadPoolExecutor(1).submit(at(newcomer, gateway).finalize, upload.id)
        time.sleep(1)
        let_go.set()
        assert last.result().status_code == 200 and last.result().json()["media"]["state"] == "finalized"
    assert client.wait(upload.id)["state"] == "ready"
    assert finalized_messages(stack, upload.id) == 1


def test_it_goes_on_when_nobody_asks_any_more(newcomer, small_film, slow):
    gateway, line = slow
    upload = Upload(at(newcomer, gateway), small_film).send_all()
    with completing_slowly(line) as let_go:
        assert still_at_it(upload.finalize())
        let_go.set()
        assert newcomer.wait(upload.id)["state"] == "ready"


def test_a_slow_store_keeps_no_service_from_ending(newcomer, small_film, stack):
    with Line(stack.env["PIERROT_S3_ENDPOINT"]) as line, Service(stack, "media", S3_ENDPOINT=line.url) as media, \
            Gateway(stack, MEDIA_URL=media.url) as gateway, completing_slowly(line):
        upload = Upload(at(newcomer, gateway), small_film).send_all()
        assert still_at_it(upload.finalize())
        began = time.monotonic()
        media.popen.terminate()
        assert media.popen.wait(20) == 0 and time.monotonic() - began < 12
    upload.client = newcomer
    eventually(lambda: upload.finalize().status_code == 200, 30, 0.2, "it is finalized")
    assert newcomer.wait(upload.id)["state"] == "ready"


# --- SIGKILL ---

@pytest.mark.parametrize("delay_ms", [0, 15, 40, 100, 200, 400])
def test_media_is_killed_while_it_finalizes(newcomer, small_film, stack, delay_ms):
    """Before, while and after the store makes the object of its parts."""
    upload = Upload(newcomer, small_film).send_all()

    def finalize():
        with contextlib.suppress(requests.RequestException):
            upload.finalize()
    thread = threading.Thread(target=finalize)
    thread.start()
    time.sleep(delay_ms / 1000)
    stack.ctl("kill", "media")
    thread.join()
    ended_by_then = finalized_messages(stack, upload.id)
    stack.restart("media")
    eventually(lambda: stack.ready("media"), 30, 0.1, "media is ready")
    eventually(lambda: upload.finalize().status_code == 200, 30, 0.2, "it is finalized")
    assert newcomer.wait(upload.id)["state"] == "ready"
    assert finalized_messages(stack, upload.id) == 1 >= ended_by_then
    assert uploads_under_way(stack, upload.id) == []


def test_media_is_killed_between_the_object_and_the_row(newcomer, small_film, stack):
    """The store is through; the commit waits for a lock that the test holds."""
    upload = Upload(newcomer, small_film).send_all()
    key = row(stack, upload.id)[0]

    def finalize():
        with contextlib.suppress(requests.RequestException):
            upload.finalize()
    thread = threading.Thread(target=finalize)
    with stack_holds(stack, upload.id):
        thread.start()
        eventually(lambda: key in stack.objects(key), 30, 0.02, "the object is there")
        eventually(lambda: waits_for_the_row(stack), 10, 0.01, "the commit waits")
        stack.ctl("kill", "media")
        stack.sql("select pg_terminate_backend(pid) from pg_locks where not granted and pid <> pg_backend_pid()")
    thread.join()
    assert finalized_messages(stack, upload.id) == 0
    stack.restart("media")
    eventually(lambda: stack.ready("media"), 30, 0.1, "media is ready")
    assert upload.there() == {1: 16 * MIB, 2: 16 * MIB, 3: 16 * MIB, 4: 16 * MIB, 5: 1}  # in the object
    assert upload.finalize().status_code == 200
    assert newcomer.wait(upload.id)["state"] == "ready"
    assert finalized_messages(stack, upload.id) == 1


@contextlib.contextmanager
def stack_holds(stack, media_id):
    """The row, so that nobody can change it meanwhile."""
    with psycopg.connect(stack.env["PIERROT_DATABASE_URL"], connect_timeout=5) as connection:
        connection.execute("select from media.media where id = %s for update", (media_id,))
        yield
        connection.rollback()


def waits_for_the_row(stack):
    return stack.sql("select count(*) from pg_locks where not granted")[0][0] > 0


# --- the end of what was never finished ---

def run_late_jobs(stack, media_id):
    """Those that wait until every URL is dead; here the clock is turned in their rows."""
    assert stack.sql("update media.job set run_at = now() where subject = %s and state = 'waiting' returning id", media_id)
    eventually(lambda: not stack.sql("select 1 from media.job where subject = %s and state in ('waiting', 'ready', 'leased')",
                                     media_id), 30, 0.1, "its jobs are over")


def test_delete_leaves_nothing(newcomer, small_film, stack):
    upload = Upload(newcomer, small_film)
    upload.send([1, 2])
    key, upload_id, _ = row(stack, upload.id)
    late, = upload.signed([3])
    assert uploads_under_way(stack, upload.id) == [upload_id]
    assert newcomer.delete(upload.id).status_code == 204
    eventually(lambda: uploads_under_way(stack, upload.id) == [], 20, 0.1, "it is aborted")
    put(late, upload.part(3))  # stores differ in what they say to it
    stack.s3().create_multipart_upload(Bucket=stack.bucket, Key=key)  # as by one who began it just then
    run_late_jobs(stack, upload.id)
    assert uploads_under_way(stack, upload.id) == []
    assert stack.objects(key) == {}
    check_problem(newcomer.request("GET", f"/api/media/{upload.id}/parts"), 404)
    check_problem(upload.sign([1]), 404)
    check_problem(upload.finalize(), 404)


def test_aborts_are_tried_until_the_store_answers(newcomer, small_film, stack):
    upload = Upload(newcomer, small_film)
    upload.send([5])
    stack.ctl("kill", "s3")
    try:
        assert newcomer.delete(upload.id).status_code == 204
        eventually(lambda: stack.sql("select 1 from media.job where subject = %s and last_error is not null", upload.id),
                   20, 0.1, "the job has tried")
    finally:
        stack.restart("s3")
    eventually(lambda: uploads_under_way(stack, upload.id) == [], 60, 0.3, "it is aborted")
    eventually(lambda: stack.ready("media"), 30, 0.1, "media is ready")


def test_the_reaper_takes_what_was_never_finished(newcomer, small_film, stack):
    """A week and an hour after it was announced; here the clock is turned in the row."""
    upload, kept = Upload(newcomer, small_film), Upload(newcomer, small_film)
    for each in (upload, kept):
        each.send([5])
    days, = stack.sql("select extract(epoch from upload_expires_at - created_at) / 86400 from media.media "
                      "where id = %s", upload.id)[0]
    assert days == 7
    stack.sql("update media.media set upload_expires_at = now() - interval '50 minutes' where id = %s", kept.id)
    stack.sql("update media.media set upload_expires_at = now() - interval '61 minutes' where id = %s", upload.id)
    check_problem(kept.sign([1]), 410, "id")
    eventually(lambda: newcomer.fetch(upload.id).status_code == 404, 90, 0.5, "the row is reaped")
    eventually(lambda: uploads_under_way(stack, upload.id) == [], 30, 0.2, "its parts are")
    assert len(uploads_under_way(stack, kept.id)) == 1
    newcomer.delete(kept.id)
