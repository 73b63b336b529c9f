"""Further services with settings of their own, and what stands around one under attack: nginx in front of a gateway, a
recorder behind it, a bad line to the store, raw sockets."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import requests

from stack import TOP, eventually


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A program that runs until the end of the `with`, and then ends in good order; its output goes to a file."""

    def __init__(self, command, env=None, output=None):
        self.output = output or tempfile.NamedTemporaryFile(prefix="pierrot-test-", suffix=".log")
        self.popen = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=self.output,
                                      stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.terminate()
        status = self.popen.wait(20)
        assert status == 0, self.text()[-2000:]

    def text(self):
        with open(self.output.name, encoding="utf-8", errors="replace") as file:
            return file.read()

    def lines(self):
        """The JSON lines of its output."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def rss(self):
        """Bytes of memory it holds, its children not counted."""
        with open(f"/proc/{self.popen.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Service(Process):
    """One more copy of a service on the stack's servers, with settings of its own. Its log is among those of the stack."""

    def __init__(self, stack, name, port=None, **settings):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        env = {**stack.service_env(name), "PIERROT_LISTEN": f"127.0.0.1:{self.port}",
               **{f"PIERROT_{setting}": value for setting, value in settings.items()}}
        super().__init__([stack.executable(name), "serve"], env, open(stack.log_path(f"{name}-{self.port}"), "wb"))
        eventually(lambda: self.popen.poll() is not None or is_ready(self.url), what=f"{name} is ready")
        assert self.popen.poll() is None, self.text()


class Gateway(Service):
    """Gateway(stack, LIMIT_LOGIN="3/60")"""

    def __init__(self, stack, **settings):
        port = free_port()
        super().__init__(stack, "gateway", port, **{"PUBLIC_URL": f"http://127.0.0.1:{port}", **settings})


class Front(Process):
    """nginx with the configuration of deploy/edge, for https://localhost."""

    def __init__(self, gateway_port, name="localhost", port=None):
        self.port, self.plain_port = port or free_port(), free_port()
        self.folder = tempfile.mkdtemp(prefix="pierrot-edge-")
        os.chmod(self.folder, 0o755)  # its workers are another user
        self.certificate, key = f"{self.folder}/cert.pem", f"{self.folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
                        "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        conf = subprocess.run(
            [os.path.join(TOP, "deploy/edge/render"), f"NAME={name}", f"CERTIFICATE={self.certificate}", f"KEY={key}",
             f"GATEWAY=127.0.0.1:{gateway_port}", f"HTTP=127.0.0.1:{self.plain_port}",
             f"HTTPS=127.0.0.1:{self.port}", f"RUN={self.folder}"], check=True, capture_output=True, text=True).stdout
        with open(f"{self.folder}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(conf)
        super().__init__(["nginx", "-c", f"{self.folder}/nginx.conf", "-g", "daemon off;"])
        eventually(lambda: reachable(self.port), what="nginx listens")
        self.url = f"https://{name}:{self.port}"

    def __exit__(self, *args):
        super().__exit__(*args)
        shutil.rmtree(self.folder)

    def connect(self, protocols=("http/1.1",)):
        context = ssl.create_default_context(cafile=self.certificate)
        context.set_alpn_protocols(list(protocols))
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.port), 10),
                                   server_hostname="localhost")


def is_ready(url):
    try:
        return requests.get(url + "/readyz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Line:
    """The way to a server, over which every connection can be cut after so many bytes of its answers (cut_after), and
    some requests held back until an event is set: hold = (method, word of its target, event)."""

    def __init__(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.to = (host, int(port))
        self.cut_after, self.cuts = None, 0
        self.hold, self.held = None, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        if self.hold:
            self.hold[2].set()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.to)
            except OSError:
                near.close()
                continue
            threading.Thread(target=self._requests, args=(near, far), daemon=True).start()
            threading.Thread(target=self._answers, args=(far, near), daemon=True).start()

    def _requests(self, near, far):
        try:
            while piece := near.recv(65536):
                line = piece.split(b"\r\n", 1)[0].decode("latin-1")
                if self.hold and line.startswith(self.hold[0]) and self.hold[1] in line:
                    self.held += 1
                    self.hold[2].wait()
                far.sendall(piece)
        except OSError:
            pass
        close(far)

    def _answers(self, far, near):
        passed = 0
        try:
            while piece := far.recv(65536):
                if self.cut_after is not None and passed + len(piece) > self.cut_after:
                    near.sendall(piece[:max(0, self.cut_after - passed)])
                    self.cuts += 1
                    break
                near.sendall(piece)
                passed += len(piece)
        except OSError:
            pass
        close(near)
        close(far)


def close(connection):
    """Also for a thread that waits for it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class Recorder:
    """A service that notes every request as it comes over the wire, and answers 200. It reads by the length alone:
    what the gateway writes has one, or no body."""

    def __init__(self, answer=b"{}"):
        self.seen = []  # (method, path, headers, body)
        self.answer = answer
        self.broken = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                line = stream.readline()
                if not line:
                    return
                try:
                    method, path, version = line.decode("ascii").rstrip("\r\n").split(" ")
                    headers = []
                    while (line := stream.readline()) != b"\r\n":
                        name, value = line.decode("ascii").rstrip("\r\n").split(": ", 1)
                        headers.append((name.lower(), value))
                    lengths = [int(value) for name, value in headers if name == "content-length"]
                    assert version == "HTTP/1.1" and len(lengths) <= 1
                    assert not any(name == "transfer-encoding" for name, _ in headers)
                    body = stream.read(lengths[0]) if lengths else b""
                except (ValueError, AssertionError) as error:
                    self.broken.append((line, error))
                    return
                self.seen.append((method, path, headers, body))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                                   % len(self.answer) + (b"" if method == "HEAD" else self.answer))


def talk(connection, request, within=3.0):
    """Everything that comes back for some bytes, until the other side closes or is silent for a while."""
    answer = b""
    with connection:
        try:
            connection.sendall(request)
            connection.settimeout(within)
            while piece := connection.recv(65536):
                answer += piece
                connection.settimeout(0.3)
        except (TimeoutError, OSError):
            pass
    return answer


def wait_until_quiet(recorder, gateway):
    """Both have told all they saw."""
    before = None
    while before != (state := (len(recorder.seen), len(gateway.text()))):
        before = state
        time.sleep(0.3)
