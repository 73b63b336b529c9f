"""GET with a token through the gateway, the same through nginx, to the same trivial service, and the service asked directly.

The service is one more nginx, which answers from its configuration. The gateways are ours, each on the stack's servers: one
without limits, one whose limits nothing reaches, with their buckets in Redis. wrk keeps 64 connections busy from one thread."""

import contextlib
import re
import statistics
import subprocess

import machine
from edge import Gateway, free_port, reachable
from stack import eventually

CONNECTIONS = 64
PATH = "/media/trivial"
ANSWER = '{"trivial":true}'
LIMITS = {"gateway": "0", "gateway, with limits": "10000000/10"}
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
P99 = re.compile(r"99%\s+([\d.]+)(us|ms|s)")
FAILED = re.compile(r"Socket errors|Non-2xx or 3xx responses")
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
    {http}
    server {{
        listen 127.0.0.1:{port};
        location / {{ {location} }}
    }}
}}
"""
SERVICE = {"http": "default_type application/json;", "location": f"return 200 '{ANSWER}';"}


def proxy_to(port):
    return {"http": f"upstream service {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 1000000000; }}",
            "location": 'proxy_pass http://service; proxy_http_version 1.1; proxy_set_header Connection "";'}


@contextlib.contextmanager
def nginx(folder, settings):
    """(its port, its pid)"""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, **settings))
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", config])
    try:
        eventually(lambda: reachable(port), what="nginx listens")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def wrk(url, header, seconds):
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-H", header, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if FAILED.search(said):
        raise RuntimeError(f"{url}:\n{said}")
    value, unit = P99.search(said).groups()
    return {"requests_per_s": float(RATE.search(said).group(1)), "p99_ms": float(value) * MS[unit]}


@contextlib.contextmanager
def contenders(stack, folder):
    """{name: (URL, pid whose CPU is counted)}"""
    with contextlib.ExitStack() as started:
        service_port, service_pid = started.enter_context(nginx(folder / "service", SERVICE))
        port, pid = started.enter_context(nginx(folder / "proxy", proxy_to(service_port)))
        asked = {"nginx": (f"http://127.0.0.1:{port}{PATH}", pid),
                 "service": (f"http://127.0.0.1:{service_port}{PATH}", service_pid)}
        for name, limit in LIMITS.items():
            gateway = started.enter_context(Gateway(stack, MEDIA_URL=f"http://127.0.0.1:{service_port}",
                                                    LIMIT_READ=limit, LIMIT_WRITE=limit))
            asked[name] = (f"{gateway.url}/api{PATH}", gateway.popen.pid)
        yield asked


def measure(stack, folder, rounds, seconds, progress):
    token = f"Authorization: Bearer {stack.token}"
    results = {}
    with contenders(stack, folder) as asked:
        for number in range(rounds):
            for name in list(asked)[::-1 if number % 2 else 1]:
                url, pid = asked[name]
                wrk(url, token, 1)  # its connections to the service are there, its credential is known
                before = machine.cpu_s(pid)
                result = wrk(url, token, seconds)
                result["cpu_us"] = (machine.cpu_s(pid) - before) / (result["requests_per_s"] * seconds) * 1e6
                results.setdefault(name, []).append(result)
                progress(f"round {number + 1}: {name}: {result['requests_per_s']:.0f} requests/s, "
                         f"p99 {result['p99_ms']:.1f} ms, {result['cpu_us']:.1f} us of its CPU each")
    return summarize(results)


def summarize(results):
    """The median of each number; ratios to nginx in the same round: of requests a second, and of those for the same CPU."""
    summary = {}
    for name, rounds in results.items():
        pairs = list(zip(rounds, results["nginx"]))
        summary[name] = {key: statistics.median(each[key] for each in rounds) for key in rounds[0]}
        summary[name]["ratio"] = statistics.median(a["requests_per_s"] / b["requests_per_s"] for a, b in pairs)
        summary[name]["cpu_ratio"] = statistics.median(b["cpu_us"] / a["cpu_us"] for a, b in pairs)
    return summary
