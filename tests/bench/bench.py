"""The numbers Pierrot is to reach, measured. tests/bench/run is the way to start it."""

import argparse
import json
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
OUT = TOP / "build/bench"
PROGRAMS = OUT / "programs/bench"
sys.path.insert(0, str(TOP / "tests/e2e"))

import archive  # noqa: E402
import gateway  # noqa: E402
import guest_page  # noqa: E402
import idle  # noqa: E402
import latency  # noqa: E402
import logins  # noqa: E402
import photos  # noqa: E402
import throughput  # noqa: E402
import upload  # noqa: E402
from client import Client  # noqa: E402
from stack import Stack  # noqa: E402

ALL = ("presign", "latency", "throughput", "gateway", "guest_page", "logins", "zip", "upload", "idle")  # idle last: after all that work
GOAL_MEDIAN_MS, GOAL_P99_MS = 250, 600
GOAL_OF_CHAIN, GOAL_OF_SHARP = 0.9, 1.4
GOAL_PRESIGNED_PER_S = 100_000
GOAL_IDLE_MB, GOAL_IDLE_PERCENT = 15, 1
GOAL_OF_NGINX = 0.8
GOAL_FLOOD_P99_MS = 100
GOAL_PAINTED_MS, GOAL_FETCHED_MB, GOAL_TASK_MS = 800, 3, 100
GOAL_OF_CURL, GOAL_ZIP_MB = 0.8, 16
GOAL_OF_RCLONE = 1.3

# One line of the table; ratio and reached: None where there is nothing to compare with.
Row = namedtuple("Row", "what value goal ratio reached", defaults=("", "", None, None))


def at_most(what, value, limit, unit):
    return Row(what, f"{value:.4g} {unit}", f"< {limit} {unit}", value / limit, value < limit)


def progress(text):
    print(f"  {text}", flush=True)


# --- each number: measured, and as lines of the table ---

class Bench:
    def __init__(self, options):
        self.options = options

    def ready_stack(self):
        if not hasattr(self, "stack"):
            progress("the stack comes up")
            self.stack = Stack()
            self.stack.up()
            self.client = Client(self.stack.gateway_url, self.stack.token)
        return self.stack

    def photos(self):
        progress("the photographs")
        return photos.prepare(OUT / "photos")

    def sharp(self):
        """The command and environment of sharp; None without it."""
        environ = {**os.environ, "NODE_PATH": str(OUT / "node/node_modules")}
        try:
            subprocess.run(["node", HERE / "sharp.js"], env=environ, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            progress("sharp is not there: it wants Node.js 20.9 and npm")
            return None
        return ["node", HERE / "sharp.js"], environ

    def presign(self):
        said = subprocess.run([PROGRAMS / "bench.presign"], check=True, capture_output=True, text=True).stdout
        return {kind: int(rate) for kind, rate, *_ in map(str.split, said.splitlines())}

    def idle(self):
        return idle.measure(self.ready_stack(), self.options.idle_seconds)

    def latency(self):
        photo = next(path for path in self.photos() if path.name == photos.LATENCY_PHOTO)
        stack = self.ready_stack()
        return latency.measure(stack, self.client, photo, self.options.count)

    def throughput(self):
        files, stack = self.photos(), self.ready_stack()
        contenders = throughput.all_contenders(stack, self.client, PROGRAMS, self.sharp())
        return throughput.measure(contenders, files, self.options.rounds, self.options.repeat, progress)

    def gateway(self):
        return gateway.measure(self.ready_stack(), OUT / "nginx", self.options.rounds, self.options.seconds, progress)

    def guest_page(self):
        files = self.photos()
        self.ready_stack()
        return guest_page.measure(self.client, files, self.options.rounds, progress)

    def logins(self):
        return logins.measure(self.ready_stack())

    def zip(self):
        return archive.measure(self.ready_stack(), self.options.rounds, progress)

    def upload(self):
        return upload.measure(self.ready_stack(), OUT / "upload", self.options.photos, self.options.rounds, progress)


def presign_rows(result):
    for kind, rate in result.items():
        yield Row(f"presigned URLs, one core: {kind}", f"{rate} /s", f"{GOAL_PRESIGNED_PER_S} /s",
                  rate / GOAL_PRESIGNED_PER_S, rate >= GOAL_PRESIGNED_PER_S)


def idle_rows(result):
    services = dict(result["services"])
    workers = services.pop("decode worker")
    for name, used in services.items():
        yield at_most(f"idle memory: {name} (Pss {used['Pss']:.1f}, private {used['Private']:.1f})", used["Rss"],
                      GOAL_IDLE_MB, "MB")
        yield at_most(f"idle CPU: {name}", used["cpu_percent"], GOAL_IDLE_PERCENT, "%")
    each = "; ".join(f"{worker['Rss']:.0f} (Pss {worker['Pss']:.0f})" for worker in workers)
    yield Row("idle memory: decode workers", f"{each} MB")


def latency_rows(result):
    yield at_most("finalize to ready, 12 megapixels: median", result["median_ms"], GOAL_MEDIAN_MS, "ms")
    yield at_most(f"finalize to ready: 99th percentile of {result['count']}", result["p99_ms"], GOAL_P99_MS, "ms")
    yield Row("  cores that others kept busy meanwhile", f"{result['others_cores']:.1f}")
    for name, ms in result["parts_ms"].items():
        yield Row(f"  {name}", f"{ms:.1f} ms, p99 {result['parts_p99_ms'][name]:.1f}")
    for name, ms in result["steps_ms"].items():
        if ms >= 0.5:
            yield Row(f"  step {name}", f"{ms:.1f} ms")


def throughput_rows(result):
    goals = {"libvips chain": GOAL_OF_CHAIN, "sharp": GOAL_OF_SHARP}
    for name, used in result["contenders"].items():
        cpu = f"{used['own_cpu_ms']:.0f} ms CPU" if name != "pierrot" else \
            f"{used['own_cpu_ms']:.0f}+{used['cpu_ms'] - used['own_cpu_ms']:.0f} ms CPU (services+servers)"
        yield Row(f"images: {name}", f"{used['images_per_s']:.1f} /s, {cpu}, {used['peak_mb']:.0f} MB")
    for peer, goal in goals.items():
        if peer in result["contenders"]:
            ratio = throughput.ratio(result, peer)
            yield Row(f"images: pierrot to {peer}", f"{ratio:.2f} times", f">= {goal} times", ratio / goal,
                      ratio >= goal)
            yield Row("  for the same CPU time, S3, Kafka and Postgres too", "", "",
                      throughput.cpu_ratio(result, peer))


def gateway_rows(result):
    for name, used in result.items():
        judged = name == "gateway"
        yield Row(f"GET of a trivial answer: {name}",
                  f"{used['requests_per_s']:.0f} /s, p99 {used['p99_ms']:.1f} ms, {used['cpu_us']:.1f} us CPU",
                  f">= {GOAL_OF_NGINX} times nginx" if judged else "", used["ratio"] if name != "nginx" else None,
                  used["ratio"] >= GOAL_OF_NGINX if judged else None)
        if name in gateway.LIMITS:
            yield Row("  for the same CPU time", ratio=used["cpu_ratio"])


def guest_page_rows(result):
    median, worst = result["median"], result["worst"]
    yield at_most(f"guests' page of {result['photos']} photos: the screen painted after the code's answer, worst",
                  worst["painted_ms"], GOAL_PAINTED_MS, "ms")
    yield Row("  median; placeholders", f"{median['painted_ms']:.0f}; {median['blurred_ms']:.0f} ms")
    yield at_most("guests' page: fetched before scrolling", worst["fetched_mb"], GOAL_FETCHED_MB, "MB")
    yield at_most("guests' page: longest task while scrolling, worst", worst["long_ms"], GOAL_TASK_MS, "ms")
    yield Row("  median frame; worst; longest task before",
              f"{median['frame_ms']:.0f}; {worst['worst_frame_ms']:.0f}; {worst['long_before_ms']:.0f} ms")


def logins_rows(result):
    yield at_most(f"99th percentile of others during {logins.LOGINS} logins at once", result["p99_ms"],
                  GOAL_FLOOD_P99_MS, "ms")
    yield Row("  median; worst; 99th percentile before",
              f"{result['median_ms']:.1f}; {result['worst_ms']:.1f}; {result['calm_p99_ms']:.1f} ms")
    answers = ", ".join(f"{count} times {status}" for status, count in sorted(result["answers"].items()))
    yield Row("  logins", f"{result['logins_per_s']:.0f} /s ({answers})")


def zip_rows(result):
    yield Row("a guest's ZIP", f"{result['zip']:.0f} MB/s; curl, from the store: {result['objects']:.0f} MB/s",
              f">= {GOAL_OF_CURL} times", result["ratio"], result["ratio"] >= GOAL_OF_CURL)
    yield at_most(f"  memory of media, {archive.GUESTS} at once", result["memory_most_mb"] - result["memory_before_mb"],
                  GOAL_ZIP_MB, "MB more")


def upload_rows(result):
    yield Row(f"upload of {result['photos']} photos of 5 MB: the page to rclone", f"{result['ratio']:.2f} times the time",
              f"< {GOAL_OF_RCLONE} times", result["ratio"] / GOAL_OF_RCLONE, result["ratio"] < GOAL_OF_RCLONE)
    for name in upload.CONTENDERS:
        yield Row(f"  {name}", f"{result[f'{name}_wall_s']:.1f} s, {result[f'{name}_cpu_s']:.1f} s CPU, servers too")
    yield Row("  for the CPU time", ratio=result["cpu_ratio"])
    yield Row("  longest task of the page", f"{result['longest_task_ms']:.0f} ms")


ROWS = {"presign": presign_rows, "idle": idle_rows, "latency": latency_rows, "throughput": throughput_rows,
        "gateway": gateway_rows, "guest_page": guest_page_rows, "logins": logins_rows, "zip": zip_rows,
        "upload": upload_rows}


def print_table(rows):
    verdicts = {None: "", True: "reached", False: "MISSED"}
    lines = [("NUMBER", "MEASURED", "GOAL", "RATIO", "")]
    lines += [(row.what, row.value, row.goal, f"{row.ratio:.2f}" if row.ratio is not None else "",
               verdicts[row.reached]) for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(5)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def parse_options():
    """As `tests/bench/run --help` says."""
    parser = argparse.ArgumentParser(prog="tests/bench/run", add_help=False)
    parser.add_argument("what", nargs="*")
    for name, default in (("count", 100), ("rounds", 3), ("repeat", 3), ("seconds", 5), ("photos", 500),
                          ("idle-seconds", 30)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    for what in set(options.what).difference(ALL):
        parser.error(f"no such number: {what} (one of: {' '.join(ALL)})")
    return options


def main():
    options = parse_options()
    bench = Bench(options)
    rows = []
    try:
        for what in options.what or ALL:
            print(what, flush=True)
            result = getattr(bench, what)()
            (OUT / f"{what}.json").write_text(json.dumps(result, indent=1))
            rows += ROWS[what](result)
    finally:
        if hasattr(bench, "stack") and not options.keep:
            bench.stack.run("down", "--purge")
    print()
    print_table(rows)


if __name__ == "__main__":
    main()
