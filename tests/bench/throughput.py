"""Images per second: the thumbnailer with all that belongs to it, beside programs that only render.

Every round renders the same photographs with each contender, in turn; every second round turns the order round, so that
what else the machine does meets all alike. For the thumbnailer all photos are uploaded and finalized while it is stopped; then it is
started, and the time runs from the first job it queued to the last it finished, as its database tells. For the others it runs from
their start to their end."""

import os
import statistics
import time

import machine
from client import File, put
from stack import SERVERS, SERVICES, eventually

RENDERED_WITHIN_S = 300
CORES = len(os.sched_getaffinity(0))

RENDERED = """
select count(*) filter (where state = 'done'),
       extract(epoch from max(finished_at) - min(created_at))::float8
from thumbnailer.job where kind = 'render' and subject = any(%s::uuid[])"""
FAILED = """
select count(*) from thumbnailer.rendition_set where state <> 'rendered' and media_id = any(%s::uuid[])"""


class Pierrot:
    """The six services, and the servers they stand on."""

    def __init__(self, stack, client):
        self.stack, self.client = stack, client

    def upload(self, photos):
        ids = []
        for photo in photos:
            body = photo.read_bytes()
            created = self.client.create(File(photo.name, "image/jpeg", body))
            put(created["upload"], body).raise_for_status()
            self.client.finalize(created["media"]["id"]).raise_for_status()
            ids.append(created["media"]["id"])
        return ids

    def cpu(self):
        pids = {name: self.stack.pid(name) for name in (*SERVICES, *SERVERS)}
        return {name: machine.cpu_s(pid) if pid else 0 for name, pid in pids.items()}

    def run(self, photos):
        self.stack.ctl("stop", "thumbnailer")
        ids = self.upload(photos)
        before = self.cpu()
        self.stack.ctl("start", "thumbnailer")
        with machine.PeakMemory(self.stack.pid("thumbnailer")) as peak:
            eventually(lambda: self.stack.sql(RENDERED, ids)[0][0] == len(ids), within=RENDERED_WITHIN_S,
                       every=0.2, what="every photo rendered")
        used = {name: seconds - before[name] * (name != "thumbnailer") for name, seconds in self.cpu().items()}
        if self.stack.sql(FAILED, ids)[0][0]:
            raise RuntimeError("not every photo was rendered")
        return {"wall_s": self.stack.sql(RENDERED, ids)[0][1], "peak_mb": peak.mb,
                "cpu_s": sum(used[name] for name in SERVICES), "server_cpu_s": sum(used[name] for name in SERVERS),
                "cpu_by_part_s": used}


def all_contenders(stack, client, programs, sharp):
    """{name: run(photos)}; programs: their folder; sharp: its command and environment, or None where it cannot be
    had."""
    chain = [programs / "bench.vips_chain", str(CORES)]
    workers = [programs / "bench.decode_workers", stack.executable("thumbnailer-worker"), str(CORES)]
    contenders = {
        "pierrot": Pierrot(stack, client).run,
        "libvips chain": lambda photos: machine.run_program([*chain, *photos]),
        "decode workers": lambda photos: machine.run_program([*workers, *photos]),
    }
    if sharp:
        command, environ = sharp
        contenders["sharp"] = lambda photos: machine.run_program([*command, *photos], environ)
    return contenders


def summarize(rounds, count):
    rate = [count / each["wall_s"] for each in rounds]
    cpu = [(each["cpu_s"] + each.get("server_cpu_s", 0)) / count * 1000 for each in rounds]
    return {"images_per_s": statistics.median(rate), "images_per_s_best": max(rate),
            "cpu_ms": statistics.median(cpu),
            "own_cpu_ms": statistics.median(each["cpu_s"] for each in rounds) / count * 1000,
            "peak_mb": max(each["peak_mb"] for each in rounds), "rounds": rounds}


def measure(contenders, photos, rounds, repeat, progress):
    photos = list(photos) * repeat
    results = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[::-1 if number % 2 else 1]:
            busy, began = machine.busy_s(), time.monotonic()
            result = contenders[name](photos)
            results[name].append(result)
            progress(f"round {number + 1}: {name:15} {len(photos) / result['wall_s']:5.1f} images/s, "
                     f"{result['cpu_s'] / len(photos) * 1000:4.0f} ms CPU each, {result['peak_mb']:4.0f} MB; "
                     f"machine {(machine.busy_s() - busy) / (time.monotonic() - began):.1f} cores busy")
    return {"photos": len(photos), "cores": CORES,
            "contenders": {name: summarize(each, len(photos)) for name, each in results.items()}}


def cpu_ratio(result, peer):
    """How many times as many images we make of the same CPU time, servers and all."""
    return result["contenders"][peer]["cpu_ms"] / result["contenders"]["pierrot"]["cpu_ms"]


def ratio(result, peer):
    """How many times as fast as the peer we are: the median of the rounds, each compared in itself."""
    ours, theirs = (result["contenders"][name]["rounds"] for name in ("pierrot", peer))
    return statistics.median(b["wall_s"] / a["wall_s"] for a, b in zip(ours, theirs))
