"""More gateways of the same stack, with settings of their own."""

import contextlib
import os
import subprocess

import requests

from stack import eventually

FREE = [91, 90, 89, 88, 87, 86]  # where they listen, counted from the stack's base


@contextlib.contextmanager
def gateway(stack, **settings):
    """The URL of a gateway with these settings, e.g. LIMIT_LOGIN="3/60", until the block ends."""
    offset = FREE.pop()
    env = stack.service_env("gateway")
    port = int(env["PIERROT_LISTEN"].rsplit(":", 1)[1]) - 80 + offset
    url = f"http://127.0.0.1:{port}"
    env.update(PIERROT_LISTEN=f"127.0.0.1:{port}", PIERROT_PUBLIC_URL=url)
    env.update({f"PIERROT_{name}": value for name, value in settings.items()})
    with open(os.path.join(stack.var, f"log/gateway-{offset}.log"), "ab") as log:
        process = subprocess.Popen([stack.executable("gateway"), "serve"], env=env, stdin=subprocess.DEVNULL,
                                   stdout=log, stderr=log)
    try:
        eventually(lambda: process.poll() is not None or is_ready(url), 20, what="the second gateway is ready")
        assert process.poll() is None, "it ended by itself"
        yield url
    finally:
        process.terminate()
        status = process.wait(15)
        FREE.append(offset)
    assert status == 0


def is_ready(url):
    try:
        return requests.get(url + "/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False
