"""Pierrot's HTTP API, as any client uses it."""

import hashlib
import secrets
import time
from collections import namedtuple

import requests

File = namedtuple("File", "name content_type body")


def sha256(body):
    return hashlib.sha256(body).hexdigest()


def put(upload, body, **headers):
    """The bytes, straight to the store; headers change what was signed."""
    return requests.request(upload["method"], upload["url"], data=body, timeout=30,
                            headers={**upload["headers"], **headers})


class Client:
    def __init__(self, url, token):
        self.url = url
        self.http = requests.Session()
        if token:
            self.http.headers["authorization"] = f"Bearer {token}"

    def request(self, method, path, **options):
        return self.http.request(method, self.url + path, timeout=30, **options)

    def announce(self, file, key=None, **changes):
        """POST /api/media, key as its Idempotency-Key; a change to None leaves the member out."""
        body = {"filename": file.name, "content_type": file.content_type, "size": len(file.body),
                "sha256": sha256(file.body), **changes}
        return self.request("POST", "/api/media", json={k: v for k, v in body.items() if v is not None},
                            headers={"idempotency-key": key} if key else None)

    def create(self, file, **changes):
        response = self.announce(file, **changes)
        assert response.status_code == 201, response.text
        return response.json()

    def finalize(self, media_id, **options):
        return self.request("POST", "/api/media/finalize", json={"media_id": media_id}, **options)

    def fetch(self, media_id):
        return self.request("GET", f"/api/media/{media_id}")

    def media(self, media_id):
        response = self.fetch(media_id)
        assert response.status_code == 200, response.text
        return response.json()["media"]

    def delete(self, media_id):
        return self.request("DELETE", f"/api/media/{media_id}")

    def upload(self, file):
        """Announce, PUT, finalize; the id."""
        created = self.create(file)
        stored = put(created["upload"], file.body)
        assert stored.status_code == 200, stored.text
        finalized = self.finalize(created["media"]["id"])
        assert finalized.status_code == 200, finalized.text
        return created["media"]["id"]

    def wait(self, media_id, within=60):
        """The media once it is ready or rejected."""
        until = time.monotonic() + within
        while True:
            media = self.media(media_id)
            if media["state"] in ("ready", "rejected"):
                return media
            assert time.monotonic() < until, f"{media['filename']} is {media['state']} after {within} s"
            time.sleep(0.03)

    def bring(self, file):
        """The media of a file that was uploaded and rendered."""
        media = self.wait(self.upload(file))
        assert media["state"] == "ready", media
        return media

    def pages(self, **query):
        """Every page of the list."""
        while True:
            response = self.request("GET", "/api/media", params=query)
            assert response.status_code == 200, response.text
            page = response.json()
            yield page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]


def check_problem(response, status, field=None):
    """RFC 9457, with our members; field None: any or none."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"].split(";")[0] == "application/problem+json"
    problem = response.json()
    assert {"type", "title", "status", "request_id"} <= problem.keys(), problem
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    if field is not None:
        assert problem.get("field") == field, problem
    return problem


PASSWORDS = set()  # all that were ever typed: none may be in a log


class Person:
    """Somebody with an account, who signed up at the front door. `http` is their browser."""

    def __init__(self, stack, **changes):
        self.url = stack.gateway_url
        self.http = requests.Session()
        self.name = "test-" + secrets.token_hex(6)
        self.email = self.name + "@example.com"
        self.password = secrets.token_urlsafe(16)
        self.account = self.sign_up(**changes)
        self.id = self.account["id"]

    def request(self, method, path, url=None, **options):
        return self.http.request(method, (url or self.url) + path, timeout=30, **options)

    def sign_up(self, **changes):
        PASSWORDS.add(self.password)
        body = {"email": self.email, "name": self.name, "password": self.password, **changes}
        response = self.request("POST", "/api/accounts", json=body)
        assert response.status_code == 201, response.text
        return response.json()["account"]

    def try_log_in(self, password=None, **options):
        PASSWORDS.add(password or self.password)
        return self.request("POST", "/api/sessions",
                            json={"email": self.email, "password": password or self.password}, **options)

    def log_in(self):
        """The session, whose cookie the browser keeps."""
        response = self.try_log_in()
        assert response.status_code == 201, response.text
        return response.json()["session"]

    def make_token(self, *scopes, **members):
        body = {"name": "test", "scopes": list(scopes or ("read", "write")), **members}
        response = self.request("POST", "/api/tokens", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    def client(self, *scopes, url=None):
        """A program with a new token."""
        return Client(url or self.url, self.make_token(*scopes)["token"])


def new_account(stack):
    """The client of a person who has nothing yet, with an API token of their own."""
    person = Person(stack)
    person.log_in()
    return person.client()
