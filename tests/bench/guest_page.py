"""The guests' page of an event of 500 photos, in headless Chromium, each time in a fresh profile: a code is typed, and timed is when
every preview on the screen is painted, from when the code's answer is there; then what was fetched until then and a moment later; then the
page is scrolled to its end, as a wheel does and at once, while the browser notes what kept its main thread busy."""

import io
import random
import statistics

from PIL import Image
from playwright.sync_api import sync_playwright

from client import File, put

PHOTOS = 500
PIXELS = 1600  # of a photo's longer side: their previews are what is measured
SHAPES = ((3, 2), (2, 3), (3, 2), (4, 3), (1, 1), (3, 2), (16, 9), (3, 4))
REST_MS = 1500
SCROLL_S = 5

# Noted by the page itself, whose clock is the one that counts. A preview is painted a frame after it has come.
NOTES = """
window.noted = { long: [] };
new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => noted.long.push(duration)))
    .observe({ type: 'longtask', buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach(({ name, responseEnd }) => {
    if (name.endsWith('/access'))
        noted.answered = responseEnd;
})).observe({ type: 'resource', buffered: true });
(function look() {
    const tiles = [...document.querySelectorAll('.tile')].filter((tile) => tile.getBoundingClientRect().top < innerHeight);
    if (tiles.length > 0)
        noted.blurred ??= performance.now();
    if (tiles.length > 0 && tiles.every((tile) => tile.querySelector('img[data-loaded]')))
        requestAnimationFrame(() => { noted.painted = performance.now(); });
    else
        requestAnimationFrame(look);
})();
"""
SCROLL = """(seconds) => new Promise((done) => {
    const start = performance.now(), way = document.body.scrollHeight - innerHeight, frames = [];
    let last = start;
    requestAnimationFrame(function step(now) {
        frames.push(now - last);
        last = now;
        const part = Math.min(1, (now - start) / 1000 / seconds);
        scrollTo({ top: way * part, behavior: 'instant' });
        if (part < 1)
            requestAnimationFrame(step);
        else
            done(frames);
    });
})"""


def pictures(paths):
    """500 of them, each another part of one of the photographs."""
    chance = random.Random(1)
    for i in range(PHOTOS):
        with Image.open(paths[i % len(paths)]) as photo:
            photo.draft("RGB", (2 * PIXELS, 2 * PIXELS))
            wide, high = SHAPES[i % len(SHAPES)]
            part = min(photo.width / wide, photo.height / high) * chance.uniform(0.6, 1)
            left, top = chance.uniform(0, photo.width - part * wide), chance.uniform(0, photo.height - part * high)
            scale = PIXELS / max(wide, high)
            picture = photo.convert("RGB").resize((round(wide * scale), round(high * scale)),
                                                  box=(left, top, left + part * wide, top + part * high))
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=85)
        yield File(f"DSC_{i + 1:04}.jpg", "image/jpeg", stream.getvalue())


def ask(client, path, body):
    answer = client.request("POST", path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def make_event(client, paths):
    event = ask(client, "/api/events", {"name": "A wedding by the lake"})["event"]
    ids = []
    for file in pictures(paths):
        created = client.create(file, event_id=event["id"])
        assert put(created["upload"], file.body).status_code == 200
        ids.append(created["media"]["id"])
        assert client.finalize(ids[-1]).status_code == 200
    for media_id in ids:
        assert client.wait(media_id, within=300)["state"] == "ready"
    return event["public_url"], ask(client, f"/api/events/{event['id']}/codes", {"label": "Anna", "all": True})["code"]


def visit(browser, url, code):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_init_script(NOTES)
    page, fetched = context.new_page(), []
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.loadingFinished", lambda event: fetched.append(event["encodedDataLength"]))
    page.goto(url)
    page.get_by_label("Access code").fill(code)
    page.keyboard.press("Enter")
    page.wait_for_function("() => noted.painted")
    page.wait_for_timeout(REST_MS)
    result = page.evaluate("({ painted_ms: noted.painted - noted.answered, blurred_ms: noted.blurred - noted.answered, "
                           "long_before_ms: Math.max(0, ...noted.long) })")
    result |= {"fetched_mb": sum(fetched) / 1e6, "requests": len(fetched)}
    page.evaluate("noted.long = []")
    page.mouse.move(640, 400)
    for _ in range(60):
        page.mouse.wheel(0, 120)
        page.wait_for_timeout(16)
    frames = page.evaluate(SCROLL, SCROLL_S)
    page.wait_for_timeout(REST_MS)
    result |= {"long_ms": page.evaluate("Math.max(0, ...noted.long)"), "frame_ms": statistics.median(frames),
               "worst_frame_ms": max(frames), "all_mb": sum(fetched) / 1e6}
    context.close()
    return result


def measure(client, paths, rounds, progress):
    progress(f"{PHOTOS} photos are uploaded")
    url, code = make_event(client, paths)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        visit(browser, url, code["access_code"])  # everything has been read once
        results = []
        for number in range(rounds):
            results.append(visit(browser, url, code["access_code"]))
            progress(f"round {number + 1}: painted after {results[-1]['painted_ms']:.0f} ms, "
                     f"{results[-1]['fetched_mb']:.2f} MB, longest task while scrolling {results[-1]['long_ms']:.0f} ms")
        browser.close()
    return {"photos": PHOTOS, "rounds": results,
            "median": {key: statistics.median(each[key] for each in results) for key in results[0]},
            "worst": {key: max(each[key] for each in results) for key in results[0]}}
