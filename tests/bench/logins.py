"""1,000 logins at once, and what everybody else feels of it.

A gateway of its own, without limits, so that every password is really hashed. Each login goes out on a connection of its own, all in
the same instant; who is told to come again later (503, Retry-After) does, until he is in. Meanwhile and before, a client with a token asks for
something small, 100 times a second, and each answer is timed."""

import asyncio
import http.client
import json
import multiprocessing
import time

from edge import Gateway

LOGINS = 1000
EVERY_S = 0.01
BEFORE_S = 5
ACCOUNT = {"email": "flood@example.org", "name": "flood", "password": "correct horse battery"}
OFF = "0"


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def ask(port, token, stop, answers):
    """The client with a token: (when, ms) of each answer, until told to stop."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    timed, due = [], time.monotonic()
    while not stop.is_set():
        began = time.monotonic()
        connection.request("GET", "/api/tokens", headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
        timed.append((began, (time.monotonic() - began) * 1e3))
        due = max(due + EVERY_S, time.monotonic())
        time.sleep(due - time.monotonic() if due > time.monotonic() else 0)
    answers.put(timed)


async def log_in(port, request, start, counts):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await start.wait()
    while True:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        await reader.readexactly(int(fields.get(b"content-length", 0)))
        counts[status] = counts.get(status, 0) + 1
        if status == 201:
            writer.close()
            return
        assert status == 503, head
        await asyncio.sleep(int(fields[b"retry-after"]))
        if b"connection" in fields and fields[b"connection"] == b"close":
            reader, writer = await asyncio.open_connection("127.0.0.1", port)


async def flood(port):
    body = json.dumps({"email": ACCOUNT["email"], "password": ACCOUNT["password"]}).encode()
    request = (b"POST /api/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n" % len(body)) + body
    start, counts = asyncio.Event(), {}
    logins = [asyncio.create_task(log_in(port, request, start, counts)) for _ in range(LOGINS)]
    await asyncio.sleep(1)
    began = time.monotonic()
    start.set()
    await asyncio.gather(*logins)
    return began, time.monotonic(), counts


def call(port, method, path, body, token=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


def measure(stack):
    limits = {f"LIMIT_{name}": OFF for name in ("LOGIN", "SIGNUP", "READ", "WRITE")}
    with Gateway(stack, HTTP_CONNECTIONS="4096", CONNECTIONS_PER_ADDRESS="4096", SIGNUP="open", **limits) as gateway:
        status, answer = call(gateway.port, "POST", "/api/accounts", ACCOUNT)
        assert status in (201, 409), answer
        stop, answers = multiprocessing.Event(), multiprocessing.Queue()
        asker = multiprocessing.Process(target=ask, args=(gateway.port, stack.token, stop, answers))
        asker.start()
        time.sleep(BEFORE_S)
        began, ended, counts = asyncio.run(flood(gateway.port))
        stop.set()
        timed = answers.get()
        asker.join()
    calm = [ms for at, ms in timed if at < began - 1]
    during = [ms for at, ms in timed if began <= at <= ended]
    return {"logins_per_s": LOGINS / (ended - began), "answers": counts, "asked": len(during),
            "calm_p99_ms": percentile(calm, 0.99), "median_ms": percentile(during, 0.5),
            "p99_ms": percentile(during, 0.99), "worst_ms": max(during)}
