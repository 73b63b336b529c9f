"""GET /api/media/{id}: through the gateway, through nginx to the same media service, and media asked directly.

nginx authenticates nobody: it only adds an identity header that was signed beforehand. wrk keeps 64 connections busy from one
thread. The second path is an id that media refuses at once: hardly any work behind it, so that it is the proxy that shows."""

import base64
import contextlib
import hashlib
import hmac
import re
import statistics
import subprocess
import time

import machine
from stack import eventually

CONNECTIONS = 64
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
SOCKET_ERRORS = re.compile(r"Socket errors: (.*)")
REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
MS = {"us": 0.001, "ms": 1, "s": 1000}

NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    upstream media {{
        server {media};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
    server {{
        listen 127.0.0.1:{port};
        location /media/ {{
            proxy_pass http://media;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header x-pierrot-identity "{identity}";
        }}
    }}
}}
"""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign_identity(secret, account_id):
    """As shared/http/identity.h says; good for an hour."""
    expires_ms = int(time.time() * 1000) + 3_600_000
    payload = f"1|{account_id}|bench|business|user|{expires_ms}".encode()
    signature = hmac.new(bytes.fromhex(secret), payload, hashlib.sha256).digest()
    return (base64url(payload) + b"." + base64url(signature)).decode()


@contextlib.contextmanager
def nginx(folder, port, media, identity):
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, media=media, identity=identity))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", config])
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def wrk(url, header, seconds, refused=False):
    """refused: whether every answer is to be a refusal, or none."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", header, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if SOCKET_ERRORS.search(said) or bool(REFUSED.search(said)) != refused:
        raise RuntimeError(f"{url}:\n{said}")
    value, unit = P99.search(said).groups()
    return {"requests_per_s": float(RATE.search(said).group(1)), "p99_ms": float(value) * MS[unit]}


def contenders(stack, nginx_port, identity):
    """{name: (base of the URL, header, pid whose CPU is counted)}."""
    token, vouched = f"Authorization: Bearer {stack.token}", f"x-pierrot-identity: {identity}"
    return {
        "gateway": (stack.gateway_url + "/api/media/", token, "gateway"),
        "nginx": (f"http://127.0.0.1:{nginx_port}/media/", token, "nginx"),
        "media": (stack.url("media") + "/media/", vouched, "media"),
    }


def measure(stack, media_id, folder, nginx_port, rounds, seconds, progress):
    owner = stack.sql("select owner_id from media.media where id = %s", media_id)[0][0]
    identity = sign_identity(stack.service_env("media")["PIERROT_IDENTITY_SECRET"], owner)
    media = stack.service_env("media")["PIERROT_LISTEN"]
    results = {}
    with nginx(folder, nginx_port, media, identity) as nginx_pid:
        asked = contenders(stack, nginx_port, identity)
        pids = {"gateway": stack.pid("gateway"), "nginx": nginx_pid, "media": stack.pid("media")}
        eventually(lambda: wrk(asked["nginx"][0] + media_id, asked["nginx"][1], 1), what="nginx")
        for number in range(rounds):
            for path, what in ((media_id, "a media"), ("x", "refused")):
                for name in list(asked)[::-1 if number % 2 else 1]:
                    base, header, part = asked[name]
                    before = machine.cpu_s(pids[part])
                    result = wrk(base + path, header, seconds, refused=what == "refused")
                    used = machine.cpu_s(pids[part]) - before
                    result["cpu_us"] = used / (result["requests_per_s"] * seconds) * 1e6
                    results.setdefault(what, {}).setdefault(name, []).append(result)
                    progress(f"round {number + 1}: {what}, {name}: {result['requests_per_s']:.0f} requests/s, "
                             f"p99 {result['p99_ms']:.1f} ms, {result['cpu_us']:.0f} us of its CPU each")
    return {what: summarize(by_name) for what, by_name in results.items()}


def summarize(by_name):
    """The median of each number; ratio: of the requests a second to nginx's in the same round."""
    summary = {}
    for name, rounds in by_name.items():
        summary[name] = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        summary[name]["ratio"] = statistics.median(
            ours["requests_per_s"] / theirs["requests_per_s"] for ours, theirs in zip(rounds, by_name["nginx"]))
    return summary
