"""Uploads that are not what was announced, and finalize at every wrong moment."""

import threading

import pytest
import requests

import pictures
from client import check_problem, put, sha256
from stack import eventually


def store_behind_its_back(stack, media_id, body):
    """As somebody with the bucket's own key could: no checksum, no signature of ours."""
    key, = stack.sql("select object_key from media.media where id = %s", media_id)[0]
    stack.s3().put_object(Bucket=stack.bucket, Key=key, Body=body, ContentType="image/jpeg")


@pytest.mark.parametrize("wrong", ["bytes", "longer", "shorter", "type", "checksum header", "signature", "method"])
def test_the_store_takes_only_what_was_announced(client, wrong):
    file = pictures.small()
    created = client.create(file)
    upload, body, headers = created["upload"], file.body, {}
    if wrong == "bytes":
        body = bytes([body[0] ^ 1]) + body[1:]
    elif wrong == "longer":
        body, headers = body + b"!", {"content-length": str(len(body) + 1)}
    elif wrong == "shorter":
        body, headers = body[:-1], {"content-length": str(len(body) - 1)}
    elif wrong == "type":
        headers = {"content-type": "text/html"}
    elif wrong == "checksum header":
        headers = {"x-amz-checksum-sha256": "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}
    elif wrong == "signature":
        upload = {**upload, "url": upload["url"][:-4] + "0000"}
    elif wrong == "method":
        upload = {**upload, "method": "DELETE"}
    assert put(upload, body, **headers).status_code in (400, 403, 405, 411)
    check_problem(client.finalize(created["media"]["id"]), 409, "media_id")
    assert client.media(created["media"]["id"])["state"] == "created"


@pytest.mark.smoke
def test_wrong_size_behind_the_stores_back_is_refused_at_finalize(client, stack):
    file = pictures.small()
    media_id = client.create(file)["media"]["id"]
    store_behind_its_back(stack, media_id, file.body + b"!")
    problem = check_problem(client.finalize(media_id), 422, "media_id")
    assert "size_mismatch" in problem["detail"]
    media = client.media(media_id)
    assert (media["state"], media["reject_reason"]) == ("rejected", "size_mismatch")
    check_problem(client.finalize(media_id), 422, "media_id")


@pytest.mark.smoke
def test_wrong_bytes_behind_the_stores_back_never_become_ready(client, stack):
    file, other = pictures.small(1), pictures.small(2)
    body = (other.body + bytes(len(file.body)))[:len(file.body)]
    media_id = client.create(file)["media"]["id"]
    store_behind_its_back(stack, media_id, body)
    assert client.finalize(media_id).status_code in (200, 422)
    media = client.wait(media_id)
    assert (media["state"], media["reject_reason"]) == ("rejected", "checksum_mismatch")
    assert media["renditions"] == [] and "download" not in media
    check_problem(client.finalize(media_id), 422, "media_id")


def test_an_upload_url_is_good_for_one_file_only(client):
    file = pictures.small()
    created = client.create(file)
    other = created["upload"]["url"].replace(created["media"]["id"], client.create(file)["media"]["id"])
    assert put({**created["upload"], "url": other}, file.body).status_code == 403


@pytest.mark.smoke
def test_a_put_after_finalize_changes_nothing(client, stack):
    file = pictures.small()
    created = client.create(file)
    assert put(created["upload"], file.body).status_code == 200
    media_id = created["media"]["id"]
    assert client.finalize(media_id).status_code == 200
    ready = client.wait(media_id)
    version = stack.sql("select version from media.media where id = %s", media_id)

    for body in (file.body, bytes(len(file.body))):
        assert put(created["upload"], body).status_code in (200, 400, 403, 409, 412)
    assert client.finalize(media_id).json()["media"]["state"] == "ready"
    assert requests.get(ready["download"]["url"], timeout=30).content == file.body
    assert stack.sql("select version from media.media where id = %s", media_id) == version


@pytest.mark.smoke
def test_finalize_before_the_upload(client):
    file = pictures.small()
    created = client.create(file)
    check_problem(client.finalize(created["media"]["id"]), 409, "media_id")
    assert put(created["upload"], file.body).status_code == 200
    assert client.finalize(created["media"]["id"]).status_code == 200
    assert client.wait(created["media"]["id"])["state"] == "ready"


def test_finalize_twice(client, stack):
    media_id = client.upload(pictures.small())
    assert client.finalize(media_id).status_code == 200
    client.wait(media_id)
    again = client.finalize(media_id)
    assert again.status_code == 200 and again.json()["media"]["state"] == "ready"
    assert stack.sql("select count(*) from media.outbox where subject = %s and topic = 'media.finalized'",
                     media_id) == [(1,)]


def test_finalize_at_the_same_moment(client, stack):
    """Sixteen clients; one finalized message."""
    file = pictures.small()
    created = client.create(file)
    media_id = created["media"]["id"]
    assert put(created["upload"], file.body).status_code == 200
    start, statuses = threading.Barrier(16), []

    def finalize():
        start.wait()
        statuses.append(requests.post(client.url + "/api/media/finalize", json={"media_id": media_id},
                                      headers=client.http.headers, timeout=30).status_code)
    threads = [threading.Thread(target=finalize) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 16
    assert client.wait(media_id)["state"] == "ready"
    assert stack.sql("select count(*) from media.outbox where subject = %s and topic = 'media.finalized'",
                     media_id) == [(1,)]


def test_finalize_after_delete(client):
    media_id = client.upload(pictures.small())
    assert client.delete(media_id).status_code == 204
    check_problem(client.finalize(media_id), 404)


def test_the_reaper_takes_what_was_never_finalized(client, stack):
    """Row and object, an hour after the URL died; here the clock is turned in the row."""
    file = pictures.small()
    empty, stored = client.create(file), client.create(file)
    assert put(stored["upload"], file.body).status_code == 200
    ids = [created["media"]["id"] for created in (empty, stored)]
    key, = stack.sql("select object_key from media.media where id = %s", ids[1])[0]
    assert key in stack.objects(key)
    stack.sql("update media.media set upload_expires_at = now() - interval '50 minutes' where id = %s", ids[0])
    stack.sql("update media.media set upload_expires_at = now() - interval '61 minutes' where id = %s", ids[1])

    eventually(lambda: client.fetch(ids[1]).status_code == 404, 90, 0.5, "the row is reaped")
    eventually(lambda: key not in stack.objects(key), 30, 0.2, "the object is reaped")
    assert client.fetch(ids[0]).status_code == 200
    check_problem(client.finalize(ids[1]), 404)
    client.delete(ids[0])


def test_the_same_bytes_twice_are_two_media(client):
    file = pictures.small()
    first, second = client.bring(file), client.bring(file)
    assert first["id"] != second["id"] and first["sha256"] == second["sha256"] == sha256(file.body)
