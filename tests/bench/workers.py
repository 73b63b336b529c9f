"""The thumbnailer's decode workers alone, driven as the service drives them (services/thumbnailer/worker/protocol.h): what is left
between this and the whole is the price of the store, the checks and the messages."""

import itertools
import os
import socket
import struct
import subprocess
import threading
import time

import machine

REQUEST = struct.Struct("=IIQQQIIII")  # struct render_request
REPLY_HEAD, REPLY_MAX = struct.Struct("=II"), 512
VERSION, JPEG, STATUS_OK = 1, 1, 0
MAX_PIXELS, MAX_SIDE, MAX_FRAMES, CPU_LIMIT_S = 100_000_000, 30_000, 500, 20


class Worker:
    def __init__(self, program):
        self.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = ["bash", "-c", f'exec "$0" serve 1000000 3<&{theirs.fileno()}', program]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()

    def render(self, path):
        with open(path, "rb") as photo:
            outputs = [os.memfd_create("preview"), os.memfd_create("large")]
            size = os.fstat(photo.fileno()).st_size
            request = REQUEST.pack(VERSION, JPEG, 0, size, MAX_PIXELS, MAX_SIDE, MAX_FRAMES,
                                   CPU_LIMIT_S, 0)
            socket.send_fds(self.sock, [request], [photo.fileno(), *outputs])
            reply = self.sock.recv(REPLY_MAX)
            for fd in outputs:
                os.close(fd)
        if len(reply) < REPLY_HEAD.size or REPLY_HEAD.unpack_from(reply)[1] != STATUS_OK:
            raise RuntimeError(f"the worker did not render {path}")

    def close(self):
        self.sock.close()
        self.process.wait()


def run(program, photos, count):
    """Renders all photos with `count` workers: {wall_s, cpu_s, peak_mb}."""
    workers = [Worker(program) for _ in range(count)]
    todo = itertools.chain(photos)
    lock = threading.Lock()

    def work(worker):
        while True:
            with lock:
                photo = next(todo, None)
            if photo is None:
                return
            worker.render(photo)

    threads = [threading.Thread(target=work, args=[worker]) for worker in workers]
    with machine.PeakMemory(*(worker.process.pid for worker in workers)) as peak:
        before, began = os.times(), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall_s = time.monotonic() - began
    for worker in workers:
        worker.close()
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return {"wall_s": wall_s, "cpu_s": cpu_s, "peak_mb": peak.mb}
