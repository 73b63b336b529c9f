"""Pierrot's HTTP API, as any client uses it."""

import hashlib
import secrets
import time
import uuid
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

    def announce(self, file, **changes):
        """POST /api/media; a change to None leaves the member out."""
        body = {"filename": file.name, "content_type": file.content_type, "size": len(file.body),
                "sha256": sha256(file.body), **changes}
        return self.request("POST", "/api/media", json={k: v for k, v in body.items() if v is not None})

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


def new_account(stack):
    """The client of a person who has nothing yet, with an API token of their own."""
    account, token = uuid.uuid4(), "prt_" + secrets.token_urlsafe(32)
    stack.sql("insert into gateway.account (id, name) values (%s, %s)", account, "test-" + secrets.token_hex(6))
    stack.sql("insert into gateway.api_token (id, account_id, name, hash) values (%s, %s, 'test', %s)",
              uuid.uuid4(), account, hashlib.sha256(token.encode()).digest())
    return Client(stack.gateway_url, token)
