"""The photos of a guest's code as one ZIP archive: whole, in part, resumed, broken off, many at once."""

import concurrent.futures
import io
import pathlib
import random
import socket
import subprocess
import uuid
import zipfile
from urllib.parse import urlsplit

import pytest
import requests

import pictures
from client import check_problem, new_account, put, sha256
from edge import Gateway
from stack import eventually

NAMES = ["beach.jpg", "beach.jpg", "Été à Sète 🏖.jpg", "con.jpg", ".hidden.png", "BEACH.JPG"]
UNPACKED = ["beach.jpg", "beach (2).jpg", "Été à Sète 🏖.jpg", "_con.jpg", "_hidden.png", "BEACH (3).JPG"]


class Shoot:
    """An event with photos, and a guest who may have them all."""

    def __init__(self, stack, **event):
        self.owner = new_account(stack)
        response = self.owner.request("POST", "/api/events", json={"name": "Anna & Ben “2026”"} | event)
        assert response.status_code == 201, response.text
        self.event = response.json()["event"]
        self.files = []
        self.token = self.base = None

    def upload(self, file):
        made = self.owner.create(file, event_id=self.event["id"])
        assert put(made["upload"], file.body).status_code == 200
        assert self.owner.finalize(made["media"]["id"]).status_code == 200
        self.files.append(file)
        return made["media"]["id"]

    def add(self, files):
        return [self.owner.wait(media_id)["id"] for media_id in [self.upload(file) for file in files]]

    def enter(self, **code):
        made = self.owner.request("POST", f"/api/events/{self.event['id']}/codes",
                                  json={"label": "Anna"} | (code or {"all": True})).json()["code"]
        account, slug = urlsplit(self.event["public_url"]).path.strip("/").split("/")
        self.base = f"{self.owner.url}/api/guest/{account}/{slug}"
        answer = requests.post(self.base + "/access", json={"access_code": made["access_code"]}, timeout=30)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["token"]
        return made

    def ask(self, method="GET", path="/zip", headers=None, **options):
        return requests.request(method, self.base + path, timeout=120, **options,
                                headers={"authorization": f"Bearer {self.token}"} | (headers or {}))

    def downloads(self):
        codes = self.owner.request("GET", f"/api/events/{self.event['id']}/codes").json()["items"]
        return [code["downloads"] for code in codes]


@pytest.fixture(scope="module")
def shoot(stack):
    shoot = Shoot(stack)
    files = [pictures.noisy(seed, 200) for seed in range(len(NAMES))]
    shoot.ids = shoot.add([file._replace(name=name) for file, name in zip(files, NAMES)])
    shoot.enter()
    return shoot


def check_archive(body, files, names=None):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert archive.testzip() is None
        assert names is None or archive.namelist() == names
        assert [sha256(archive.read(info)) for info in archive.infolist()] == [sha256(file.body) for file in files]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())


def test_all_of_them(shoot, tmp_path):
    before = shoot.downloads()
    answer = shoot.ask()
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="Anna & Ben _2026_.zip"; '
        "filename*=UTF-8''Anna%20%26%20Ben%20%E2%80%9C2026%E2%80%9D.zip")
    check_archive(answer.content, shoot.files, UNPACKED)
    assert shoot.downloads() == [before[0] + 1]
    path = tmp_path / "all.zip"
    path.write_bytes(answer.content)
    subprocess.run(["unzip", "-t", "-q", path], check=True)
    subprocess.run(["unzip", "-q", path, "-d", tmp_path / "out"], check=True, env={"LC_ALL": "C.UTF-8"})
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(UNPACKED)
    subprocess.run(["7z", "t", path], check=True, stdout=subprocess.DEVNULL)


def test_the_same_bytes_each_time(shoot):
    one, two = shoot.ask(), shoot.ask()
    assert one.content == two.content
    assert one.headers["etag"] == two.headers["etag"]
    assert one.headers["etag"].startswith('"')


def test_some_of_them(shoot):
    answer = shoot.ask(params={"ids": f"{shoot.ids[2]},{shoot.ids[0]}"})
    check_archive(answer.content, [shoot.files[0], shoot.files[2]], [UNPACKED[0], UNPACKED[2]])
    assert answer.headers["etag"] != shoot.ask("HEAD").headers["etag"]


def test_ids_that_are_wrong(shoot):
    for ids in ("", "x", shoot.ids[0] + ",", ",".join([shoot.ids[0]] * 201)):
        check_problem(shoot.ask(params={"ids": ids}), 400, "ids")
    check_problem(shoot.ask(params={"ids": f"{shoot.ids[0]},{uuid.uuid4()}"}), 404)
    check_problem(shoot.ask(params={"ids": f"{shoot.ids[0]},{shoot.ids[0]}"}), 404)


def choose(shoot, ids, **options):
    return shoot.ask("POST", "/selections", json={"ids": ids}, **options)


def test_a_selection_is_an_archive_of_its_own(shoot):
    """The same one as of the ids, and as long as the code opens its photos; of another code it is nothing."""
    made = choose(shoot, shoot.ids[3:0:-1])
    assert made.status_code == 201, made.text
    selection = made.json()["selection"]
    assert choose(shoot, shoot.ids[1:4]).json()["selection"] == selection
    url = shoot.base.split("/api/")[0] + selection["zip_url"]
    whole = requests.get(url, headers={"authorization": f"Bearer {shoot.token}"}, timeout=30)
    check_archive(whole.content, shoot.files[1:4])
    same = shoot.ask("HEAD", params={"ids": ",".join(shoot.ids[1:4])})
    assert whole.headers["etag"] == same.headers["etag"]
    part = shoot.ask(params={"selection": selection["id"]}, headers={"range": "bytes=1000-", "if-range": same.headers["etag"]})
    assert part.status_code == 206 and part.content == whole.content[1000:]
    before, code = shoot.token, shoot.enter(media_ids=shoot.ids[:3])
    check_problem(shoot.ask(params={"selection": selection["id"]}), 404)
    check_problem(choose(shoot, shoot.ids[1:4]), 404)
    own = choose(shoot, shoot.ids[1:3]).json()["selection"]["id"]
    assert shoot.ask("HEAD", params={"selection": own}).status_code == 200
    codes = f"/api/events/{shoot.event['id']}/codes/{code['id']}"
    assert shoot.owner.request("PATCH", codes, json={"remove": [shoot.ids[1]]}).status_code == 200
    check_problem(shoot.ask(params={"selection": own}), 404)
    assert shoot.owner.request("DELETE", codes).status_code == 204
    shoot.token = before


def test_selections_that_are_wrong(shoot):
    for ids in ([], ["x"], [shoot.ids[0]] * 2, [str(uuid.uuid4()) for _ in range(10_001)]):
        check_problem(choose(shoot, ids), 400, "ids")
    check_problem(choose(shoot, [str(uuid.uuid4()) for _ in range(10_000)]), 404)  # as many, and so large, as can be
    check_problem(shoot.ask(params={"selection": "x"}), 400, "selection")
    check_problem(shoot.ask(params={"selection": str(uuid.uuid4())}), 404)
    check_problem(shoot.ask(params={"selection": str(uuid.uuid4()), "ids": shoot.ids[0]}), 400, "selection")


def test_a_page_of_another_origin_resumes_it(stack, shoot):
    whole, page = shoot.ask(), {"origin": "https://app.example"}
    with Gateway(stack, CORS_ORIGINS="https://app.example") as gateway:
        url = shoot.base.replace(shoot.owner.url, gateway.url) + "/zip"
        asked = requests.options(url, timeout=10, headers={**page, "access-control-request-method": "GET",
                                                           "access-control-request-headers": "authorization,if-range,range"})
        assert {"authorization", "if-range", "range"} <= set(asked.headers["access-control-allow-headers"].split(", "))
        rest = requests.get(url, timeout=30, headers={**page, "authorization": f"Bearer {shoot.token}", "range": "bytes=1000-",
                                                      "if-range": whole.headers["etag"]})
    assert rest.status_code == 206 and rest.content == whole.content[1000:]
    assert rest.headers["access-control-allow-origin"] == "https://app.example"
    told = {"etag", "accept-ranges", "content-range", "content-disposition"}
    assert told <= set(rest.headers["access-control-expose-headers"].split(", "))
    assert told <= {name.lower() for name in rest.headers}


def test_head_and_conditions(shoot):
    before = shoot.downloads()
    head = shoot.ask("HEAD")
    etag, size = head.headers["etag"], int(head.headers["content-length"])
    assert head.status_code == 200 and head.content == b"" and head.headers["accept-ranges"] == "bytes"
    assert shoot.ask("HEAD", headers={"range": "bytes=5-"}).status_code == 200
    same = shoot.ask(headers={"if-none-match": f'"other", W/{etag}'})
    assert same.status_code == 304 and same.headers["etag"] == etag and same.content == b""
    beyond = shoot.ask(headers={"range": f"bytes={size}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{size}"
    for headers in ({"range": "bytes=0-1,5-6"}, {"range": "bytes=9-", "if-range": '"other"'},
                    {"range": "bytes=9-", "if-range": "W/" + etag}, {"range": "lines=1-2"}):
        whole = shoot.ask(headers=headers)
        assert whole.status_code == 200 and len(whole.content) == size, headers
    part = shoot.ask(headers={"range": "bytes=-10", "if-range": etag})
    assert part.status_code == 206 and part.headers["content-range"] == f"bytes {size - 10}-{size - 1}/{size}"
    assert shoot.downloads()[0] - before[0] == 4  # the whole ones


def test_any_part(shoot):
    whole = shoot.ask().content
    before = shoot.downloads()
    chance = random.Random(7)
    places = [(0, 0), (0, len(whole) - 1), (len(whole) - 1, len(whole) - 1)]
    places += [tuple(sorted(chance.sample(range(len(whole)), 2))) for _ in range(40)]
    for first, last in places:
        part = shoot.ask(headers={"range": f"bytes={first}-{last}"})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(whole)}"
        assert part.content == whole[first:last + 1], (first, last)
    assert shoot.downloads() == [before[0] + 1]  # the one of all bytes


def test_resume_what_broke_off(shoot):
    whole = shoot.ask()
    chance = random.Random(8)
    for _ in range(5):
        got, etag = b"", None
        while len(got) < len(whole.content):
            headers = {"range": f"bytes={len(got)}-", "if-range": etag} if etag else {}
            with shoot.ask(headers=headers, stream=True) as answer:
                assert answer.status_code == (206 if etag else 200)
                etag = answer.headers["etag"]
                upto = chance.randrange(1, 700_000)
                for piece in answer.iter_content(8192):
                    got += piece
                    upto -= len(piece)
                    if upto <= 0:
                        break
        assert got == whole.content


def test_curl_goes_on(shoot, tmp_path):
    path = tmp_path / "all.zip"
    curl = ["curl", "-sS", "-f", "-H", f"authorization: Bearer {shoot.token}", "-o", path, shoot.base + "/zip"]
    whole = shoot.ask().content
    path.write_bytes(whole[:300_001])
    subprocess.run(curl + ["-C", "-"], check=True)
    assert path.read_bytes() == whole


def read_slowly(shoot):
    """The answer's head, and a socket with small buffers on which the rest waits."""
    url = urlsplit(shoot.base)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((url.hostname, url.port))
    sock.sendall(f"GET {url.path}/zip HTTP/1.1\r\nhost: {url.netloc}\r\n"
                 f"authorization: Bearer {shoot.token}\r\n\r\n".encode())
    sock.settimeout(60)
    head = b""
    while b"\r\n\r\n" not in head:
        head += sock.recv(512)
    head, rest = head.split(b"\r\n\r\n", 1)
    size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return sock, size, len(rest)


def drain(sock):
    n = 0
    try:
        while piece := sock.recv(1 << 20):
            n += len(piece)
    except ConnectionError:
        pass
    return n


def streams(stack):
    text = requests.get(stack.url("media") + "/metrics", timeout=10).text
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith("pierrot_zip_streams")), 0)


@pytest.fixture
def large(stack):
    """More than all buffers between the store and a guest hold."""
    shoot = Shoot(stack)
    shoot.ids = shoot.add([pictures.noisy(100 + seed, 4000) for seed in range(12)])
    shoot.enter()
    return shoot


def test_photo_deleted_meanwhile_breaks_it_off(stack, large):
    sock, size, got = read_slowly(large)
    large.owner.delete(large.ids[-1])
    key = large.event["prefix"] + large.ids[-1]
    eventually(lambda: not stack.objects(key), what="the object to be gone")
    assert got + drain(sock) < size
    answer = large.ask()
    check_archive(answer.content, large.files[:-1])


def test_object_that_is_another_breaks_it_off(stack, large):
    key = next(o for o in stack.objects(large.event["prefix"] + large.ids[5]) if ".renditions" not in o)
    body = bytearray(large.files[5].body)
    body[-1] ^= 1  # as long, but another CRC-32
    for other in (bytes(body), large.files[5].body[:-1], large.files[5].body + b"x"):
        stack.s3().put_object(Bucket=stack.bucket, Key=key, Body=other)
        with pytest.raises(requests.exceptions.RequestException):
            assert shoot_content_is_short(large)
    stack.s3().put_object(Bucket=stack.bucket, Key=key, Body=large.files[5].body)


def shoot_content_is_short(shoot):
    answer = shoot.ask()
    return len(answer.content) == int(answer.headers["content-length"])


def test_guest_who_leaves_stops_it(stack, large):
    before = streams(stack)
    sock, _, _ = read_slowly(large)
    eventually(lambda: streams(stack) == before + 1, what="the stream to run")
    sock.close()
    eventually(lambda: streams(stack) == before, what="the stream to end")


def test_looking_only(stack):
    shoot = Shoot(stack, download=False)
    shoot.add([pictures.small()])
    shoot.enter()
    check_problem(shoot.ask(), 403)


def test_no_photos_and_no_token(stack):
    shoot = Shoot(stack)
    shoot.enter()
    check_problem(shoot.ask(), 404)
    shoot.token = "prg_" + "A" * 48
    check_problem(shoot.ask(), 401)


def test_large_renditions_instead_of_originals(stack):
    shoot = Shoot(stack, originals=False)
    ids = shoot.add([pictures.make("png"), pictures.make("mp4")])
    shoot.enter()
    with zipfile.ZipFile(io.BytesIO(shoot.ask().content)) as archive:
        assert archive.testzip() is None
        image, film = archive.infolist()
        assert image.filename.endswith(".jpg")
        kept = {r["name"]: r["url"] for r in shoot.owner.media(ids[0])["renditions"]}
        assert archive.read(image) == requests.get(kept["large"], timeout=30).content
        assert archive.read(film) == shoot.files[1].body


def rss(stack):
    status = pathlib.Path(f"/proc/{stack.pid('media')}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def test_twenty_at_once_in_little_memory(stack, large):
    expected = sha256(large.ask().content)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        before, peak = rss(stack), 0
        answers = [pool.submit(lambda: sha256(large.ask().content)) for _ in range(20)]
        while not all(answer.done() for answer in answers):
            peak = max(peak, rss(stack))
    assert {answer.result() for answer in answers} == {expected}
    assert peak - before < 16, (before, peak)
