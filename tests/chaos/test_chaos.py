"""200 photos go through while every process is killed in turn, at a random moment; afterwards each photo
is ready, once, and nothing was lost. PIERROT_CHAOS_SEED repeats a run's photos and moments."""

import os
import random
import signal
import threading
import time
import uuid

import requests

import invariants
import pictures
from client import Client, put
from stack import SERVICES, eventually

PHOTOS = 200
CLIENTS = 4
# Everything once; the two that do the work more often, also while the other is away.
VICTIMS = ["gateway", "media", "tags", "sync", "publisher", "thumbnailer", "worker",
           "kafka", "postgres", "redis", "s3", "media", "thumbnailer", "worker"]
KILLING_S = 100


class PersistentClient:
    """A client that tries again, as a real one does: each step until it has an answer."""

    def __init__(self, stack, stop):
        self.client, self.stop = Client(stack.gateway_url, stack.token), stop
        self.retries = 0

    def persist(self, attempt):
        """attempt() until it returns something; None and lost connections are tried again."""
        pause = 0.05
        while not self.stop.is_set():
            try:
                if (value := attempt()) is not None:
                    return value
            except requests.RequestException:
                pass
            self.retries += 1
            time.sleep(pause)
            pause = min(1, pause * 1.5)
        raise RuntimeError("stopped")

    def upload(self, file):
        """The id of the media that was finalized in the end."""
        key = str(uuid.uuid4())
        while True:
            created = self.persist(lambda: self.announce(file, key))
            media_id = created["media"]["id"]
            # 412: an earlier try, whose answer was lost, has stored the bytes.
            self.persist(lambda: put(created["upload"], file.body).status_code in (200, 412) or None)
            answer = self.persist(lambda: self.only(self.client.finalize(media_id), 200, 409))
            if "media" in answer:
                return media_id

    def announce(self, file, key):
        """Asked again and again, there is one; 409: the killed one's transaction has not ended yet."""
        response = self.client.announce(file, key)
        return None if response.status_code == 409 else self.only(response, 201)

    @staticmethod
    def only(response, *statuses):
        assert response.status_code in statuses or response.status_code >= 500, response.text
        return response.json() if response.status_code in statuses else None


def kill(stack, victim, chance):
    if victim == "worker":
        workers = stack.workers()
        if workers:
            try:
                os.kill(chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has just been replaced
        return
    stack.ctl("kill", victim)
    time.sleep(chance.uniform(0, 2))
    stack.restart(victim) if victim not in SERVICES else stack.ctl("start", victim)


def log(began, text):
    print(f"{time.monotonic() - began:6.1f} s  {text}", flush=True)


def test_nothing_is_lost(stack):
    seed = int(os.environ.get("PIERROT_CHAOS_SEED") or random.SystemRandom().randrange(10**6))
    print(f"\nPIERROT_CHAOS_SEED={seed}")
    chance = random.Random(seed)
    photos = [pictures.noisy(chance.random(), chance.randint(100, 300)) for _ in range(PHOTOS)]
    before = {media_id for media_id, in stack.sql("select id::text from media.media")}
    stop, began, ids, failures = threading.Event(), time.monotonic(), [], []
    clients = [PersistentClient(stack, stop) for _ in range(CLIENTS)]
    # Photos are spread over the whole time of the killing, so that each kill meets some under way.
    due = sorted(chance.uniform(0, KILLING_S) for _ in photos)
    queue = list(zip(due, photos))[::-1]
    lock = threading.Lock()

    def work(client):
        try:
            while not stop.is_set():
                with lock:
                    if not queue:
                        return
                    at, photo = queue.pop()
                stop.wait(max(0, began + at - time.monotonic()))
                media_id = client.upload(photo)
                with lock:
                    ids.append((media_id, photo))
        except Exception as failure:  # shown by the test itself
            failures.append(repr(failure))

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        victims = VICTIMS[:]
        chance.shuffle(victims)
        for number, victim in enumerate(victims):
            moment = began + (number + chance.uniform(0.2, 0.8)) * KILLING_S / len(victims)
            time.sleep(max(0, moment - time.monotonic()))
            log(began, f"kill -9 {victim}: {len(ids)} photos finalized")
            kill(stack, victim, chance)
        for name in SERVICES:
            eventually(lambda: stack.ready(name), 60, 0.2, f"{name} is ready again")
        for thread in threads:
            thread.join(90)
    finally:
        stop.set()
    assert not failures, failures
    log(began, f"{len(ids)} photos finalized, {sum(c.retries for c in clients)} retries")
    assert len(ids) == PHOTOS and len({media_id for media_id, _ in ids}) == PHOTOS

    faults = invariants.settle(stack, 120)
    log(began, "settled")
    states = dict(stack.sql("select id::text, state from media.media"))
    faults += [f"{media_id} is {states.get(media_id)}" for media_id, _ in ids if states.get(media_id) != "ready"]
    # A create whose answer was lost was asked again by its key: none is left over, none came twice.
    wanted = before | {media_id for media_id, _ in ids}
    faults += [f"{media_id} is {state}, and nobody's" for media_id, state in states.items()
               if media_id not in wanted]
    faults += invariants.check(stack)
    log(began, "checked")
    assert not faults, f"seed {seed}: {len(faults)} faults:\n" + "\n".join(faults[:30])

    client = Client(stack.gateway_url, stack.token)
    for media_id, photo in chance.sample(ids, 20):
        assert requests.get(client.media(media_id)["download"]["url"], timeout=20).content == photo.body
