"""Events through the gateway: made, changed, filled, emptied, expired, brought back, and taken apart to the last row."""

import contextlib
import os
import random
import secrets
import signal
import threading
import time
import uuid

import psycopg
import pytest
import requests

import pictures
from client import Person, check_problem, put
from stack import eventually
from test_multipart import uploads_under_way

WEEK = 604800
NOBODYS_ID = str(uuid.UUID(int=1))


class Photographer:
    """Somebody with events."""

    def __init__(self, stack):
        person = Person(stack)
        person.log_in()
        self.id, self.name, self.client = person.id, person.name, person.client()

    def request(self, method, path="", **options):
        return self.client.request(method, "/api/events" + path, **options)

    def create(self, name="Wedding", **members):
        response = self.request("POST", json={"name": name, **members})
        assert response.status_code == 201, response.text
        return response.json()["event"]

    def event(self, event_id):
        response = self.request("GET", f"/{event_id}")
        assert response.status_code == 200, response.text
        return response.json()["event"]

    def change(self, event_id, **members):
        response = self.request("PATCH", f"/{event_id}", json=members)
        assert response.status_code == 200, response.text
        return response.json()["event"]

    def photos(self, event_id, **query):
        response = self.request("GET", f"/{event_id}/media", params=query)
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]

    def link(self, event_id, *media_ids):
        return self.request("PUT", f"/{event_id}/media", json={"media_ids": media_ids})

    def bring(self, event_id, file=None):
        """A ready photo that was uploaded to the event."""
        file = file or pictures.small()
        created = self.client.create(file, event_id=event_id)
        assert put(created["upload"], file.body).status_code == 200
        assert self.client.finalize(created["media"]["id"]).status_code == 200
        media = self.client.wait(created["media"]["id"])
        assert media["state"] == "ready"
        return media


@pytest.fixture(scope="module")
def anna(stack):
    return Photographer(stack)


@pytest.fixture(scope="module")
def ben(stack):
    return Photographer(stack)


# --- making and changing ---

@pytest.mark.smoke
def test_a_new_event(anna, stack):
    event = anna.create("Été à la plage")
    assert event["slug"] == "ete-a-la-plage"
    assert event["public_url"] == f"{stack.gateway_url}/{anna.name}/{event['slug']}"
    assert event["prefix"] == f"{anna.id}/{event['id']}/"
    assert (event["seconds_to_live"], event["expired"], event["photos"]) == (WEEK, False, 0)
    assert event["download"] and event["originals"]
    assert event["cover_id"] is None and "cover_url" not in event
    seconds, = stack.sql("select extract(epoch from expires_at - created_at)::int from media.event where id = %s",
                         event["id"])[0]
    assert seconds == WEEK
    assert anna.event(event["id"]) == event
    assert anna.request("GET").json()["items"][0] == event


def test_slugs(anna, ben):
    first, second = anna.create("Garden party"), anna.create("Garden party")
    assert first["slug"] == "garden-party" and second["slug"].startswith("garden-party-")
    check_problem(anna.request("POST", json={"name": "Another", "slug": "garden-party"}), 409, "slug")
    check_problem(anna.request("PATCH", f"/{second['id']}", json={"slug": "garden-party"}), 409, "slug")
    assert ben.create("Garden party")["slug"] == "garden-party"
    assert anna.create("Chosen", slug="my-own-2026")["slug"] == "my-own-2026"
    assert anna.change(second["id"], slug="another-address")["public_url"].endswith("/another-address")
    assert anna.create("日本")["slug"].startswith("event")


@pytest.mark.parametrize("members, field", [
    ({}, "name"), ({"name": ""}, "name"), ({"name": "x" * 201}, "name"), ({"name": "a\u202eb"}, "name"),
    ({"name": "a", "slug": "-a"}, "slug"), ({"name": "a", "slug": "A"}, "slug"),
    ({"name": "a", "slug": "a/b"}, "slug"), ({"name": "a", "slug": "a" * 65}, "slug"), ({"name": "a", "slug": ""}, "slug"),
    ({"name": "a", "seconds_to_live": 3599}, "seconds_to_live"),
    ({"name": "a", "seconds_to_live": 5 * 366 * 86400 + 1}, "seconds_to_live"),
    ({"name": "a", "download": "yes"}, "download"), ({"name": "a", "cover_id": None}, "cover_id"),
])
def test_what_is_wrong_is_named(anna, members, field):
    check_problem(anna.request("POST", json=members), 400, field)


def test_changes(anna):
    event = anna.create("Before", seconds_to_live=7200)
    changed = anna.change(event["id"], name="After", download=False, originals=False)
    assert changed == {**event, "name": "After", "download": False, "originals": False}
    assert anna.change(event["id"]) == changed
    for _ in range(2):  # asking twice prolongs nothing
        changed = anna.change(event["id"], seconds_to_live=WEEK)
        assert (changed["seconds_to_live"], changed["created_at"]) == (WEEK, event["created_at"])
    check_problem(anna.request("PATCH", f"/{event['id']}", json={"cover_id": NOBODYS_ID}), 422, "cover_id")
    check_problem(anna.request("PATCH", f"/{event['id']}", json={"id": NOBODYS_ID}), 400, "id")


def test_with_a_key_there_is_one(anna):
    key, body = str(uuid.uuid4()), {"name": "Once"}
    first, again = (anna.request("POST", json=body, headers={"idempotency-key": key}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and again.headers["idempotent-replayed"] == "true"
    check_problem(anna.request("POST", json={"name": "Other"}, headers={"idempotency-key": key}), 422,
                  "idempotency-key")
    assert anna.request("DELETE", f"/{first.json()['event']['id']}").status_code == 204
    check_problem(anna.request("POST", json=body, headers={"idempotency-key": key}), 410, "idempotency-key")


def test_list(stack):
    someone = Photographer(stack)
    ids = [someone.create(f"Event {i}")["id"] for i in range(5)]
    found, query = [], {"limit": 2}
    while True:
        page = someone.request("GET", params=query).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == ids[::-1]


# --- photos ---

def test_upload_to_an_event(anna, stack):
    event = anna.create("Uploads")
    media = anna.bring(event["id"])
    assert media["event_id"] == event["id"]
    objects = stack.objects(event["prefix"])
    assert len(objects) == 3 and all(key.startswith(f"{event['prefix']}{media['id']}/") for key in objects)
    assert anna.photos(event["id"]) == [media["id"]]
    seen = anna.event(event["id"])
    assert seen["photos"] == 1
    assert requests.get(seen["cover_url"], timeout=10).headers["content-type"] == "image/webp"
    assert anna.change(event["id"], cover_id=media["id"])["cover_id"] == media["id"]
    assert anna.change(event["id"], cover_id=None)["cover_id"] is None
    assert anna.client.bring(pictures.small())["event_id"] is None
    # As any other media it can be deleted by itself.
    anna.change(event["id"], cover_id=media["id"])
    assert anna.client.delete(media["id"]).status_code == 204
    seen = anna.event(event["id"])
    assert (seen["photos"], seen["cover_id"]) == (0, None) and "cover_url" not in seen


def test_upload_to_what_is_no_event(anna, ben):
    theirs, gone = ben.create("Theirs")["id"], anna.create("Gone")["id"]
    assert anna.request("DELETE", f"/{gone}").status_code == 204
    for event_id in (NOBODYS_ID, theirs, gone):
        check_problem(anna.client.announce(pictures.small(), event_id=event_id), 404, "event_id")
    for wrong in ("x", 7, str(uuid.UUID(int=0))):
        check_problem(anna.client.announce(pictures.small(), event_id=wrong), 400, "event_id")
    key = str(uuid.uuid4())  # a refused one uses no key up
    check_problem(anna.client.announce(pictures.small(), key, event_id=gone), 404, "event_id")
    assert anna.client.announce(pictures.small(), key).status_code == 201


def test_link_and_unlink(anna, stack):
    event, other = anna.create("Linked"), anna.create("Other")
    library = [anna.client.bring(pictures.small())["id"] for _ in range(3)]
    uploaded = anna.bring(event["id"])["id"]
    assert anna.link(event["id"], *library[:2]).json() == {"linked": 2}
    assert anna.link(event["id"], *library, uploaded).json() == {"linked": 1}
    assert anna.photos(event["id"]) == [uploaded] + library[::-1]
    assert anna.photos(event["id"], state="created") == [] and len(anna.photos(event["id"], limit=2)) == 2
    assert anna.link(other["id"], library[0]).json() == {"linked": 1}

    check_problem(anna.link(other["id"], library[1], uploaded, NOBODYS_ID), 422, "media_ids")
    assert anna.photos(other["id"]) == [library[0]]
    check_problem(anna.link(other["id"]), 400, "media_ids")
    check_problem(anna.link(other["id"], "x"), 400, "media_ids")
    check_problem(anna.link(other["id"], library[1], library[1]), 400, "media_ids")
    many = [str(uuid.UUID(int=i)) for i in range(501)]
    check_problem(anna.link(other["id"], *many), 400, "media_ids")
    check_problem(anna.link(other["id"], *many[:500]), 422, "media_ids")

    assert anna.request("DELETE", f"/{event['id']}/media/{library[0]}").status_code == 204
    check_problem(anna.request("DELETE", f"/{event['id']}/media/{library[0]}"), 404)
    assert anna.client.media(library[0])["state"] == "ready" and anna.photos(other["id"]) == [library[0]]
    assert anna.request("DELETE", f"/{event['id']}/media/{uploaded}").status_code == 204
    check_problem(anna.client.fetch(uploaded), 404)
    assert anna.photos(event["id"]) == [library[2], library[1]]
    assert anna.client.delete(library[1]).status_code == 204
    assert anna.photos(event["id"]) == [library[2]]
    eventually(lambda: not stack.objects(event["prefix"]), 60, 0.2, "the deleted photo's objects go")


def test_what_could_be_linked(stack, ben):
    someone = Photographer(stack)
    event, other = someone.create("One"), someone.create("Other")
    library = [someone.client.bring(pictures.small())["id"] for _ in range(3)]
    someone.bring(event["id"])
    someone.bring(other["id"])
    assert someone.link(event["id"], library[1]).status_code == 200

    def linkable(event_id, **query):
        return [media["id"] for page in someone.client.pages(linkable_to=event_id, **query) for media in page]
    assert linkable(event["id"], limit=1) == [library[2], library[0]]
    assert linkable(other["id"], state="ready") == library[::-1]
    assert linkable(event["id"], state="created") == []
    assert linkable(ben.create("Theirs")["id"]) == library[::-1]  # it has nothing of hers
    for wrong in ("x", str(uuid.UUID(int=0))):
        check_problem(someone.client.request("GET", f"/api/media?linkable_to={wrong}"), 400, "linkable_to")


def test_strangers_find_nothing(anna, ben):
    event = anna.create("Mine")
    photo = anna.client.bring(pictures.small())["id"]
    assert anna.link(event["id"], photo).status_code == 200
    path = f"/{event['id']}"
    check_problem(ben.request("GET", path), 404)
    check_problem(ben.request("PATCH", path, json={"name": "Ours"}), 404)
    check_problem(ben.request("DELETE", path), 404)
    check_problem(ben.request("GET", path + "/media"), 404)
    check_problem(ben.link(event["id"], ben.client.bring(pictures.small())["id"]), 404)
    check_problem(ben.request("DELETE", f"{path}/media/{photo}"), 404)
    check_problem(ben.link(ben.create("Theirs")["id"], photo), 422, "media_ids")
    assert event["id"] not in [item["id"] for item in ben.request("GET").json()["items"]]
    assert anna.event(event["id"])["photos"] == 1


# --- the end ---

class Doomed:
    """An event with photos of its own and one of the library, and all that there is of it."""

    def __init__(self, photographer, stack, count=3):
        self.who, self.stack = photographer, stack
        self.event = photographer.create("Doomed")
        self.id = self.event["id"]
        self.linked = photographer.client.bring(pictures.small())["id"]
        assert photographer.link(self.id, self.linked).status_code == 200
        self.photos = [photographer.bring(self.id)["id"] for _ in range(count)]
        waiting = photographer.client.create(pictures.small(), event_id=self.id)
        self.photos.append(waiting["media"]["id"])  # its upload never comes
        film = photographer.client.announce(pictures.small(), size=64 << 20, content_type="video/mp4", filename="a.mp4",
                                            multipart=True, event_id=self.id).json()["media"]
        begun = photographer.client.request("POST", f"/api/media/{film['id']}/parts",
                                            json={"parts": [{"number": 1, "sha256": film["sha256"]}]})
        assert begun.status_code == 200
        self.photos.append(film["id"])  # nor its parts
        for all_of_it in (True, False):
            stack.sql("with c as (insert into media.code (id, event_id, batch_id, access_code, label, opens_all, "
                      "created_at) values (gen_random_uuid(), %s, gen_random_uuid(), %s, 'Anna', %s, now()) "
                      "returning id, event_id) insert into media.code_media select c.id, event_id, media_id "
                      "from c join media.event_media using (event_id)", self.id, f"CODE{all_of_it}", all_of_it)
        stack.sql("insert into media.selection select gen_random_uuid(), id, '', %s::uuid[], now() from media.code "
                  "where event_id = %s returning id", self.photos, self.id)
        assert 0 not in self.left()

    def left(self):
        """How much there is in the bucket, whole and in parts, in the tables of media and of the thumbnailer (but that a
        media was deleted, which it remembers), in Redis."""
        of_event = "select count(*) from media.{} where event_id = %s"
        ids = [self.id, *self.photos]
        return (len(self.stack.objects(self.event["prefix"])),
                self.stack.sql("select count(*) from media.selection s join media.code c on c.id = s.code_id "
                               "where c.event_id = %s", self.id)[0][0],
                sum(len(uploads_under_way(self.stack, media_id)) for media_id in self.photos),
                self.stack.sql("select count(*) from media.event where id = %s", self.id)[0][0],
                *(self.stack.sql(of_event.format(table), self.id)[0][0]
                  for table in ("media", "event_media", "code", "code_media")),
                self.stack.sql("select count(*) from thumbnailer.rendition_set where media_id = any(%s) "
                               "and state <> 'deleted'", self.photos)[0][0],
                sum(any(text in key.decode() for text in ids) for key in self.stack.redis().scan_iter()))

    def check_gone(self):
        eventually(lambda: not any(self.left()), 60, 0.2, f"all of it goes, not {self.left()}")
        for media_id in self.photos:
            check_problem(self.who.client.fetch(media_id), 404)
        assert self.who.client.media(self.linked)["state"] == "ready"
        waiting = self.stack.sql("select kind from media.job where subject = %s and state <> 'done' "
                                 "and state <> 'cancelled'", self.id)
        assert waiting == []


def turn_clock(stack, event_id, seconds):
    """The event and its job are so much older."""
    stack.sql("update media.event set created_at = created_at - %s * interval '1 second', "
              "expires_at = expires_at - %s * interval '1 second' where id = %s", seconds, seconds, event_id)
    stack.sql("update media.job set run_at = run_at - %s * interval '1 second' where subject = %s "
              "and kind = 'purge_event' and state = 'waiting'", seconds, event_id)


@pytest.mark.smoke
def test_deleted_to_the_last_row(anna, stack):
    doomed = Doomed(anna, stack)
    assert anna.request("DELETE", f"/{doomed.id}").status_code == 204
    for method, path, body in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "/media", None),
                               ("PUT", "/media", {"media_ids": [doomed.linked]})):
        check_problem(anna.request(method, f"/{doomed.id}{path}", json=body), 404)
    doomed.check_gone()
    assert anna.create("Doomed")["slug"] == doomed.event["slug"]  # the address is free


def test_expired_and_brought_back(anna, stack):
    event = anna.create("Short", seconds_to_live=3600)
    photo = anna.bring(event["id"])["id"]
    turn_clock(stack, event["id"], 3601)
    assert anna.event(event["id"])["expired"] is True
    back = anna.change(event["id"], seconds_to_live=7200)
    assert back["expired"] is False and anna.photos(event["id"]) == [photo]
    waits = "select count(*) from media.job where subject = %s and kind = 'purge_event' and state = 'waiting'"
    assert stack.sql(waits, event["id"]) == [(1,)]
    assert anna.change(event["id"], seconds_to_live=3600)["expired"] is True  # it may end in the past
    # While it is not deleted, its owner may go on as before.
    assert anna.client.announce(pictures.small(), event_id=event["id"]).status_code == 201
    assert anna.event(event["id"])["photos"] == 2


def test_expiry_takes_everything(anna, stack):
    doomed = Doomed(anna, stack)
    grace = int(stack.service_env("media").get("PIERROT_EVENT_GRACE_S", "86400"))
    turn_clock(stack, doomed.id, WEEK + 5)
    assert anna.event(doomed.id)["expired"] is True
    turn_clock(stack, doomed.id, grace)
    doomed.check_gone()
    check_problem(anna.request("GET", f"/{doomed.id}"), 404)


def test_a_job_that_comes_too_early_waits_again(anna, stack):
    """As when the time to bring events back was made longer."""
    event = anna.create("Early")
    stack.sql("update media.job set run_at = now() where subject = %s and state = 'waiting'", event["id"])
    job = "select count(*) from media.job where subject = %s and state = %s"
    eventually(lambda: stack.sql(job, event["id"], "done") == [(1,)], 20, 0.2, "the job ends")
    assert stack.sql(job, event["id"], "waiting") == [(1,)]
    assert anna.event(event["id"]) == event


@contextlib.contextmanager
def held_up(stack):
    """A removal gets as far as its message, and waits there."""
    with psycopg.connect(stack.env["PIERROT_DATABASE_URL"]) as connection:
        connection.execute("lock table media.outbox in exclusive mode")
        yield


@contextlib.contextmanager
def jobs_held_up(stack):
    """Who starts now begins with none of them."""
    with psycopg.connect(stack.env["PIERROT_DATABASE_URL"]) as connection:
        connection.execute("lock table media.job, thumbnailer.job in exclusive mode")
        yield


def waits(stack, table="media.outbox"):
    return stack.sql("select count(*) from pg_locks where not granted and relation = %s::regclass", table)[0][0]


def test_extended_at_the_moment_it_goes(anna, stack):
    """The end comes between the change's look and its lock: there is no event any more, and no word of a cover."""
    event = anna.create()
    answers = []
    change = threading.Thread(target=lambda: answers.append(
        anna.request("PATCH", f"/{event['id']}", json={"seconds_to_live": 2 * WEEK})))
    with psycopg.connect(stack.env["PIERROT_DATABASE_URL"]) as connection:
        connection.execute("update media.event set deleting = true where id = %s", (event["id"],))
        change.start()
        eventually(lambda: stack.sql("select count(*) from pg_locks where not granted")[0][0], 10, 0.01, "it waits")
    change.join()
    check_problem(answers[0], 404)
    stack.sql("update media.event set deleting = false where id = %s", event["id"])
    assert anna.request("DELETE", f"/{event['id']}").status_code == 204


@pytest.mark.parametrize("moment", ["before", "after"])
def test_media_killed_while_it_purges(anna, stack, moment):
    """Killed with a batch in hand, before its commit or after it; whoever starts next finishes."""
    doomed = Doomed(anna, stack)
    with held_up(stack):
        assert anna.request("DELETE", f"/{doomed.id}").status_code == 204
        eventually(lambda: waits(stack), 10, 0.01, "the removal waits")
        stack.ctl("kill", "media")
        if moment == "before":
            stack.sql("select pg_terminate_backend(pid) from pg_locks where not granted "
                      "and relation = 'media.outbox'::regclass")
    stack.sql("update media.job set lease_until = now() where subject = %s and state = 'leased'", doomed.id)
    stack.restart("media")
    eventually(lambda: stack.ready("media"), 30, 0.1, "media is ready")
    doomed.check_gone()


def test_killed_again_and_again_while_it_expires(anna, stack):
    """Both that work at it, a moment after they began to; nothing stays in any store."""
    doomed = Doomed(anna, stack, count=20)
    grace = int(stack.service_env("media").get("PIERROT_EVENT_GRACE_S", "86400"))
    seed = os.environ.get("PIERROT_CHAOS_SEED") or secrets.token_hex(4)
    chance, workers = random.Random(seed), ("media", "thumbnailer")
    for name in workers:
        stack.ctl("kill", name)
    turn_clock(stack, doomed.id, WEEK + grace + 5)
    for _ in range(5):
        with jobs_held_up(stack):
            for name in workers:
                stack.ctl("start", name)
            pids = [stack.pid(name) for name in workers]
            eventually(lambda: waits(stack, "media.job") and waits(stack, "thumbnailer.job"), 30, 0.05, "both wait")
        time.sleep(chance.uniform(0, 0.15))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for name in workers:
            stack.sql(f"update {name}.job set lease_until = now() where state = 'leased'")
            stack.sql(f"update {name}.job set run_at = now() where state = 'waiting' and attempts > 0")
        print(f"PIERROT_CHAOS_SEED={seed}: killed at {doomed.left()}")
    for name in workers:
        stack.restart(name)
    doomed.check_gone()


def test_uploads_while_it_is_deleted(anna, stack):
    """At the same moment: each is refused, or goes with the event."""
    event = anna.create("Race")
    answers, start = [], threading.Barrier(9)

    def announce():
        file = pictures.small()
        start.wait()
        answers.append(requests.post(
            anna.client.url + "/api/media", timeout=30, headers=dict(anna.client.http.headers),
            json={"filename": "a.jpg", "content_type": "image/jpeg", "size": len(file.body),
                  "sha256": "0" * 64, "event_id": event["id"]}).status_code)
    threads = [threading.Thread(target=announce) for _ in range(8)]
    for thread in threads:
        thread.start()
    start.wait()
    assert anna.request("DELETE", f"/{event['id']}").status_code == 204
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 404}
    eventually(lambda: stack.sql("select (select count(*) from media.event where id = %s) + "
                                 "(select count(*) from media.media where event_id = %s)",
                                 event["id"], event["id"]) == [(0,)], 30, 0.2, "all of it goes")


def test_a_deleted_account_has_no_events(stack):
    person = Person(stack)
    person.log_in()
    someone = Photographer.__new__(Photographer)
    someone.id, someone.name, someone.client = person.id, person.name, person.client()
    event = someone.create("Last one")
    someone.bring(event["id"])
    gone = person.request("DELETE", "/api/accounts/me")
    assert gone.status_code == 204, gone.text
    eventually(lambda: not stack.objects(person.id + "/"), 60, 0.2, "its objects go")
    eventually(lambda: stack.sql("select count(*) from media.event where owner_id = %s", person.id) == [(0,)],
               30, 0.2, "its events go")
