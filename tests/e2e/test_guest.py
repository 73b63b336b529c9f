"""Guests: who has an access code sees the photos it opens, as long as it does, and nothing else."""

import json
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

import pictures
from client import check_problem, new_account, put
from edge import Gateway

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def guess():
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


class Guest:
    """A program, or with token None whoever has not entered yet."""

    def __init__(self, url, event, token=None, **headers):
        self.base, self.token = f"{url}/api/guest/{event.address}", token
        self.headers = {**headers, **({"authorization": f"Bearer {token}"} if token else {})}

    def get(self, path="", **options):
        return requests.get(self.base + path, headers=self.headers, timeout=30, **options)

    def photos(self):
        answer = self.get()
        assert answer.status_code == 200, answer.text
        return answer.json()["photos"]

    def ids(self):
        return [photo["id"] for photo in self.photos()]

    def enter(self, access_code, **options):
        return requests.post(f"{self.base}/access", json={"access_code": access_code}, headers=self.headers, timeout=30,
                             **options)


class Event:
    """An event with four photos, the oldest first: one uploaded to it, three from the library."""

    def __init__(self, stack, **members):
        self.url = stack.gateway_url
        self.owner = new_account(stack)
        response = self.owner.request("POST", "/api/events", json={"name": "Wedding of Anna & Ben", **members})
        assert response.status_code == 201, response.text
        self.event = response.json()["event"]
        self.path = f"/api/events/{self.event['id']}"
        self.address = self.event["public_url"].split("/", 3)[3]
        self.files = [pictures.small(side=40 + 8 * n) for n in range(4)]
        created = self.owner.create(self.files[0], event_id=self.event["id"])
        assert put(created["upload"], self.files[0].body).status_code == 200
        self.ids = [created["media"]["id"]] + [self.owner.upload(file) for file in self.files[1:]]
        assert self.owner.finalize(self.ids[0]).status_code == 200
        self.media = [self.owner.wait(i) for i in self.ids]
        linked = self.owner.request("PUT", self.path + "/media", json={"media_ids": self.ids[1:]})
        assert linked.status_code == 200, linked.text

    def change(self, **change):
        response = self.owner.request("PATCH", self.path, json=change)
        assert response.status_code == 200, response.text

    def code(self, **members):
        response = self.owner.request("POST", self.path + "/codes", json={"label": "Table 4", **members})
        assert response.status_code == 201, response.text
        return response.json()["code"]

    def change_code(self, code, **change):
        response = self.owner.request("PATCH", f"{self.path}/codes/{code['id']}", json=change)
        assert response.status_code == 200, response.text

    def used(self, code):
        return self.owner.request("GET", f"{self.path}/codes/{code['id']}").json()["code"]

    def guest(self, code, **headers):
        """Who typed the code."""
        entered = Guest(self.url, self, **headers).enter(code["access_code"])
        assert entered.status_code == 200, entered.text
        return Guest(self.url, self, entered.json()["token"], **headers)


@pytest.fixture(scope="module")
def event(stack):
    return Event(stack)


@pytest.fixture
def fresh(stack):
    """An event of the test's own."""
    return Event(stack)


# --- what a code opens ---

def test_a_guest_sees_exactly_the_chosen_photos(event):
    code = event.code(media_ids=[event.ids[3], event.ids[1]])
    guest = event.guest(code)
    answer = guest.get().json()
    assert answer["event"] == {"name": "Wedding of Anna & Ben", "expires_at": event.event["expires_at"],
                               "download": True, "originals": True}
    assert answer["label"] == "Table 4"
    assert [photo["id"] for photo in answer["photos"]] == [event.ids[1], event.ids[3]]
    for photo, n in zip(answer["photos"], (1, 3)):
        media = event.media[n]
        assert {k: photo[k] for k in ("filename", "content_type", "size", "width", "height", "placeholder", "kind")} == {
            k: media[k] for k in ("filename", "content_type", "size", "width", "height", "placeholder", "kind")}
        preview = requests.get(photo["preview_url"], timeout=10)
        assert preview.status_code == 200 and preview.headers["content-type"] == "image/webp"
    for n in (0, 2):
        check_problem(guest.get(f"/photos/{event.ids[n]}"), 404)
    check_problem(guest.get("/photos/nonsense"), 400, "id")
    check_problem(guest.get(f"/photos/{event.ids[1]}?for=fun"), 400, "for")


def test_a_code_for_all_opens_later_ones_too(fresh):
    guest = fresh.guest(fresh.code(all=True))
    assert guest.ids() == fresh.ids
    later = fresh.owner.bring(pictures.small(side=120))["id"]
    assert fresh.owner.request("PUT", fresh.path + "/media", json={"media_ids": [later]}).status_code == 200
    assert guest.ids() == fresh.ids + [later]


def test_what_is_saved_is_the_original_and_counts(event):
    code = event.code(media_ids=event.ids[:2])
    guest = event.guest(code)
    shown = guest.get(f"/photos/{event.ids[0]}?for=view").json()
    assert "download" not in shown and event.used(code)["downloads"] == 0
    assert requests.get(shown["large"]["url"], timeout=10).headers["content-type"] == "image/jpeg"
    saved = guest.get(f"/photos/{event.ids[0]}").json()["download"]
    body = requests.get(saved["url"], timeout=10)
    assert body.content == event.files[0].body and saved["size"] == len(body.content)
    assert event.files[0].name in body.headers["content-disposition"]
    assert event.used(code)["downloads"] == 1 and event.used(code)["opens"] == 1
    check_problem(guest.get(f"/photos/{event.ids[3]}"), 404)
    assert requests.head(f"{guest.base}/photos/{event.ids[0]}", headers=guest.headers, timeout=10).status_code == 200
    assert event.used(code)["downloads"] == 1


def test_watching_a_video_is_no_download(fresh):
    film = pictures.committed("clip.mp4")
    media = fresh.owner.bring(film)
    assert fresh.owner.request("PUT", fresh.path + "/media", json={"media_ids": [media["id"]]}).status_code == 200
    code = fresh.code(media_ids=[media["id"]])
    guest = fresh.guest(code)
    path = f"/photos/{media['id']}?for=view"
    shown = guest.get(path).json()
    assert "download" not in shown
    watched = requests.get(shown["video"]["url"], headers={"range": "bytes=100-"}, timeout=10)
    assert watched.status_code == 206 and watched.content == film.body[100:]
    assert watched.headers["content-type"] == shown["video"]["content_type"] == "video/mp4"
    assert "attachment" not in watched.headers.get("content-disposition", "")
    assert fresh.used(code)["downloads"] == 0
    fresh.change(originals=False)
    assert "video" in guest.get(path).json(), "of a video there is nothing else"
    fresh.change(download=False)
    answer = guest.get(path)
    assert answer.status_code == 200 and "video" not in answer.json() and "clip.mp4?" not in answer.text
    fresh.change(download=True)
    assert "video" in guest.get(path).json()


def test_a_page_can_resume_what_it_downloads(stack, event):
    """The store tells it what it needs for that."""
    guest = event.guest(event.code(all=True))
    url = guest.get(f"/photos/{event.ids[0]}").json()["download"]["url"]
    page = {"origin": stack.gateway_url}
    asked = requests.options(url, timeout=10, headers={**page, "access-control-request-method": "GET",
                                                       "access-control-request-headers": "if-range,range"})
    assert asked.status_code == 200 and asked.headers["access-control-allow-origin"] == stack.gateway_url
    rest = requests.get(url, headers={**page, "range": "bytes=20-"}, timeout=10)
    assert rest.status_code == 206 and rest.content == event.files[0].body[20:]
    exposed = {name.strip().lower() for name in rest.headers["access-control-expose-headers"].split(",")}
    assert {"etag", "accept-ranges", "content-range", "content-disposition"} <= exposed


def keys_of(stack, event):
    return [key for key, in stack.sql("select object_key from media.media where id = any(%s::uuid[])", event.ids)]


def test_for_looking_only_and_without_originals(stack, fresh):
    guest = fresh.guest(fresh.code(all=True))
    fresh.change(originals=False)
    saved = guest.get(f"/photos/{fresh.ids[0]}")
    answers = guest.get().text + saved.text
    download = saved.json()["download"]
    body = requests.get(download["url"], timeout=10)
    assert body.headers["content-type"] == "image/jpeg" and body.content != fresh.files[0].body
    assert len(body.content) == download["size"] == saved.json()["photo"]["size"]
    fresh.change(download=False)
    check_problem(guest.get(f"/photos/{fresh.ids[0]}"), 403)
    answers += guest.get().text + guest.get(f"/photos/{fresh.ids[0]}?for=view").text
    for key in keys_of(stack, fresh):
        assert key not in answers and key.rsplit("/", 1)[1] not in [u.split("?")[0].rsplit("/", 1)[1] for u in urls(answers)]


def urls(text):
    return [part.split('"')[0] for part in text.split('"http')[1:]]


def test_no_answer_says_more_than_it_must(event):
    """No EXIF, no checksum, no key, no other codes, no totals."""
    other = event.code(label="Somebody else", media_ids=event.ids[:1])
    code = event.code(media_ids=event.ids[1:2])
    entered = Guest(event.url, event).enter(code["access_code"])
    assert entered.json().keys() == {"token", "expires_at", "event"}
    assert entered.json()["event"].keys() == {"name", "expires_at"}
    guest = event.guest(code)
    listed, one = guest.get(), guest.get(f"/photos/{event.ids[1]}?for=view")
    assert listed.json().keys() == {"event", "label", "photos"}
    assert listed.json()["photos"][0].keys() == one.json()["photo"].keys() <= {
        "id", "kind", "filename", "content_type", "size", "width", "height", "placeholder", "preview_url"}
    for answer in (entered, listed, one):
        text = answer.text.lower()
        hidden = [other["id"], other["access_code"], other["label"], event.media[1]["sha256"], code["access_code"], "exif",
                  "gps", "\"sha256", "object_key", event.ids[0], event.ids[2]]
        assert [word for word in hidden if word.lower() in text] == []
    for answer in (entered, listed, one, guest.get("/photos/" + event.ids[0]), Guest(event.url, event).get()):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert answer.headers["referrer-policy"] == "no-referrer"


# --- coming in ---

def test_however_the_code_is_typed(event):
    code = event.code(all=True)
    typed = code["access_code"]
    for text in (typed.lower(), f" {typed[:3]} {typed[3:]}\n", "-".join(typed), f"{typed[:2]}\t{typed[2:].lower()}"):
        assert Guest(event.url, event).enter(text).status_code == 200, text
    assert event.used(code)["opens"] == 4
    for body, field in (({}, "access_code"), ({"access_code": 7}, "access_code"), ({"access_code": typed, "x": 1}, "x"),
                        ({"access_code": "A" * 129}, "access_code")):
        check_problem(requests.post(f"{event.url}/api/guest/{event.address}/access", json=body, timeout=10), 400, field)


def test_the_cookie_is_for_this_event_alone(event):
    code = event.code(all=True)
    browser = requests.Session()
    entered = browser.post(f"{event.url}/api/guest/{event.address}/access", json={"access_code": code["access_code"]},
                           timeout=10)
    cookie = entered.headers["set-cookie"]
    name, *attributes = cookie.split("; ")
    assert name == "pierrot_guest=" + entered.json()["token"]
    assert {f"Path=/api/guest/{event.address}", "HttpOnly", "SameSite=Lax"} < set(attributes)
    assert "Max-Age=34560000" in attributes and "Secure" not in attributes, "the event may be extended"
    seen = browser.get(f"{event.url}/api/guest/{event.address}", timeout=10)
    assert [photo["id"] for photo in seen.json()["photos"]] == event.ids
    assert entered.json()["expires_at"] == event.event["expires_at"]


def test_another_sites_page_lets_nobody_in(event):
    code = event.code(all=True)
    check_problem(Guest(event.url, event, origin="https://evil.example").enter(code["access_code"]), 403)
    assert event.used(code)["opens"] == 0


# --- going out ---

def test_revoked_is_out_at_once(fresh):
    code = fresh.code(all=True)
    guest = fresh.guest(code)
    for path in ("", f"/photos/{fresh.ids[0]}?for=view", f"/photos/{fresh.ids[0]}"):
        assert guest.get(path).status_code == 200
    fresh.change_code(code, revoked=True)
    for path in ("", f"/photos/{fresh.ids[0]}?for=view", f"/photos/{fresh.ids[0]}"):
        check_problem(guest.get(path), 401)
    check_problem(Guest(fresh.url, fresh).enter(code["access_code"]), 401, "access_code")
    fresh.change_code(code, revoked=False)
    assert guest.get().status_code == 200


def test_a_photo_that_is_taken_away_is_gone_at_once(fresh):
    code = fresh.code(media_ids=fresh.ids)
    guest, every = fresh.guest(code), fresh.guest(fresh.code(all=True))
    fresh.change_code(code, remove=[fresh.ids[1]])
    assert guest.ids() == [fresh.ids[0], fresh.ids[2], fresh.ids[3]]
    check_problem(guest.get(f"/photos/{fresh.ids[1]}"), 404)
    assert fresh.owner.request("DELETE", f"{fresh.path}/media/{fresh.ids[2]}").status_code == 204
    assert fresh.owner.request("DELETE", f"/api/media/{fresh.ids[0]}").status_code == 204
    assert guest.ids() == [fresh.ids[3]]
    assert every.ids() == [fresh.ids[1], fresh.ids[3]]


def test_an_event_that_is_over(stack, fresh):
    code, own = fresh.code(all=True), fresh.code(all=True, expires_in=3600)
    guest, early = fresh.guest(code), fresh.guest(own)
    stack.sql("update media.code set expires_at = now() where id = %s", own["id"])
    check_problem(early.get(), 401)
    check_problem(Guest(fresh.url, fresh).enter(own["access_code"]), 401, "access_code")
    stack.sql("update media.event set created_at = created_at - interval '8 days', "
              "expires_at = expires_at - interval '8 days' where id = %s", fresh.event["id"])
    check_problem(guest.get(), 410)
    check_problem(guest.get(f"/photos/{fresh.ids[0]}"), 410)
    check_problem(Guest(fresh.url, fresh).enter(code["access_code"]), 410)
    check_problem(Guest(fresh.url, fresh).enter(guess()), 401)
    fresh.change(seconds_to_live=30 * 86400)
    assert guest.get().status_code == 200
    assert fresh.owner.request("DELETE", fresh.path).status_code == 204
    check_problem(guest.get(), 401)
    check_problem(Guest(fresh.url, fresh).enter(code["access_code"]), 401)


def test_a_guest_is_told_when_his_own_code_ends(fresh):
    code, other = fresh.code(all=True, expires_in=3600), fresh.code(all=True, expires_in=5 * 365 * 86400)
    assert code["expires_at"] < fresh.event["expires_at"] == other["expires_at"]
    entered = Guest(fresh.url, fresh).enter(code["access_code"]).json()
    assert entered["expires_at"] == entered["event"]["expires_at"] == code["expires_at"]
    guest, late = fresh.guest(code), fresh.guest(other)
    assert guest.get().json()["event"]["expires_at"] == code["expires_at"]
    assert late.get().json()["event"]["expires_at"] == fresh.event["expires_at"]
    fresh.change_code(code, expires_in=7200)
    assert guest.get().json()["event"]["expires_at"] == fresh.used(code)["expires_at"] > code["expires_at"]
    fresh.change(seconds_to_live=3600)
    assert guest.get().json()["event"]["expires_at"] == late.get().json()["event"]["expires_at"] < code["expires_at"]
    fresh.change_code(code, expires_in=0)
    fresh.change(seconds_to_live=604800)
    assert guest.get().json()["event"]["expires_at"] == fresh.event["expires_at"]


def test_whose_token_opens_what(stack, event):
    """Each other's, an owner's, and what was never one."""
    code = event.code(media_ids=event.ids[:1])
    guest = event.guest(code)
    elsewhere = Event(stack)
    visitor = elsewhere.guest(elsewhere.code(all=True))
    check_problem(Guest(event.url, event, visitor.token).get(), 401)
    check_problem(Guest(event.url, elsewhere, guest.token).get(), 401)
    token = event.owner.http.headers["authorization"].removeprefix("Bearer ")
    for wrong in (None, token, guest.token[:-1], guest.token[:-2] + "AA", "prg_" + "A" * 48, guest.token + "A"):
        check_problem(Guest(event.url, event, wrong).get(), 401)
    for method, path in (("GET", "/api/accounts/me"), ("GET", "/api/media"), ("GET", event.path), ("DELETE", event.path),
                         ("GET", f"/api/media/{event.ids[0]}"), ("GET", event.path + "/codes")):
        for headers in (guest.headers, {"cookie": "pierrot_session=" + guest.token, "x-pierrot-guest": guest.token}):
            check_problem(requests.request(method, event.url + path, headers=headers, timeout=10), 401)


def test_media_answers_guests_only_by_way_of_the_gateway(stack, event):
    guest = event.guest(event.code(all=True))
    url = f"{stack.url('media')}/guest/{event.address}"
    for headers in ({}, {"x-pierrot-guest": guest.token}, {"x-pierrot-guest": guest.token, "x-pierrot-client": "127.0.0.1"}):
        assert requests.get(url, headers=headers, timeout=10).status_code == 401
        assert requests.post(url + "/access", json={"access_code": guess()}, headers=headers, timeout=10).status_code == 401


# --- guessing ---

@pytest.fixture(scope="module")
def doors(stack):
    """Two gateways behind a front that tells for whom it asks; they count no requests of their own."""
    settings = {"TRUSTED_PROXIES": "127.0.0.0/8", "LIMIT_CODE": "0", "LIMIT_READ": "0"}
    with Gateway(stack, **settings) as one, Gateway(stack, **settings) as other:
        yield one.url, other.url


def address():
    """Nobody came from there before."""
    return "2001:db8:{:x}:{:x}::1".format(secrets.randbelow(65536), secrets.randbelow(65536))


def test_wrong_codes_are_slowed_down_over_all_gateways(doors, fresh):
    code = fresh.code(all=True)
    client = {"x-forwarded-for": address()}
    guests = [Guest(url, fresh, **client) for url in doors]
    for n in range(21):
        check_problem(guests[n % 2].enter(guess()), 401, "access_code")
    for guest in guests:
        blocked = guest.enter(code["access_code"])  # not even looked at
        check_problem(blocked, 429, "access_code")
        assert 1 <= int(blocked.headers["retry-after"]) <= 2
    assert fresh.used(code)["opens"] == 0
    neighbour = {"x-forwarded-for": client["x-forwarded-for"].replace("::1", "::2")}
    check_problem(Guest(doors[0], fresh, **neighbour).enter(guess()), 429)
    assert Guest(doors[1], fresh, **{"x-forwarded-for": address()}).enter(code["access_code"]).status_code == 200
    time.sleep(2.1)
    assert guests[0].enter(code["access_code"]).status_code == 200
    check_problem(guests[1].enter(guess()), 401)
    assert 2 <= int(guests[0].enter(guess()).headers["retry-after"]) <= 4


def test_many_at_once_get_no_more_tries(doors, fresh):
    client = {"x-forwarded-for": address()}
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda n: Guest(doors[n % 2], fresh, **client).enter(guess()).status_code, range(120)))
    assert set(answers) == {401, 429}
    assert 20 <= answers.count(401) <= 25


def test_an_event_is_guarded_against_many_addresses(doors, fresh):
    code = fresh.code(all=True)
    guest = fresh.guest(code)
    answers = [Guest(doors[n % 2], fresh, **{"x-forwarded-for": address()}).enter(guess()) for n in range(103)]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:101] == [401] * 101 and 429 in statuses
    blocked = Guest(doors[0], fresh, **{"x-forwarded-for": address()}).enter(code["access_code"])
    check_problem(blocked, 429)
    assert 1 <= int(blocked.headers["retry-after"]) <= 10
    assert guest.get().status_code == 200, "who is in stays in"


def test_the_time_tells_no_unknown_event_from_a_wrong_code(doors, event):
    """Nor does the answer. Each try comes from elsewhere, and at an event that has free guesses left."""
    class Nowhere:
        address = event.address.split("/")[0] + "/no-such-event"

    def ask(where):
        guest = Guest(doors[0], where, **{"x-forwarded-for": address()})
        began = time.perf_counter()
        answer = session.post(f"{guest.base}/access", json={"access_code": guess()}, headers=guest.headers, timeout=10)
        return time.perf_counter() - began, answer

    with requests.Session() as session:
        for where in (event, Nowhere):
            ask(where)
        times = {event: [], Nowhere: []}
        texts, names = {event: set(), Nowhere: set()}, {event: set(), Nowhere: set()}
        for _ in range(80):
            for where in (event, Nowhere):
                seconds, answer = ask(where)
                assert answer.status_code == 401
                problem = answer.json()
                del problem["request_id"]
                times[where].append(seconds)
                texts[where].add(json.dumps(problem, sort_keys=True))
                names[where].add(tuple(sorted(set(map(str.lower, answer.headers)))))
    assert texts[event] == texts[Nowhere] and len(texts[event]) == 1
    assert names[event] == names[Nowhere]
    ratio = statistics.median(times[event]) / statistics.median(times[Nowhere])
    assert 0.75 < ratio < 1.33, ratio

