"""Clients that mean harm, straight at a gateway's port: they are closed or told so, everybody else is served as if
nothing were, and memory comes back."""

import contextlib
import resource
import select
import socket
import time

import pytest
import requests

from edge import Gateway, talk
from stack import eventually

MANY = 10_000


@pytest.fixture(scope="module")
def gateway(stack):
    with Gateway(stack) as gateway:
        requests.get(gateway.url + "/healthz", timeout=5)
        yield gateway


@pytest.fixture(autouse=True)
def memory_returns(gateway):
    before = gateway.rss()
    yield
    eventually(lambda: gateway.rss() < before + (12 << 20), within=20, what="the memory is given back")


def connect(gateway, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", gateway.port), 10, source_address=(source, 0))


def others_are_served(gateway, times=20):
    """Newcomers from an address of their own, each on a new connection, without noticeable delay."""
    for _ in range(times):
        began = time.monotonic()
        with connect(gateway, "127.0.0.99") as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 2


def still_open(connections):
    """Those the gateway has not closed."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    return len(connections) - len(poll.poll(0))


@pytest.mark.parametrize("addresses", [1, 40])
def test_ten_thousand_idle_connections(gateway, addresses):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * MANY), hard))
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connect(gateway, f"127.0.1.{1 + i % addresses}")) for i in range(MANY)]
        others_are_served(gateway)
        kept = eventually(lambda: (n := still_open(idle)) <= 1024 and (n or 1), what="those beyond the limit are closed")
        if addresses == 1:
            assert kept <= 256
        others_are_served(gateway)
        eventually(lambda: still_open(idle) == 0, within=25, every=0.5, what="idle connections are closed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
                                   b"POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                   b"Content-Length: 1000\r\n\r\n{"])
def test_a_byte_a_second(gateway, start):
    """Two hundred at once; each is closed 10 s after its first byte, whatever still trickles."""
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connect(gateway)) for _ in range(200)]
        for connection in slow:
            connection.sendall(start)
        began = time.monotonic()
        while still_open(slow):
            assert time.monotonic() - began < 15
            for connection in slow:
                with contextlib.suppress(OSError):
                    connection.sendall(b"a")
            others_are_served(gateway, 1)
            time.sleep(0.5)
        assert time.monotonic() - began > 8


def test_a_million_headers(gateway):
    with connect(gateway) as connection:
        connection.settimeout(20)
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            for _ in range(1000):
                connection.sendall(b"X-Header: value\r\n" * 1000)
            connection.sendall(b"\r\n")
        with contextlib.suppress(OSError):
            answer = connection.recv(4096)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    others_are_served(gateway)


def test_one_endless_header(gateway):
    answer = talk(connect(gateway), b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * (8 << 20) + b"\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    others_are_served(gateway)


@pytest.mark.parametrize("garbage", [b"\0" * 4096, b"GET\r\n\r\n" * 100, bytes(range(256)) * 64,
                                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)])
def test_garbage_behind_a_request(gateway, garbage):
    answer = talk(connect(gateway), b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + garbage)
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses[0] == b"200" and all(status.startswith(b"4") for status in statuses[1:])
    others_are_served(gateway)


def test_a_reader_that_never_reads(gateway):
    """A thousand pipelined requests whose answers nobody takes: the connection goes, nobody waits for it."""
    with connect(gateway) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(2)
        with contextlib.suppress(OSError):
            for _ in range(1000):
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 10)
        others_are_served(gateway)
