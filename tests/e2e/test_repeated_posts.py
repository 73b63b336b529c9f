"""POST /api/media with an Idempotency-Key: asked as often as need be, there is one media."""

import contextlib
import threading
import uuid

import psycopg
import pytest
import requests

import pictures
from client import Client, check_problem, new_account, put
from stack import eventually


@pytest.fixture(scope="module")
def owner(stack):
    return new_account(stack)


def new_key():
    return str(uuid.uuid4())


def media_of(stack, key_holder):
    """How many media the account of this client has, and how many messages told of them."""
    ids = [item["id"] for page in key_holder.pages(limit=100) for item in page]
    messages, = stack.sql("select count(*) from media.outbox where topic = 'media.created' and subject = any(%s)",
                          ids)[0]
    return len(ids), messages


@contextlib.contextmanager
def held_up(stack):
    """A creation gets as far as its message, and waits there."""
    with psycopg.connect(stack.env["PIERROT_DATABASE_URL"]) as connection:
        connection.execute("lock table media.outbox in exclusive mode")
        yield


def waits(stack):
    return stack.sql("select count(*) from pg_locks where not granted "
                     "and relation = 'media.outbox'::regclass")[0][0]


@pytest.mark.smoke
def test_asked_twice_there_is_one(newcomer, stack):
    file, key = pictures.small(), new_key()
    first, again = newcomer.announce(file, key), newcomer.announce(file, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert "idempotent-replayed" not in first.headers and again.headers["idempotent-replayed"] == "true"
    assert first.json()["media"] == again.json()["media"]
    assert again.json()["upload"]["expires_at"] == first.json()["upload"]["expires_at"]
    assert media_of(stack, newcomer) == (1, 1)

    upload = again.json()["upload"]
    assert put(upload, file.body).status_code == 200
    assert newcomer.finalize(first.json()["media"]["id"]).status_code == 200
    ready = newcomer.wait(first.json()["media"]["id"])
    last = newcomer.announce(file, key)
    assert last.status_code == 201 and last.headers["idempotent-replayed"] == "true"
    assert last.json()["media"]["state"] == ready["state"] == "ready" and "upload" not in last.json()


def test_another_body_is_refused(owner, stack):
    key = new_key()
    before, _ = media_of(stack, owner)
    assert owner.announce(pictures.small(), key).status_code == 201
    check_problem(owner.announce(pictures.small(), key, filename="other.jpg"), 422, "idempotency-key")
    assert media_of(stack, owner)[0] == before + 1


def test_a_refused_request_uses_no_key_up(owner):
    key = new_key()
    check_problem(owner.announce(pictures.small(), key, size=-1), 400, "size")
    assert owner.announce(pictures.small(), key).status_code == 201


def test_what_was_deleted_is_gone(owner):
    file, key = pictures.small(), new_key()
    media_id = owner.announce(file, key).json()["media"]["id"]
    assert owner.delete(media_id).status_code == 204
    check_problem(owner.announce(file, key), 410, "idempotency-key")


def test_keys_are_their_accounts(owner, stranger):
    file, key = pictures.small(), new_key()
    ids = {client.announce(file, key).json()["media"]["id"] for client in (owner, stranger)}
    assert len(ids) == 2


@pytest.mark.parametrize("key", ["x" * 256, "a b\tc", "schl\u00fcssel".encode()])
def test_keys_that_are_none(owner, key):
    check_problem(owner.announce(pictures.small(), key), 400, "idempotency-key")


def test_while_the_first_is_under_way(newcomer, stack):
    file, key, answers = pictures.small(), new_key(), []
    second = Client(newcomer.url, newcomer.http.headers["authorization"].removeprefix("Bearer "))
    thread = threading.Thread(target=lambda: answers.append(newcomer.announce(file, key)))
    with held_up(stack):
        thread.start()
        eventually(lambda: waits(stack), 2, 0.01, "the first request waits")
        check_problem(second.announce(file, key), 409, "idempotency-key")
    thread.join()
    assert [answer.status_code for answer in answers] == [201]
    assert second.announce(file, key).json()["media"]["id"] == answers[0].json()["media"]["id"]
    assert media_of(stack, newcomer) == (1, 1)


def test_at_the_same_moment(newcomer, stack):
    """Sixteen times; one media."""
    file, key, start, answers = pictures.small(), new_key(), threading.Barrier(16), []

    def announce():
        client = Client(newcomer.url, newcomer.http.headers["authorization"].removeprefix("Bearer "))
        start.wait()
        answers.append(client.announce(file, key))
    threads = [threading.Thread(target=announce) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [answer.json()["media"]["id"] for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409} and len(set(done)) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers if answer.status_code == 201) == 1
    assert media_of(stack, newcomer) == (1, 1)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_media_killed_between(newcomer, stack, moment):
    """Killed with the creation in hand (before its commit), or with its answer (after it)."""
    file, key, answers = pictures.small(), new_key(), []

    def announce():
        with contextlib.suppress(requests.RequestException):
            answers.append(newcomer.announce(file, key).status_code)
    thread = threading.Thread(target=announce)
    with held_up(stack):
        thread.start()
        eventually(lambda: waits(stack), 2, 0.01, "the first request waits")
        stack.ctl("kill", "media")
        if moment == "before":
            stack.sql("select pg_terminate_backend(pid) from pg_locks where not granted "
                      "and relation = 'media.outbox'::regclass")
    thread.join()
    assert answers in ([502], [503], [504])
    stack.restart("media")
    eventually(lambda: stack.ready("media"), 30, 0.1, "media is ready")
    again = newcomer.announce(file, key)
    assert again.status_code == 201
    assert ("idempotent-replayed" in again.headers) == (moment == "after")
    assert media_of(stack, newcomer) == (1, 1)
    assert put(again.json()["upload"], file.body).status_code == 200
    assert newcomer.finalize(again.json()["media"]["id"]).status_code == 200
    assert newcomer.wait(again.json()["media"]["id"])["state"] == "ready"
