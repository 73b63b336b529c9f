"""An event as its owner makes it, over the API: some photos, and codes that open them."""

import io
import random
import time

from PIL import Image

from client import File, new_account, put
from pictures import committed

SHAPES = ((1200, 800), (800, 1200), (1600, 900), (1000, 1000), (1200, 800))


def scene(seed):
    """A JPEG of soft colours, in one of several shapes."""
    chance = random.Random(seed)
    width, height = SHAPES[seed % len(SHAPES)]
    image = Image.frombytes("RGB", (4, 3), chance.randbytes(36)).resize((width, height), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=80)
    return File(f"DSC_{seed + 1:04}.jpg", "image/jpeg", stream.getvalue())


class Party:
    def __init__(self, stack, photos=0, film=False, **event):
        self.client = new_account(stack)
        self.event = self.ask("POST", "/api/events", 201, {"name": "Clara & Jonas", **event})["event"]
        self.path = f"/api/events/{self.event['id']}"
        self.page = self.event["public_url"].removeprefix(stack.gateway_url)
        self.files = [scene(i) for i in range(photos)] + ([committed("clip.mp4")] if film else [])
        self.ids = [self.upload(file) for file in self.files]
        for media_id in self.ids:
            assert self.client.wait(media_id)["state"] == "ready"

    def ask(self, method, path, status, body=None):
        answer = self.client.request(method, path, json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json() if answer.content else None

    def upload(self, file):
        created = self.client.create(file, event_id=self.event["id"])
        assert put(created["upload"], file.body).status_code == 200
        assert self.client.finalize(created["media"]["id"]).status_code == 200
        time.sleep(0.002)  # each in its own millisecond: they are listed by that
        return created["media"]["id"]

    def code(self, *photos, label="Anna", **members):
        """A code for the photos at these places, or for all of them."""
        chosen = {"media_ids": [self.ids[i] for i in photos]} if photos else {"all": True}
        return self.ask("POST", self.path + "/codes", 201, {"label": label, **chosen, **members})["code"]

    def change(self, **members):
        self.ask("PATCH", self.path, 200, members)

    def change_code(self, code, **members):
        self.ask("PATCH", f"{self.path}/codes/{code['id']}", 200, members)
