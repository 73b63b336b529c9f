"""Uploads files through a Pierrot gateway as any client would, waits for their thumbnails, prints a
table, and shares them as an event that opens with a code. Python's standard library only;
deploy/local/demo is the way to run it."""

import argparse
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CONTENT_TYPES = {
    ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp",
    ".gif": "image/gif", ".avif": "image/avif", ".heic": "image/heic",
    ".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
}
READY_WITHIN_S = 60
EVENT_NAME = "Sample photos"
CODES = [("everything", None), ("the first three", 3)]  # label, how many photos; None: all


class Failure(Exception):
    """What went wrong, in words for whoever ran the program."""


def send(method, url, headers, body=None):
    """One HTTP request; returns the body of its 2xx answer."""
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    where = urllib.parse.urlsplit(url)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        answer = error.read(2000).decode("utf-8", "replace")
        raise Failure(f"{method} {where.path} answered {error.code}: {answer}") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise Failure(f"{method} {where.scheme}://{where.netloc}{where.path}: {reason}") from None


class Gateway:
    def __init__(self, url, token):
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def call(self, method, path, value=None):
        body = None if value is None else json.dumps(value).encode()
        return json.loads(send(method, self.url + path, self.headers, body))

    def all(self, path):
        """The items of a list, page after page."""
        cursor = ""
        while cursor is not None:
            page = self.call("GET", f"{path}?limit=100{cursor}")
            yield from page["items"]
            following = page.get("next_cursor")
            cursor = following and "&cursor=" + urllib.parse.quote(following)

    def media(self, media_id):
        return self.call("GET", f"/api/media/{media_id}")["media"]

    def upload(self, filename, body):
        """Creates the media, PUTs the bytes straight to the store, finalizes; returns its id."""
        created = self.call("POST", "/api/media", {
            "filename": filename, "content_type": content_type(filename),
            "size": len(body), "sha256": hashlib.sha256(body).hexdigest()})
        upload, media_id = created["upload"], created["media"]["id"]
        send(upload["method"], upload["url"], upload["headers"], body)
        self.call("POST", "/api/media/finalize", {"media_id": media_id})
        return media_id

    def share(self, media_ids):
        """The event that shows these media, and its codes; made when there is none."""
        event = next((event for event in self.all("/api/events")
                      if event["name"] == EVENT_NAME and not event["expired"]), None)
        if event is None:
            event = self.call("POST", "/api/events", {"name": EVENT_NAME})["event"]
        path = f"/api/events/{event['id']}"
        self.call("PUT", f"{path}/media", {"media_ids": media_ids})
        codes = {code["label"]: code for code in self.all(f"{path}/codes") if not code["revoked_at"]}
        for label, count in CODES:
            if label not in codes:
                opens = {"all": True} if count is None else {"media_ids": media_ids[:count]}
                codes[label] = self.call("POST", f"{path}/codes", {"label": label, **opens})["code"]
        return event, [codes[label] for label, _ in CODES]

    def wait(self, media_id):
        """The media once it is ready or rejected."""
        until = time.monotonic() + READY_WITHIN_S
        while True:
            media = self.media(media_id)
            if media["state"] in ("ready", "rejected"):
                return media
            if time.monotonic() > until:
                raise Failure(f"{media['filename']} is still {media['state']} after "
                              f"{READY_WITHIN_S} s; see deploy/local/logs thumbnailer")
            time.sleep(0.01)


def content_type(filename):
    extension = os.path.splitext(filename)[1].lower()
    if extension not in CONTENT_TYPES:
        raise Failure(f"{filename}: not one of {' '.join(CONTENT_TYPES)}")
    return CONTENT_TYPES[extension]


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def save(path, value):
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1)
    os.replace(path + ".new", path)


def preview_url(media):
    for rendition in media.get("renditions") or []:
        if rendition["name"] == "preview":
            return rendition["url"]
    return None


def human_size(size):
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def row(media, took_ms):
    link = preview_url(media)
    if link:
        send("GET", link, {})  # a link that does not open must not be shown
    took = f"{took_ms:.0f} ms" if took_ms is not None else "-"
    return (media["filename"], human_size(media["size"]), media["state"], took, link or "-")


def print_table(rows):
    rows = [("FILE", "SIZE", "STATE", "FINALIZE TO PREVIEW", "PREVIEW")] + rows
    widths = [max(len(cells[i]) for cells in rows) for i in range(4)]
    for cells in rows:
        print("  ".join((cells[0].ljust(widths[0]), cells[1].rjust(widths[1]),
                         cells[2].ljust(widths[2]), cells[3].rjust(widths[3]), cells[4])))


def progress(text):
    if sys.stdout.isatty():
        print(f"\r\033[K{text}", end="", flush=True)


def run(options):
    with open(options.token_file, encoding="ascii") as file:
        token = file.read().strip()
    gateway = Gateway(options.gateway, token)
    # A file whose upload was never finalized is uploaded again; the service reaps the first try.
    known = {(media["filename"], media["sha256"]): media["id"]
             for media in gateway.all("/api/media") if media["state"] != "created"}
    timings = load(options.timings)
    rows, media_ids = [], []
    for number, path in enumerate(options.files, 1):
        filename = os.path.basename(path)
        progress(f"{number} of {len(options.files)}: {filename}")
        with open(path, "rb") as file:
            body = file.read()
        media_id = known.get((filename, hashlib.sha256(body).hexdigest()))
        if media_id is None:
            media_id = gateway.upload(filename, body)
            finalized = time.monotonic()
            media = gateway.wait(media_id)
            timings[media_id] = (time.monotonic() - finalized) * 1000
            save(options.timings, timings)
        else:
            media = gateway.wait(media_id)
        rows.append(row(media, timings.get(media_id)))
        media_ids.append(media_id)
    progress("")
    print_table(rows)
    print(f"\nGateway  {options.gateway}\nToken    {token}")
    if any(state != "ready" for _, _, state, _, _ in rows):
        raise Failure("not every file became ready")
    event, codes = gateway.share(media_ids)
    print(f"Event    {event['public_url']}   (until {event['expires_at'][:10]})")
    for code in codes:
        print(f"Code     {code['access_code']}   {code['label']}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gateway", required=True, help="its address")
    parser.add_argument("--token-file", required=True, help="holds the API token")
    parser.add_argument("--timings", required=True, help="keeps how long each file took")
    parser.add_argument("files", nargs="+")
    try:
        run(parser.parse_args())
    except (Failure, OSError) as failure:
        progress("")
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyError as field:
        print(f"demo: an answer of the gateway has no {field}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
