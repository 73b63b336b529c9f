"""A guest's ZIP through gateway and media, beside curl that fetches the same objects from the store one after another; and the memory
of media while 20 guests download at once."""

import statistics
import subprocess
import threading
import time
from urllib.parse import urlsplit

import requests

import machine
import pictures
from client import new_account, put

PHOTOS, KILOBYTES, GUESTS = 40, 5000, 20


def prepare(stack):
    """(the ZIP's URL, its token, presigned URLs of the objects)"""
    owner = new_account(stack)
    event = owner.request("POST", "/api/events", json={"name": "Bench"}).json()["event"]
    made = []
    for seed in range(PHOTOS):
        file = pictures.noisy(seed, KILOBYTES)
        made.append(owner.create(file, event_id=event["id"]))
        assert put(made[-1]["upload"], file.body).status_code == 200
        assert owner.finalize(made[-1]["media"]["id"]).status_code == 200
    urls = [owner.wait(one["media"]["id"], within=300)["download"]["url"] for one in made]
    code = owner.request("POST", f"/api/events/{event['id']}/codes", json={"label": "Bench", "all": True}).json()["code"]
    url = f"{owner.url}/api/guest{urlsplit(event['public_url']).path}"
    token = requests.post(url + "/access", json={"access_code": code["access_code"]}, timeout=30).json()["token"]
    return url + "/zip", token, urls


def bytes_per_s(arguments):
    began = time.monotonic()
    said = subprocess.run(["curl", "-sS", "-f", *arguments, "-w", "%{size_download}\n"], check=True, capture_output=True, text=True)
    return sum(map(int, said.stdout.split())) / (time.monotonic() - began)


def zip_arguments(url, token):
    return ["-H", f"authorization: Bearer {token}", "-o", "/dev/null", url]


def objects_arguments(urls):
    return [word for url in urls for word in ("-o", "/dev/null", url)]


def memory(stack, url, token):
    """(MB before, MB at most)"""
    def rss_mb():
        status = machine.read(f"/proc/{stack.pid('media')}/status")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
    guests = [threading.Thread(target=bytes_per_s, args=(zip_arguments(url, token),)) for _ in range(GUESTS)]
    before = most = rss_mb()
    for guest in guests:
        guest.start()
    while any(guest.is_alive() for guest in guests):
        most = max(most, rss_mb())
        time.sleep(0.02)
    return before, most


def measure(stack, rounds, progress):
    url, token, urls = prepare(stack)
    ways = {"zip": zip_arguments(url, token), "objects": objects_arguments(urls)}
    rates = {name: [] for name in ways}
    for arguments in ways.values():
        bytes_per_s(arguments)
    for number in range(rounds):
        for name in list(ways)[::-1 if number % 2 else 1]:
            rates[name].append(bytes_per_s(ways[name]))
            progress(f"round {number + 1}: {name}: {rates[name][-1] / 1e6:.0f} MB/s")
    before, most = memory(stack, url, token)
    return {**{name: statistics.median(of) / 1e6 for name, of in rates.items()},
            "ratio": statistics.median(a / b for a, b in zip(rates["zip"], rates["objects"])),
            "memory_before_mb": before, "memory_most_mb": most}
