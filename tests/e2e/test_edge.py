"""The gateway behind nginx as deploy/edge has it: TLS, HTTP/2, real addresses, limits; and requests whose framing two
readers could read differently, through nginx and straight to the gateway."""

import collections
import gzip
import json
import os
import socket
import subprocess
import tempfile
import time

import pytest
from requests import Session

from client import new_account
from edge import Front, Gateway, Recorder, Service, free_port, talk, wait_until_quiet


@pytest.fixture(scope="module")
def recorder():
    with Recorder() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def gateway(stack, recorder):
    """It trusts its front; behind it is no media service but the recorder."""
    port = free_port()
    with Gateway(stack, MEDIA_URL=recorder.url, TRUSTED_PROXIES="127.0.0.1/32",
                 PUBLIC_URL=f"https://localhost:{port}") as gateway:
        gateway.front_port = port
        yield gateway


@pytest.fixture(scope="module")
def front(gateway):
    with Front(gateway.port, port=gateway.front_port) as front:
        yield front


def curl(front, path, *options):
    """Status, protocol, {header: value}, body."""
    with tempfile.NamedTemporaryFile() as head, tempfile.NamedTemporaryFile() as body:
        done = subprocess.run(
            ["curl", "-s", "--cacert", front.certificate, "--resolve", f"localhost:{front.port}:127.0.0.1",
             "-D", head.name, "-o", body.name, "-w", "%{http_code} %{http_version}", *options, front.url + path],
            capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        status, protocol = done.stdout.split()
        lines = head.read().decode().splitlines()
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        return int(status), protocol, headers, body.read()


def bearer(stack):
    return f"Authorization: Bearer {stack.token}"


# --- the way in ---

def test_http2_outside_http1_inside(stack, front, recorder):
    status, protocol, headers, body = curl(front, "/api/media/one?x=1", "--http2", "-H", bearer(stack))
    assert (status, protocol, body) == (200, "2", b"{}")
    assert headers["strict-transport-security"]
    method, path, sent, _ = recorder.seen[-1]
    assert (method, path) == ("GET", "/media/one?x=1")
    names = [name for name, _ in sent]
    assert "x-pierrot-identity" in names and len(names) == len(set(names))
    assert not {"authorization", "cookie", "x-forwarded-for", "connection"} & set(names)


def test_the_gateway_offers_no_http2(stack, gateway):
    """Neither by prior knowledge nor by upgrade."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9)
    assert talk(socket.create_connection(("127.0.0.1", gateway.port)), preface).startswith((b"HTTP/1.1 4", b""))
    answer = talk(socket.create_connection(("127.0.0.1", gateway.port)),
                  b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                  b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


def test_plain_http_is_sent_on(front):
    answer = talk(socket.create_connection(("127.0.0.1", front.plain_port)),
                  b"GET /login?a=b HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 308")
    assert f"Location: {front.url}/login?a=b".encode() in answer


def test_other_names_are_not_answered(front):
    other = subprocess.run(["curl", "-sk", "--resolve", f"other.example:{front.port}:127.0.0.1",
                            f"https://other.example:{front.port}/"], capture_output=True, timeout=20)
    assert other.returncode != 0 and other.stdout == b""
    assert talk(socket.create_connection(("127.0.0.1", front.plain_port)),
                b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n") == b""


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/debug/vars"])
def test_what_operators_look_at_is_not_public(front, path):
    assert curl(front, path)[0] == 404
    assert curl(front, "/%2e/" + path[1:])[0] == 404


def test_client_addresses(stack, gateway, front):
    """The client's real address is the one that counts, whatever the client itself claims."""
    curl(front, "/api/media/address", "-H", bearer(stack), "-H", "X-Forwarded-For: 203.0.113.9",
         "-H", "Forwarded: for=203.0.113.10")
    talk(socket.create_connection(("127.0.0.1", gateway.port)),
         b"GET /api/media/told HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7, 127.0.0.1\r\n\r\n")
    clients = {line["path"]: line["client"] for line in gateway.lines() if line.get("msg") == "request"}
    assert clients["/api/media/address"] == "127.0.0.1"
    assert clients["/api/media/told"] == "198.51.100.7"


def test_json_is_compressed(stack, front, recorder):
    recorder.answer = json.dumps({"items": ["a photo"] * 500}).encode()
    try:
        _, _, headers, body = curl(front, "/api/media", "-H", bearer(stack), "-H", "Accept-Encoding: gzip")
    finally:
        answer, recorder.answer = recorder.answer, b"{}"
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == answer and len(body) < len(answer) / 10


def test_large_bodies_stop_at_the_head(stack, front, recorder):
    """Neither nginx nor the gateway waits for a byte of them."""
    seen = len(recorder.seen)
    head = f"POST /api/media HTTP/1.1\r\nHost: localhost\r\n{bearer(stack)}\r\nContent-Length: 10000000\r\n\r\n"
    assert talk(front.connect(), head.encode()).startswith(b"HTTP/1.1 413")
    assert len(recorder.seen) == seen


@pytest.mark.parametrize("path, size", [("media/batch", 250_000), ("events/one/codes", 250_000), ("events/one/codes/two", 250_000),
                                        ("guest/anna/wedding/selections", 500_000)])
def test_long_lists_come_through(stack, front, recorder, tmp_path, path, size):
    body = tmp_path / "body"
    body.write_text('"' + "x" * size + '"')
    status, *_ = curl(front, "/api/" + path, "--data-binary", f"@{body}", "-H", "Content-Type: application/json", "-H", bearer(stack))
    assert status == 200


def test_slow_requests_end_at_nginx(front, gateway):
    """Headers and bodies a byte at a time: closed, and the gateway never heard of them."""
    before = len(gateway.lines())
    slow = [front.connect() for _ in range(3)]
    slow[0].sendall(b"GET / HT")
    slow[1].sendall(b"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    began = time.monotonic()
    for connection in slow:
        connection.settimeout(20)
        while connection.recv(4096):
            pass
        connection.close()
    assert 5 < time.monotonic() - began < 15
    assert not [line for line in gateway.lines()[before:] if line.get("path") == "/api/sessions"]


# --- framing ---

INNER = "GET /api/media/smuggled-{n} HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n\r\n"


def post(n, auth, headers, body):
    return (f"POST /api/media/outer-{n} HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n"
            f"Content-Type: application/json\r\n{headers}\r\n\r\n{body}")


# name: (headers, body; {inner} is the request to be smuggled, {length} its length), and how many requests the bytes
# are by RFC 9112: 0 when they must be refused, 1 when the inner one is body, 2 when it follows on, None when any will do.
FRAMINGS = {
    "length alone": ("Content-Length: {length}", "{inner}", 1),
    "chunks alone": ("Transfer-Encoding: chunked", "{hex}\r\n{inner}\r\n0\r\n\r\n", 1),
    "two after each other": ("Content-Length: 2", "{{}}{inner}", 2),
    "length 0, then another": ("Content-Length: 0", "{inner}", 2),
    "length and chunks": ("Content-Length: {length}\r\nTransfer-Encoding: chunked", "0\r\n\r\n{inner}", 0),
    "chunks and length": ("Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n{inner}", 0),
    "two lengths": ("Content-Length: 0\r\nContent-Length: {length}", "{inner}", 0),
    "two lengths, the larger first": ("Content-Length: {length}\r\nContent-Length: 0", "{inner}", 0),
    "the same length twice": ("Content-Length: {length}\r\nContent-Length: {length}", "{inner}", 0),
    "a list of lengths": ("Content-Length: 0, {length}", "{inner}", 0),
    "a length with a sign": ("Content-Length: +{length}", "{inner}", 0),
    "a negative length": ("Content-Length: -1", "{inner}", 0),
    "a hexadecimal length": ("Content-Length: 0x10", "{inner}", 0),
    "a length beyond 64 bits": ("Content-Length: 18446744073709551616", "{inner}", 0),
    "an empty length": ("Content-Length:", "{inner}", 0),
    "a folded length": ("Content-Length:\r\n {length}", "{inner}", 0),
    "a folded encoding": ("Transfer-Encoding:\r\n chunked", "0\r\n\r\n{inner}", 0),
    "a fold before the length": ("X-Note: a\r\n Content-Length: 0\r\nContent-Length: {length}", "{inner}", 0),
    "a blank before the colon": ("Content-Length : {length}", "{inner}", 0),
    "a blank before the encoding's colon": ("Transfer-Encoding : chunked", "0\r\n\r\n{inner}", 0),
    "a tab before the encoding's colon": ("Transfer-Encoding\t: chunked\r\nContent-Length: 5", "0\r\n\r\n{inner}", 0),
    "an unknown encoding": ("Transfer-Encoding: xchunked", "0\r\n\r\n{inner}", 0),
    "an encoding in quotes": ("Transfer-Encoding: \"chunked\"", "0\r\n\r\n{inner}", 0),
    "encodings in a list": ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n{inner}", 0),
    "encodings twice": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n{inner}", 0),
    "identity": ("Transfer-Encoding: identity\r\nContent-Length: {length}", "{inner}", 0),
    "a chunk's size beyond 64 bits": ("Transfer-Encoding: chunked", "10000000000000002\r\n{{}}\r\n0\r\n\r\n{inner}", 0),
    "a chunk's size with a sign": ("Transfer-Encoding: chunked", "+2\r\n{{}}\r\n0\r\n\r\n{inner}", 0),
    # h2o reads a last chunk with an extension, and what follows as trailers and a request: odd, but nobody else reads it.
    "a chunk's size in 0x": ("Transfer-Encoding: chunked", "0x2\r\n{{}}\r\n0\r\n\r\n{inner}", None),
    "a chunk longer than its size": ("Transfer-Encoding: chunked", "1\r\n{{}}\r\n0\r\n\r\n{inner}", 0),
    "a zero byte in the encoding": ("Transfer-Encoding: chunked\0", "0\r\n\r\n{inner}", 0),
    "a vertical tab in the encoding": ("Transfer-Encoding: \x0bchunked", "0\r\n\r\n{inner}", 0),
    "a bare return in a value": ("X-Note: a\rContent-Length: 0\r\nContent-Length: {length}", "{inner}", 0),
}


@pytest.mark.parametrize("way", ["through nginx", "straight"])
def test_framing(stack, gateway, front, recorder, way):
    """Each service sees exactly the requests the gateway saw, and never one that was meant as a body."""
    wait_until_quiet(recorder, gateway)
    first_seen, first_line = len(recorder.seen), len(gateway.lines())
    for n, (name, (headers, body, _)) in enumerate(FRAMINGS.items()):
        inner = INNER.format(n=f"{way[0]}{n}", auth=bearer(stack))
        values = {"inner": inner, "length": len(inner), "hex": f"{len(inner):x}"}
        request = post(f"{way[0]}{n}", bearer(stack), headers.format(**values), body.format(**values))
        connection = front.connect() if way == "through nginx" else socket.create_connection(("127.0.0.1",
                                                                                              gateway.port))
        talk(connection, request.encode("latin-1"), within=1.5)
    wait_until_quiet(recorder, gateway)
    seen = [(method, path) for method, path, _, _ in recorder.seen[first_seen:]]
    logged = [(line["method"], line["path"].removeprefix("/api")) for line in gateway.lines()[first_line:]
              if line.get("msg") == "request" and line["status"] == 200]
    assert recorder.broken == []
    assert collections.Counter(seen) == collections.Counter(logged)
    faults = []
    for n, (name, (headers, body, requests)) in enumerate(FRAMINGS.items()):
        outer = ("POST", f"/media/outer-{way[0]}{n}") in seen
        smuggled = ("GET", f"/media/smuggled-{way[0]}{n}") in seen
        allowed = {0: [(False, False)], 1: [(True, False)], 2: [(True, True), (True, False)],
                   None: [(False, False), (True, False), (True, True)]}[requests]
        if way == "through nginx" and requests == 0:
            # nginx may make sense of what it can, and write it anew: one request, its own reading of it.
            allowed.append((True, False))
        if (outer, smuggled) not in allowed:
            faults.append((name, outer, smuggled))
    assert faults == []


# --- long answers ---

def test_a_long_answer_streams(stack, gateway, front, recorder):
    """300 MB through both, in constant memory, nothing on disk."""
    recorder.answer = bytes(1 << 20) * 300
    before = gateway.rss()
    try:
        began = time.monotonic()
        with tempfile.NamedTemporaryFile() as to:
            done = subprocess.Popen(["curl", "-s", "--cacert", front.certificate, "--limit-rate", "150M",
                                     "--resolve", f"localhost:{front.port}:127.0.0.1", "-H", bearer(stack),
                                     "-o", to.name, front.url + "/api/media/long"])
            largest = 0
            while done.poll() is None:
                largest = max(largest, gateway.rss())
                time.sleep(0.05)
            assert done.returncode == 0 and os.path.getsize(to.name) == len(recorder.answer)
        assert time.monotonic() - began > 1, "it was meant to be held back by its reader"
    finally:
        recorder.answer = b"{}"
    assert largest - before < 8 << 20


# --- guests ---

def test_a_guest_over_tls(stack):
    """The cookie is for TLS alone, for his event alone, and the gateway knows it by its longer name."""
    owner, port = new_account(stack), free_port()
    event = owner.request("POST", "/api/events", json={"name": "Wedding"}).json()["event"]
    code = owner.request("POST", f"/api/events/{event['id']}/codes", json={"label": "Anna", "all": True}).json()["code"]
    place = "/api/guest/" + event["public_url"].split("/", 3)[3]
    with Service(stack, "media", PUBLIC_URL=f"https://localhost:{port}") as media, \
            Gateway(stack, MEDIA_URL=media.url, TRUSTED_PROXIES="127.0.0.1/32", PUBLIC_URL=f"https://localhost:{port}") as gateway, \
            Front(gateway.port, port=port) as front, Session() as browser:
        def ask(method, path="", **options):
            return browser.request(method, front.url + place + path, verify=front.certificate, timeout=10, **options)
        entered = ask("POST", "/access", json={"access_code": code["access_code"]})
        name, *attributes = entered.headers["set-cookie"].split("; ")
        assert name == "__Secure-pierrot_guest=" + entered.json()["token"]
        assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path={place}"} < set(attributes)
        assert ask("GET").json()["label"] == "Anna"
        left = ask("DELETE", "/access")
        assert left.status_code == 204 and left.headers["set-cookie"].startswith("__Secure-pierrot_guest=; ")
        assert ask("GET").status_code == 401
        # What a page without TLS could have set in its place:
        assert ask("GET", headers={"cookie": "pierrot_guest=" + entered.json()["token"]}).status_code == 401
