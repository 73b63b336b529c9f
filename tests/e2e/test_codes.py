"""Access codes of an event, as its owner makes, changes, exports and revokes them."""

import csv
import io
import re
import threading
import uuid

import pytest

import pictures
from client import check_problem, new_account

ACCESS_CODE = re.compile(r"[2-9A-HJKMNP-Z]{6}")


class Event:
    """An event of a client, and what is done with its codes."""

    def __init__(self, owner, name="Wedding of Anna"):
        self.owner = owner
        response = owner.request("POST", "/api/events", json={"name": name})
        assert response.status_code == 201, response.text
        self.event = response.json()["event"]
        self.path = f"/api/events/{self.event['id']}"

    def ask(self, method, path="", caller=None, **options):
        return (caller or self.owner).request(method, self.path + path, **options)

    def post(self, key=None, **body):
        return self.ask("POST", "/codes", json=body, headers={"idempotency-key": key} if key else None)

    def make(self, **body):
        response = self.post(**body)
        assert response.status_code == 201, response.text
        return response.json()["codes" if "labels" in body else "code"]

    def get(self, code):
        response = self.ask("GET", f"/codes/{code['id']}")
        assert response.status_code == 200, response.text
        return response.json()

    def change(self, code, **change):
        response = self.ask("PATCH", f"/codes/{code['id']}", json=change)
        assert response.status_code == 200, response.text
        return response.json()

    def codes(self, limit=100):
        """All of them, in the order of the list."""
        codes, query = [], {"limit": limit}
        while True:
            page = self.ask("GET", "/codes", params=query).json()
            codes += page["items"]
            if page["next_cursor"] is None:
                return codes
            query["cursor"] = page["next_cursor"]

    def photo(self):
        """The id of one that is announced to the event; its bytes do not matter here."""
        return self.owner.create(pictures.small(), event_id=self.event["id"])["media"]["id"]

    def csv(self):
        response = self.ask("GET", "/codes.csv")
        assert response.status_code == 200, response.text
        return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def owner(stack):
    return new_account(stack)


@pytest.fixture
def event(owner):
    return Event(owner, f"Wedding {uuid.uuid4()}")


@pytest.mark.smoke
def test_a_code_with_chosen_photos_and_one_with_all(event):
    photos = [event.photo() for _ in range(3)]
    chosen = event.make(label="Anna", media_ids=photos[:2])
    everything = event.make(label="Table 4", all=True, length=12, expires_in=3600)
    assert ACCESS_CODE.fullmatch(chosen["access_code"]) and len(everything["access_code"]) == 12
    assert (chosen["all"], chosen["photos"]) == (False, 2)
    assert (everything["all"], everything["photos"]) == (True, 3)
    assert chosen["url"] == event.event["public_url"]
    assert chosen["expires_at"] == event.event["expires_at"] > everything["expires_at"]
    assert (chosen["opens"], chosen["downloads"], chosen["last_used_at"], chosen["revoked_at"]) == (0, 0, None, None)
    assert event.get(chosen) == {"code": chosen, "media_ids": sorted(photos[:2])}
    event.photo()
    assert event.get(everything)["code"]["photos"] == 4
    assert [code["label"] for code in event.codes(limit=1)] == ["Table 4", "Anna"]


def test_labels_one_a_line_in_their_order(event):
    labels = [f"Gast {i}, Müller" for i in range(300)]
    codes = event.make(labels="\r\n".join(labels))
    assert [code["label"] for code in codes] == labels
    assert len({code["access_code"] for code in codes}) == 300
    assert all(ACCESS_CODE.fullmatch(code["access_code"]) and code["photos"] == 0 for code in codes)
    assert event.codes() == codes[::-1]
    assert [row["label"] for row in event.csv()] == labels


def test_as_much_at_once_as_is_allowed(event):
    labels = [f"{i:03} " + "Ж" * 48 for i in range(500)]  # of 100 bytes; in JSON of most clients 300
    codes = event.make(labels="\n".join(labels))
    assert [code["label"] for code in codes] == labels
    ids = [[str(uuid.uuid4()) for _ in range(1000)] for _ in range(2)]
    check_problem(event.ask("PATCH", f"/codes/{codes[0]['id']}", json={"add": ids[0], "remove": ids[1]}), 422, "add")


def test_labels_of_csv(event):
    photo = event.photo()
    codes = event.make(labels='\ufeffLabel;Tisch\r\n"Müller; Anna";4\r\nBert;5\r\n', media_ids=[photo])
    assert [(code["label"], code["photos"]) for code in codes] == [("Müller; Anna", 1), ("Bert", 1)]
    check_problem(event.post(labels="label,x\n,1\n"), 400, "labels")
    problem = check_problem(event.post(labels="Anna\nBert\x01"), 400, "labels")
    assert "line 2" in problem["detail"]
    check_problem(event.post(labels="x\n" * 501), 400, "labels")
    assert len(event.codes()) == 2


def test_2000_codes_are_the_most(event):
    for _ in range(4):
        event.make(labels="x\n" * 500, all=True)
    check_problem(event.post(label="one more", all=True), 409)
    assert len({row["access_code"] for row in event.csv()}) == 2000
    cards = event.ask("GET", "/cards")
    assert cards.status_code == 200 and cards.text.count("<svg ") == 2000


def test_only_photos_of_this_event(event, owner, stranger):
    mine, other = event.photo(), Event(owner).photo()
    theirs, unknown = Event(stranger).photo(), str(uuid.uuid4())
    library = owner.create(pictures.small())["media"]["id"]
    problem = check_problem(event.post(label="Anna", media_ids=[mine, other, theirs, unknown, library]), 422, "media_ids")
    assert problem["detail"].startswith("4 of them")
    assert event.codes() == []
    code = event.make(label="Anna", media_ids=[mine])
    for change in {"media_ids": [other]}, {"add": [mine, theirs]}:
        field, = change
        check_problem(event.ask("PATCH", f"/codes/{code['id']}", json={"label": "Bert", **change}), 422, field)
    assert event.get(code) == {"code": code, "media_ids": [mine]}


def test_what_it_opens_is_changed(event):
    photos = sorted(event.photo() for _ in range(3))
    code = event.make(label="Anna", media_ids=[])
    assert event.change(code, add=photos)["media_ids"] == photos
    assert event.change(code, remove=photos[:1])["media_ids"] == photos[1:]
    changed = event.change(code, media_ids=photos[:2], label="Bert")
    assert changed["media_ids"] == photos[:2] and changed["code"]["label"] == "Bert"
    assert event.change(code, all=True)["code"]["photos"] == 3
    check_problem(event.ask("PATCH", f"/codes/{code['id']}", json={"add": photos}), 409, "add")
    assert event.change(code, all=False)["code"]["photos"] == 2
    assert event.change(code)["code"]["access_code"] == code["access_code"]


def test_a_photo_that_leaves_the_event_leaves_its_codes(event, owner):
    uploaded, linked = event.photo(), owner.bring(pictures.small())["id"]
    assert event.ask("PUT", "/media", json={"media_ids": [linked]}).status_code == 200
    code = event.make(label="Anna", media_ids=[uploaded, linked])
    assert event.ask("DELETE", f"/media/{linked}").status_code == 204
    assert event.get(code)["media_ids"] == [uploaded]
    assert owner.delete(uploaded).status_code == 204
    assert event.get(code)["media_ids"] == [] and event.get(code)["code"]["photos"] == 0


def test_it_ends_with_the_event_at_the_latest(event):
    code = event.make(label="Anna", all=True, expires_in=5 * 86400)
    assert code["expires_at"] < event.event["expires_at"]
    assert event.ask("PATCH", json={"seconds_to_live": 7200}).status_code == 200
    event.event = event.ask("GET").json()["event"]
    assert event.get(code)["code"]["expires_at"] == event.event["expires_at"]
    assert event.change(code, expires_in=60)["code"]["expires_at"] < event.event["expires_at"]
    assert event.change(code, expires_in=0)["code"]["expires_at"] == event.event["expires_at"]


def test_revoked_stays_and_deleted_is_gone(event):
    kept, gone = event.make(label="Anna", all=True), event.make(label="Bert", all=True)
    revoked = event.change(kept, revoked=True)["code"]["revoked_at"]
    assert event.change(kept, revoked=True)["code"]["revoked_at"] == revoked is not None
    assert event.ask("DELETE", f"/codes/{gone['id']}").status_code == 204
    check_problem(event.ask("DELETE", f"/codes/{gone['id']}"), 404)
    assert [code["id"] for code in event.codes()] == [kept["id"]]
    assert event.csv() == [] and "<svg" not in event.ask("GET", "/cards").text
    assert event.change(kept, revoked=False)["code"]["revoked_at"] is None
    assert [row["access_code"] for row in event.csv()] == [kept["access_code"]]


def test_csv_is_safe_in_a_spreadsheet(event):
    labels = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "＝1+1", 'the "tall" one, with a comma', "Ärger"]
    codes = event.make(labels="\n".join(labels), all=True)
    answer = event.ask("GET", "/codes.csv")
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == f"attachment; filename=\"codes-{event.event['slug']}.csv\""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"\xef\xbb\xbflabel,access_code,url,photos,expires_at\r\n")
    rows = event.csv()
    assert [row["label"] for row in rows] == ["'" + label for label in labels[:5]] + labels[5:]
    for row, code in zip(rows, codes, strict=True):
        assert (row["access_code"], row["url"], row["photos"], row["expires_at"]) == \
            (code["access_code"], code["url"], "0", code["expires_at"])


def test_cards_are_one_page_that_may_do_nothing(event):
    event.make(labels="<script>alert(1)</script>\n</svg><b>", all=True)
    answer = event.ask("GET", "/cards")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-robots-tag"] == "noindex"
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; base-uri 'none'; "
                        r"form-action 'none'; frame-ancestors 'none'", answer.headers["content-security-policy"])
    assert answer.text.count('<section class="card">') == 2 and answer.text.rstrip().endswith("</html>")
    assert "<script" not in answer.text and "<b>" not in answer.text
    head = event.ask("HEAD", "/cards")
    assert head.status_code == 200 and head.content == b""


def test_strangers_find_nothing(event, stranger):
    code = event.make(label="Anna", all=True)
    one = f"/codes/{code['id']}"
    for method, path, body in [("POST", "/codes", {"label": "x", "all": True}), ("GET", "/codes", None),
                               ("GET", one, None), ("PATCH", one, {"revoked": True}), ("DELETE", one, None),
                               ("GET", "/codes.csv", None), ("GET", "/cards", None)]:
        check_problem(event.ask(method, path, caller=stranger, json=body), 404)
    elsewhere = Event(stranger)
    check_problem(elsewhere.ask("GET", one), 404)
    check_problem(elsewhere.ask("PATCH", one, json={"revoked": True}), 404)
    assert event.get(code)["code"] == code
    assert event.ask("DELETE").status_code == 204
    for method, path, body in [("GET", "/codes", None), ("GET", one, None), ("PATCH", one, {}),
                               ("POST", "/codes", {"label": "x", "all": True}), ("GET", "/cards", None)]:
        check_problem(event.ask(method, path, json=body), 404)


# --- the same request again ---

def test_asked_twice_there_is_one_batch(event):
    key = str(uuid.uuid4())
    first, again = (event.post(key, labels="Anna\nBert") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert first.json() == again.json() and len(event.codes()) == 2
    check_problem(event.post(key, labels="Anna\nCarl"), 422, "idempotency-key")
    for code in first.json()["codes"]:
        event.ask("DELETE", f"/codes/{code['id']}")
    check_problem(event.post(key, labels="Anna\nBert"), 410, "idempotency-key")
    assert event.codes() == []


def test_a_refused_request_uses_no_key_up(event):
    key, photo = str(uuid.uuid4()), event.photo()
    body = {"label": "Anna", "media_ids": [photo]}
    assert event.owner.delete(photo).status_code == 204
    check_problem(event.post(key, **body), 422, "media_ids")
    body["media_ids"] = []
    assert event.post(key, **body).status_code == 201


def test_asked_by_many_at_once_there_is_one_batch(event):
    key, answers = str(uuid.uuid4()), []
    askers = [threading.Thread(target=lambda: answers.append(event.post(key, label="Anna", all=True))) for _ in range(8)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(event.codes()) == 1
    assert {answer.json()["code"]["id"] for answer in answers if answer.status_code == 201} == {event.codes()[0]["id"]}
