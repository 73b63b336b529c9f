"""Photos that are dropped on an event's page in headless Chromium, until the page shows all of them as done: hashed, announced, sent and
finalized; beside `rclone copy` of the same files to the same S3, four at a time as the page does. Each round has an event and a prefix of
its own, and leaves nothing of them."""

import os
import random
import statistics
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import machine
import pictures
from client import Person
from stack import SERVERS, SERVICES, eventually

BYTES = 5_000_000
TRANSFERS = 4
CONTENDERS = ("page", "rclone")
FEW = 40
WITHIN_S = 600

# The page's own clock: from the drop to when its title says that nothing is left.
NOTES = """
window.noted = { long: [] };
new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => noted.long.push(duration)))
    .observe({ type: 'longtask', buffered: true });
addEventListener('drop', () => { noted.dropped = performance.now(); }, true);
addEventListener('DOMContentLoaded', () => {
    const title = document.getElementById('uploads-title');
    title && new MutationObserver(() => {
        if (title.textContent === 'All uploaded')
            noted.done ??= performance.now();
    }).observe(title, { childList: true });
});
"""


def make_files(folder, count):
    """Small photos, quick to render, with what a phone appends to one that moves: bytes that no decoder looks at."""
    folder.mkdir()
    film = random.Random(1).randbytes(BYTES)
    for seed in range(count):
        photo = pictures.small(seed, side=640).body
        path = folder / f"DSC_{seed + 1:04}.jpg"
        path.write_bytes(photo + film[len(photo):])
    return sorted(folder.iterdir())


def drop(page, paths):
    """As a mouse drops them: the page gets files of the disk, with their handles."""
    page.wait_for_selector("#add")
    where = page.locator("#add").bounding_box()
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {
            "type": kind, "x": where["x"] + 30, "y": where["y"] + 30,
            "data": {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}})


class Page:
    """A photographer and his browser."""

    def __init__(self, stack, browser):
        self.stack, self.browser = stack, browser
        self.person = Person(stack)
        self.person.log_in()

    def run(self, paths):
        event = self.person.request("POST", "/api/events", json={"name": "A wedding by the lake"}).json()["event"]
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": self.stack.gateway_url}
                             for cookie in self.person.http.cookies])
        context.add_init_script(NOTES)
        page = context.new_page()
        page.goto(f"{self.stack.gateway_url}/events/{event['id']}")
        page.wait_for_load_state("networkidle")
        before = cpu_s(self.stack)
        drop(page, paths)
        page.wait_for_function("() => noted.done", timeout=WITHIN_S * 1000, polling=250)  # by default it makes the page paint
        used, noted = cpu_s(self.stack) - before, page.evaluate("noted")
        count, = self.stack.sql("select count(*) from media.media where event_id = %s and state <> 'created'", event["id"])[0]
        assert count == len(paths), f"{count} of {len(paths)} are finalized"
        context.close()
        self.clear(event["id"])
        return {"wall_s": (noted["done"] - noted["dropped"]) / 1000, "cpu_s": used, "longest_task_ms": max([0, *noted["long"]])}

    def clear(self, event_id):
        """Behind the thumbnailer, which would else work in the next one's time."""
        eventually(lambda: not self.stack.sql("select from media.media where event_id = %s and state = 'finalized' limit 1", event_id),
                   within=WITHIN_S, every=0.5, what="all photos rendered")
        assert self.person.request("DELETE", f"/api/events/{event_id}").status_code == 204
        eventually(lambda: not self.stack.objects(f"{self.person.id}/{event_id}/"), within=WITHIN_S, every=0.5,
                   what="the event's objects gone")


class Rclone:
    def __init__(self, stack):
        self.stack = stack
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
        self.options = [
            "--config", "/dev/null", "--s3-provider", "Other", "--s3-endpoint", stack.env["PIERROT_S3_ENDPOINT"],
            "--s3-region", stack.env["PIERROT_S3_REGION"], "--s3-access-key-id", stack.env["PIERROT_S3_ACCESS_KEY"],
            "--s3-secret-access-key", stack.env["PIERROT_S3_SECRET_KEY"], "--s3-no-check-bucket"]

    def run(self, paths):
        target = f":s3:{self.stack.bucket}/rclone"
        before = cpu_s(self.stack)
        result = machine.run_program(["rclone", "copy", *self.options, "--transfers", str(TRANSFERS), paths[0].parent, target],
                                     self.environ)
        result["cpu_s"] = cpu_s(self.stack) - before
        assert len(self.stack.objects("rclone/")) == len(paths)
        subprocess.run(["rclone", "delete", *self.options, target], env=self.environ, check=True)
        return result


def cpu_s(stack):
    """Of the services, the servers, and whatever was started from here."""
    return machine.cpu_s(os.getpid()) + sum(machine.cpu_s(stack.pid(name)) for name in (*SERVICES, *SERVERS))


def measure(stack, folder, count, rounds, progress):
    progress(f"{count} photos of 5 MB")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as files, sync_playwright() as play:
        few, paths = (make_files(Path(files) / name, n) for name, n in (("few", FEW), ("all", count)))
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        contenders = dict(zip(CONTENDERS, (Page(stack, browser), Rclone(stack))))
        for contender in contenders.values():
            contender.run(few)  # what is compiled and cached, is
        results = {name: [] for name in contenders}
        for number in range(rounds):
            for name in CONTENDERS[::-1 if number % 2 else 1]:
                results[name].append(contenders[name].run(paths))
                progress(f"round {number + 1}: {name:6} {results[name][-1]['wall_s']:5.1f} s, {results[name][-1]['cpu_s']:5.1f} s CPU")
        browser.close()

    def ratio(what):
        return statistics.median(a[what] / b[what] for a, b in zip(*results.values()))

    medians = {f"{name}_{what}": statistics.median(each[what] for each in results[name])
               for name in CONTENDERS for what in ("wall_s", "cpu_s")}
    return {"photos": count, "rounds": results, **medians, "ratio": ratio("wall_s"), "cpu_ratio": ratio("cpu_s"),
            "longest_task_ms": max(each["longest_task_ms"] for each in results["page"])}
