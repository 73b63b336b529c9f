"""Bad input gets 4xx problem details that name the field; nobody gets at what is not theirs."""

import base64
import hashlib
import hmac
import json
import socket
import time
import urllib.parse
import uuid

import pytest
import requests

import pictures
from client import Client, check_problem

FILE = pictures.small(7)


@pytest.mark.parametrize("change, field", [
    ({"content_type": "image/svg+xml"}, "content_type"),
    ({"content_type": "text/html"}, "content_type"),
    ({"content_type": "image/jpeg; charset=x"}, "content_type"),
    ({"content_type": ""}, "content_type"),
    ({"content_type": None}, "content_type"),
    ({"content_type": 7}, "content_type"),
    ({"size": 0}, "size"),
    ({"size": -1}, "size"),
    ({"size": 2**28 + 1}, "size"),
    ({"size": 2**62}, "size"),
    ({"size": 1.5}, "size"),
    ({"size": "12"}, "size"),
    ({"size": True}, "size"),
    ({"size": None}, "size"),
    ({"sha256": "0" * 63}, "sha256"),
    ({"sha256": "0" * 65}, "sha256"),
    ({"sha256": "g" * 64}, "sha256"),
    ({"sha256": ""}, "sha256"),
    ({"sha256": None}, "sha256"),
    ({"filename": ""}, "filename"),
    ({"filename": "../etc/passwd"}, "filename"),
    ({"filename": "/absolute.jpg"}, "filename"),
    ({"filename": "a\\b.jpg"}, "filename"),
    ({"filename": ".."}, "filename"),
    ({"filename": "a\nb.jpg"}, "filename"),
    ({"filename": "a\u007fb.jpg"}, "filename"),
    ({"filename": "a\u0085b.jpg"}, "filename"),
    ({"filename": "a" * 256}, "filename"),
    ({"filename": "é" * 128}, "filename"),
    ({"filename": ["a.jpg"]}, "filename"),
    ({"filename": None}, "filename"),
], ids=lambda value: json.dumps(value)[:40])
def test_announcements(client, change, field):
    check_problem(client.announce(FILE, **change), 400, field)


def test_a_video_may_be_larger_than_an_image(client):
    created = client.create(FILE, content_type="video/mp4", filename="a.mp4", size=2**28 + 1)
    assert client.delete(created["media"]["id"]).status_code == 204
    check_problem(client.announce(FILE, content_type="video/mp4", size=5 * 2**30 + 1), 400, "multipart")
    check_problem(client.announce(FILE, content_type="video/mp4", size=50 * 2**30 + 1), 400, "size")


def valid_json():
    return json.dumps({"filename": "a.jpg", "content_type": "image/jpeg", "size": 1, "sha256": "0" * 64})


@pytest.mark.parametrize("path", ["/api/media", "/api/media/finalize"])
@pytest.mark.parametrize("body", [
    b"", b"{", b"null", b"[]", b'"text"', b"12", b"{} {}", b"{'a': 1}", b"\x00", b'{"a": 1e999}',
    b'{"filename": "a.jpg", "filename": "b.jpg"}',
    b'{"filename": "\xff\xfe.jpg", "media_id": "\xff"}',
    b'{"filename": "\\ud800.jpg", "media_id": "\\ud800"}',
    b'{"filename": "a\\u0000.jpg", "media_id": "\\u0000"}',
    b"\xef\xbb\xbf{}",
    valid_json().encode("utf-16"),
    b"[" * 10000 + b"]" * 10000,
    b'{"a":' * 10000 + b"1" + b"}" * 10000,
], ids=lambda value: repr(value[:24]) if isinstance(value, bytes) else value)
def test_what_is_no_json_object(client, path, body):
    response = client.request("POST", path, data=body, headers={"content-type": "application/json"})
    # Nested 10,000 deep with names is larger than any body may be.
    check_problem(response, 413 if len(body) > 16384 else 400)
    assert response.json()["field"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_bodies_of_another_type(client, content_type):
    response = client.request("POST", "/api/media", data=valid_json().encode(),
                              headers={"content-type": content_type})
    check_problem(response, 415)


def test_a_hundred_megabytes_of_json_are_refused_at_once(client, stack):
    """By their length, and when they say none: the connection is cut long before they are all sent."""
    def pieces():
        for _ in range(100):
            yield b" " * 1_000_000
    before = resident_kb(stack)
    for body in (b"{" + b" " * 100_000_000 + b"}", pieces()):
        began = time.monotonic()
        try:
            check_problem(client.request("POST", "/api/media", data=body,
                                         headers={"content-type": "application/json"}), 413)
        except requests.ConnectionError:
            pass  # cut while we were still sending
        assert time.monotonic() - began < 5
    assert resident_kb(stack) - before < 8000
    assert client.request("GET", "/api/media", params={"limit": 1}).status_code == 200


def resident_kb(stack):
    with open(f"/proc/{stack.pid('gateway')}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


NOT_UUIDS = ["1", "not-a-uuid", "0192f0c1-7a00-7000-8000-00000000000", "0192f0c1-7a00-7000-8000-00000000000g",
             "{0192f0c1-7a00-7000-8000-000000000001}", "%00", "%ff", "a" * 3000, "..%2f..%2fhealthz", "' or 1=1 --"]


@pytest.mark.parametrize("text", NOT_UUIDS, ids=lambda text: text[:20])
def test_an_id_that_is_no_uuid(client, text):
    for method in ("GET", "DELETE"):
        response = client.request(method, "/api/media/" + urllib.parse.quote(text, safe="%"))
        # What cannot be decoded is no id yet.
        undecodable = any(part in text for part in ("%00", "%ff", "%2f"))
        check_problem(response, 400, "path" if undecodable else "id")
    # JSON with U+0000 in a text is refused as a whole.
    check_problem(client.finalize(urllib.parse.unquote(text, errors="replace")), 400,
                  "body" if text == "%00" else "media_id")


def test_ids_of_nobody(client):
    for media_id in (str(uuid.uuid4()), str(uuid.UUID(int=0))):
        check_problem(client.fetch(media_id), 404)
        check_problem(client.delete(media_id), 404)
        check_problem(client.finalize(media_id), 404)


def test_somebody_elses_id_is_an_unknown_one(client, stranger):
    media_id = client.bring(pictures.small())["id"]
    unknown = stranger.fetch(str(uuid.uuid4())).json()
    answer = check_problem(stranger.fetch(media_id), 404)
    assert {**answer, "request_id": ""} == {**unknown, "request_id": ""}
    check_problem(stranger.delete(media_id), 404)
    check_problem(stranger.finalize(media_id), 404)
    assert all(media_id != item["id"] for page in stranger.pages() for item in page)
    assert client.media(media_id)["state"] == "ready"


@pytest.mark.parametrize("query, field", [
    ("limit=0", "limit"), ("limit=101", "limit"), ("limit=ten", "limit"), ("limit=-1", "limit"), ("limit=", "limit"),
    ("limit=1.5", "limit"), ("limit=99999999999999999999", "limit"), ("state=deleted", "state"), ("state=", "state"),
    ("state=READY", "state"), ("kind=audio", "kind"), ("cursor=!", "cursor"), ("cursor=abc", "cursor"),
    ("cursor=" + "A" * 500, "cursor"), ("cursor=%00", "query"),
])
def test_lists(client, query, field):
    check_problem(client.request("GET", "/api/media?" + query), 400, field)


@pytest.mark.parametrize("method, path", [
    ("PUT", "/api/media"), ("PATCH", "/api/media"), ("DELETE", "/api/media"), ("GET", "/api/media/finalize"),
    ("POST", "/api/media/0192f0c1-7a00-7000-8000-000000000001"), ("POST", "/healthz"),
])
def test_methods(client, method, path):
    response = client.request(method, path)
    if path == "/api/media/finalize":
        check_problem(response, 400 if response.status_code == 400 else 405)  # "finalize" is no UUID either
        return
    check_problem(response, 405)
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/nothing", "/index.html", "/api", "/api/", "/api/nothing", "/media", "/api/media/", "/api/mediax",
                                  "/api/media/a/b", "/assets/nothing", "/%2e%2e/etc/passwd", "//api/media", "/anna/a/b",
                                  "/anna/", "/An/a"])
def test_unknown_paths(client, path):
    response = client.request("GET", path)
    check_problem(response, 400 if response.status_code == 400 else 404)


@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer ", "Bearer prt_", "Bearer prt_" + "A" * 43, "Bearer prt_" + "A" * 42, "Basic YTpi",
    "prt_" + "A" * 43, "Bearer prt_" + "é" * 21, "Bearer " + "A" * 5000,
], ids=lambda value: str(value)[:24])
def test_without_a_token(stack, authorization):
    headers = {} if authorization is None else {"authorization": authorization.encode("utf-8")}
    anybody = Client(stack.gateway_url, None)
    for method, path in (("GET", "/api/media"), ("POST", "/api/media"), ("GET", f"/api/media/{uuid.uuid4()}"),
                         ("DELETE", f"/api/media/{uuid.uuid4()}"), ("POST", "/api/media/finalize")):
        check_problem(anybody.request(method, path, headers=headers), 401)


def sign_identity(secret, account, expires_ms, name="somebody", role="user", version="1"):
    payload = f"{version}|{account}|{name}|free|{role}|{expires_ms}".encode()
    signature = hmac.new(secret, payload, hashlib.sha256).digest()

    def text(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return text(payload) + "." + text(signature)


def test_media_trusts_only_the_gateways_signature(client, stack):
    """Straight at the service, as somebody inside the network could."""
    secret = bytes.fromhex(stack.service_env("media")["PIERROT_IDENTITY_SECRET"])
    owner = stack.sql("select owner_id from media.media limit 1")[0][0] if stack.sql("select 1 from media.media limit 1") \
        else uuid.uuid4()
    soon = int(time.time() * 1000) + 30000

    def ask(identity):
        headers = {} if identity is None else {"x-pierrot-identity": identity}
        return requests.get(stack.url("media") + "/media", headers=headers, timeout=10)
    good = sign_identity(secret, owner, soon)
    assert ask(good).status_code == 200
    payload, signature = good.split(".")
    for bad in (None, "", ".", "x", payload, payload + ".", "." + signature, good[:-2], good + "A", good + "=",
                sign_identity(b"x" * 32, owner, soon),
                sign_identity(secret, owner, soon - 40000),
                sign_identity(secret, owner, soon, version="2"),
                sign_identity(secret, "not-a-uuid", soon),
                sign_identity(secret, owner, soon, role="god"),
                sign_identity(secret, uuid.uuid4(), soon).split(".")[0] + "." + signature):
        check_problem(ask(bad), 401)
    check_problem(requests.get(stack.url("media") + "/media", timeout=10,
                               headers={"authorization": f"Bearer {stack.token}"}), 401)


def test_a_clients_own_identity_header_is_dropped(client, stack, stranger):
    secret = bytes.fromhex(stack.service_env("media")["PIERROT_IDENTITY_SECRET"])
    media_id = client.bring(pictures.small())["id"]
    owner, = stack.sql("select owner_id from media.media where id = %s", media_id)[0]
    forged = {"x-pierrot-identity": sign_identity(secret, owner, int(time.time() * 1000) + 30000)}
    check_problem(stranger.request("GET", f"/api/media/{media_id}", headers=forged), 404)
    check_problem(requests.get(client.url + f"/api/media/{media_id}", headers=forged, timeout=10), 401)


@pytest.mark.parametrize("raw", [
    b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", b"GET /api/media HTTP/9.9\r\nhost: a\r\n\r\n",
    b"POST /api/media HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    b"POST /api/media HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /api/media HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 100000 + b"\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00",
], ids=["no host", "nonsense", "version", "negative length", "two lengths", "huge header", "tls"])
def test_broken_http_breaks_nothing(client, stack, raw):
    host, port = stack.gateway_url.removeprefix("http://").split(":")
    pid = stack.pid("gateway")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    assert answer == b"" or answer.split(b" ")[1][:1] in (b"4", b"5"), answer[:200]
    assert stack.pid("gateway") == pid
    assert client.request("GET", "/api/media", params={"limit": 1}).status_code == 200
