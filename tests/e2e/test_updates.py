"""What a page hears of its media as it happens: from every gateway, of its own alone, as long as it may."""

import json
import re
import socket
import subprocess
import threading
import time
import uuid

import pytest
import requests

import pictures
from client import Client, Person, check_problem, new_account
from edge import Front, Gateway, free_port
from stack import eventually


class Stream:
    """GET /api/updates, read by a thread."""

    def __init__(self, url, headers, **options):
        self.events, self.comments, self.retry, self.ended = [], 0, None, threading.Event()
        self.response = requests.get(url + "/api/updates", headers=headers, stream=True, timeout=60, **options)
        assert self.response.status_code == 200, self.response.text
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """As a browser that goes elsewhere."""
        try:
            self.response.raw._fp.fp.raw._sock.shutdown(socket.SHUT_RDWR)
        except (AttributeError, OSError):
            pass
        self.response.close()

    def _read(self):
        name = None
        try:
            for line in self.response.iter_lines(chunk_size=1, decode_unicode=True):
                field, _, value = line.partition(": ")
                if line.startswith(":"):
                    self.comments += 1
                elif field == "retry":
                    self.retry = int(value)
                elif field == "event":
                    name = value
                elif field == "data":
                    assert name == "media", name
                    self.events.append(json.loads(value))
        except (requests.RequestException, OSError, ValueError, AttributeError):
            pass
        self.ended.set()

    def of(self, media_id):
        """What was said of it; what is said twice counts once."""
        states = []
        for event in self.events:
            if event["id"] == media_id and event["state"] not in states:
                states.append(event["state"])
        return states


def bearer(client):
    return {"authorization": client.http.headers["authorization"]}


def listen(client, url=None):
    return Stream(url or client.url, bearer(client))


def broken():
    """Looks like a JPEG and is none."""
    file = pictures.small()
    return file._replace(body=file.body[:200] + bytes(2000))


@pytest.fixture(scope="module")
def second(stack):
    with Gateway(stack) as gateway:
        yield gateway


def open_streams(url):
    text = requests.get(url + "/metrics", timeout=10).text
    found = re.search(r"^pierrot_gateway_update_streams (\S+)$", text, re.M)
    return float(found.group(1)) if found else 0


def test_every_gateway_tells_the_owner_alone(stack, second, newcomer, stranger):
    with listen(newcomer) as here, listen(newcomer, second.url) as there, listen(stranger, second.url) as elses:
        assert here.response.headers["content-type"] == "text/event-stream"
        assert here.response.headers["x-accel-buffering"] == "no"
        good, bad = newcomer.bring(pictures.small())["id"], newcomer.upload(broken())
        assert newcomer.wait(bad)["state"] == "rejected"
        theirs = stranger.bring(pictures.small())["id"]
        assert newcomer.delete(good).status_code == 204
        for stream in (here, there):
            eventually(lambda: stream.of(good) == ["ready", "deleted"] and stream.of(bad) == ["rejected"])
            assert stream.retry == 2000
            reason, = {event["reason"] for event in stream.events if event["id"] == bad}
            assert reason == newcomer.media(bad)["reject_reason"]
            assert {event["id"] for event in stream.events} == {good, bad}
        eventually(lambda: elses.of(theirs) == ["ready"])
        assert {event["id"] for event in elses.events} == {theirs}


def test_many_streams_hear_of_many_photos(stack, second):
    """40 accounts with three streams each, at two gateways; every account hears all of its own, once each is ready."""
    clients = [new_account(stack) for _ in range(40)]
    streams = [[listen(client), listen(client, second.url), listen(client, second.url)] for client in clients]
    try:
        began = time.monotonic()
        ids = [[client.upload(pictures.small()) for _ in range(2)] for client in clients]
        for own, expected in zip(streams, ids):
            for stream in own:
                eventually(lambda: all(stream.of(media) == ["ready"] for media in expected), 60)
                assert {event["id"] for event in stream.events} == set(expected)
        print(f"{len(clients) * 6} updates told {time.monotonic() - began:.1f} s after the first upload began")
    finally:
        for own in streams:
            for stream in own:
                stream.close()
    eventually(lambda: open_streams(second.url) == 0, what="those who left are noticed")


def test_heartbeats(newcomer):
    with listen(newcomer) as stream:
        time.sleep(17)
        assert stream.comments >= 1 and not stream.ended.is_set()


@pytest.mark.parametrize("how", ["token revoked", "logged out", "disabled", "deleted"])
def test_a_stream_ends_with_its_credential(stack, second, how):
    """Within five seconds, also at a gateway that was not told. Other streams go on."""
    person = Person(stack)
    person.log_in()
    other = new_account(stack)
    cookie, = person.http.cookies
    token = person.make_token()
    headers = (bearer(Client(person.url, token["token"])) if how == "token revoked"
               else {"cookie": f"{cookie.name}={cookie.value}"})
    with Stream(second.url, headers) as stream, listen(other, second.url) as others:
        time.sleep(1)
        if how == "token revoked":
            assert person.request("DELETE", f"/api/tokens/{token['id']}").status_code == 204
        elif how == "logged out":
            assert person.request("DELETE", "/api/sessions/current").status_code == 204
        elif how == "deleted":
            assert person.request("DELETE", "/api/accounts/me").status_code == 204
        else:
            administrator = Client(stack.gateway_url, stack.token)
            assert administrator.request("PATCH", f"/api/accounts/{person.id}",
                                         json={"disabled": True}).status_code == 200
        began = time.monotonic()
        assert stream.ended.wait(5), "it is revoked, and hears still"
        print(f"{how}: ended after {time.monotonic() - began:.1f} s")
        again = requests.get(second.url + "/api/updates", headers=headers, timeout=10, stream=True)
        check_problem(again, 401)
        assert not others.ended.is_set()


def test_too_many_streams(newcomer):
    streams = [listen(newcomer) for _ in range(16)]
    try:
        refused = newcomer.request("GET", "/api/updates", stream=True)
        check_problem(refused, 429)
        assert refused.headers["retry-after"]
    finally:
        for stream in streams:
            stream.close()
    eventually(lambda: newcomer.request("GET", "/api/updates", stream=True).status_code == 200, 5,
               what="who left makes room")


def test_a_slow_reader_costs_little_and_is_cut(stack, newcomer):
    """It reads nothing while thousands of updates come: memory stays, others hear everything, and it is let go."""
    with Gateway(stack) as gateway:
        # Photos that are announced and deleted: an update each, and no work for the thumbnailer.
        announced = lambda n: [{"filename": "a.jpg", "content_type": "image/jpeg", "size": 10,
                                "sha256": uuid.uuid4().hex * 2} for _ in range(n)]
        slow = socket.create_connection(("127.0.0.1", gateway.port))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(f"GET /api/updates HTTP/1.1\r\nHost: a\r\nAuthorization: "
                     f"{newcomer.http.headers['authorization']}\r\n\r\n".encode())
        with listen(newcomer, gateway.url) as quick:
            before, ids = gateway.rss(), []
            for _ in range(2):
                batch = newcomer.request("POST", "/api/media/batch", json={"items": announced(500)}).json()["items"]
                ids += [item["media"]["id"] for item in batch]
            for media_id in ids:
                assert newcomer.delete(media_id).status_code == 204
            eventually(lambda: len({event["id"] for event in quick.events}) == len(ids), 30)
            print(f"{len(ids)} updates: {(gateway.rss() - before) / 1e3:.0f} kB more")
            assert gateway.rss() - before < 4e6
        slow.close()


def test_kafka_goes_and_comes_back(stack, second, newcomer):
    """Killed while streams are open: they stay, and hear what happens after. A gateway that starts meanwhile is no
    worse."""
    with listen(newcomer) as here, listen(newcomer, second.url) as there:
        first = newcomer.bring(pictures.small())["id"]
        for stream in (here, there):
            eventually(lambda: stream.of(first) == ["ready"])
        stack.ctl("kill", "kafka")
        uploaded = newcomer.upload(pictures.small())  # kept in the outbox
        time.sleep(2)
        stack.restart("kafka")
        assert newcomer.wait(uploaded)["state"] == "ready"
        for stream in (here, there):
            eventually(lambda: stream.of(uploaded) == ["ready"], 30)
            assert not stream.ended.is_set()


def test_a_gateway_that_starts_without_kafka(stack, newcomer):
    port = free_port()
    stack.ctl("kill", "kafka")
    try:
        env = {**stack.service_env("gateway"), "PIERROT_LISTEN": f"127.0.0.1:{port}"}
        with open(stack.log_path(f"gateway-{port}"), "wb") as log:
            own = subprocess.Popen([stack.executable("gateway"), "serve"], env=env, stdout=log)
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: alive(url), what="it answers")
        stream = listen(newcomer, url)
        time.sleep(1)
        assert not stream.ended.is_set()
    finally:
        stack.restart("kafka")
    try:
        # From the moment it reads, nothing may be missed: whoever listened before is sent to load his lists again.
        assert stream.ended.wait(30)
        with listen(newcomer, url) as stream:
            media = newcomer.bring(pictures.small())["id"]
            eventually(lambda: stream.of(media) == ["ready"], 30)
            # And at its end it does not wait for those who listen.
            began = time.monotonic()
            own.terminate()
            assert own.wait(15) == 0 and time.monotonic() - began < 10
            assert stream.ended.wait(5)
    finally:
        own.kill()


def alive(url):
    try:
        return requests.get(url + "/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def test_through_nginx(stack, newcomer):
    """At once, over HTTP/1.1 as over HTTP/2; and a client that leaves nginx has left the gateway."""
    port = free_port()
    with Gateway(stack, TRUSTED_PROXIES="127.0.0.1/32", PUBLIC_URL=f"https://localhost:{port}") as gateway, \
            Front(gateway.port, port=port) as front:
        with Stream(front.url, bearer(newcomer), verify=front.certificate) as stream:
            media = newcomer.bring(pictures.small())["id"]
            eventually(lambda: stream.of(media) == ["ready"], 5)
        eventually(lambda: open_streams(gateway.url) == 0, 5)


def test_idle_gateway_is_small(stack):
    with Gateway(stack) as gateway:
        time.sleep(8)
        print(f"idle: {gateway.rss() / 1e6:.1f} MB")
        assert gateway.rss() < 15e6
