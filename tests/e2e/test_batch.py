"""POST /api/media/batch: hundreds of uploads announced at once, and nothing uploaded twice."""

import json
import threading
import time
import uuid

import pytest

import pictures
from client import check_problem, put, sha256
from edge import Front, Gateway, free_port
from stack import eventually


def announcement(file, **changes):
    return {"filename": file.name, "content_type": file.content_type, "size": len(file.body),
            "sha256": sha256(file.body), **changes}


def made_up(n, name="IMG_{}.jpg"):
    return [{"filename": name.format(i), "content_type": "image/jpeg", "size": 1000 + i,
             "sha256": uuid.uuid4().hex * 2} for i in range(n)]


def announce(client, items, url=None, **body):
    return client.http.post((url or client.url) + "/api/media/batch", json={"items": items, **body}, timeout=30)


def batch(client, items, **body):
    response = announce(client, items, **body)
    assert response.status_code == 201, response.text
    results = response.json()["items"]
    assert len(results) == len(items)
    return results


def in_library(client):
    return [media for page in client.pages(limit=100) for media in page]


def messages_of(stack, ids):
    """How many of them were announced to the other services, and how often."""
    return stack.sql("select count(*), count(distinct key) from media.outbox where type = 'pierrot.media.created.v1' "
                     "and convert_from(key, 'UTF8') = any(%s)", list(ids))[0]


def test_five_hundred_at_once(stack, newcomer):
    items = made_up(500)
    began = time.monotonic()
    results = batch(newcomer, items)
    print(f"500 announced in {time.monotonic() - began:.2f} s")
    ids = [result["media"]["id"] for result in results]
    for item, result in zip(items, results):
        media, upload = result["media"], result["upload"]
        assert {name: media[name] for name in item} == item and media["state"] == "created"
        assert media["id"] in upload["url"] and upload["method"] == "PUT"
    assert len(set(ids)) == 500
    assert {media["id"] for media in in_library(newcomer)} == set(ids)
    assert messages_of(stack, ids) == (500, 500)
    assert stack.sql("select count(distinct xmin::text) from media.media where id = any(%s::uuid[])",
                     ids) == [(1,)], "one transaction"
    again = batch(newcomer, items)
    assert [result["media"]["id"] for result in again] == ids and all("upload" in result for result in again)
    assert len(in_library(newcomer)) == 500
    assert messages_of(stack, ids) == (500, 500)


def test_each_is_answered_in_its_place(newcomer):
    file = pictures.small()
    items = [announcement(file), announcement(file, filename="../x.jpg"), announcement(file, filename="same.jpg"),
             announcement(pictures.small(), content_type="text/html"), announcement(pictures.small(), size=0),
             announcement(pictures.small(), sha256="12"), announcement(pictures.small())]
    results = batch(newcomer, items)
    assert [result.get("error", {}).get("field") for result in results] == [
        None, "filename", None, "content_type", "size", "sha256", None]
    assert results[2] == {"media": results[0]["media"], "existing": True}
    assert len(in_library(newcomer)) == 2


def test_what_is_there_is_not_uploaded_again(newcomer):
    files = [pictures.small() for _ in range(4)]
    first = batch(newcomer, [announcement(file) for file in files])
    for file, result in zip(files[:3], first):
        assert put(result["upload"], file.body).status_code == 200
    for result in first[:2]:
        assert newcomer.finalize(result["media"]["id"]).status_code == 200
    assert newcomer.wait(first[0]["media"]["id"])["state"] == "ready"
    # After a reload: two are there, one was uploaded and not finalized, one not uploaded.
    second = batch(newcomer, [announcement(file) for file in files])
    assert [result["media"]["id"] for result in second] == [result["media"]["id"] for result in first]
    for result in second[:2]:
        assert result["existing"] is True and "upload" not in result
        assert result["media"]["state"] in ("finalized", "ready")
    assert second[0]["media"]["renditions"] and second[0]["media"]["download"]
    for result in second[2:]:
        assert "existing" not in result and result["media"]["state"] == "created"
    assert put(second[2]["upload"], files[2].body).status_code in (200, 409, 412)  # it is there, or comes again
    assert put(second[3]["upload"], files[3].body).status_code == 200
    for result in second[2:]:
        assert newcomer.finalize(result["media"]["id"]).status_code == 200
        assert newcomer.wait(result["media"]["id"])["state"] == "ready"
    assert len(in_library(newcomer)) == 4
    # What was deleted, or refused, may come anew.
    assert newcomer.delete(first[0]["media"]["id"]).status_code == 204
    third, = batch(newcomer, [announcement(files[0])])
    assert third["media"]["id"] != first[0]["media"]["id"] and third["upload"]


def test_somebody_elses_photos_are_not_there(newcomer, stranger):
    file = pictures.small()
    theirs = stranger.bring(file)["id"]
    result, = batch(newcomer, [announcement(file)])
    assert result["media"]["id"] != theirs and result["upload"]


def test_to_an_event(newcomer, stranger):
    event = newcomer.request("POST", "/api/events", json={"name": "Batch"}).json()["event"]
    other = newcomer.request("POST", "/api/events", json={"name": "Other"}).json()["event"]
    files = [pictures.small() for _ in range(3)]
    of_library, linked = newcomer.bring(files[0])["id"], newcomer.bring(files[1])["id"]
    done = newcomer.request("PUT", f"/api/events/{event['id']}/media", json={"media_ids": [linked]})
    assert done.status_code == 200, done.text
    items = [announcement(file) for file in files]
    results = batch(newcomer, items, event_id=event["id"])
    assert results[0]["media"]["id"] != of_library and results[0]["media"]["event_id"] == event["id"]
    assert results[1] == {"media": results[1]["media"], "existing": True}
    assert results[1]["media"]["id"] == linked
    assert results[2]["media"]["event_id"] == event["id"]
    listed = newcomer.request("GET", f"/api/events/{event['id']}/media").json()["items"]
    assert {media["id"] for media in listed} == {result["media"]["id"] for result in results}
    for result, file in ((results[0], files[0]), (results[2], files[2])):
        assert put(result["upload"], file.body).status_code == 200
        assert newcomer.finalize(result["media"]["id"]).status_code == 200
        assert newcomer.wait(result["media"]["id"])["state"] == "ready"
    assert all(result.get("existing") for result in batch(newcomer, items, event_id=event["id"]))
    assert all(result["media"]["event_id"] == other["id"] for result in batch(newcomer, items, event_id=other["id"]))
    check_problem(announce(stranger, items, event_id=event["id"]), 404, "event_id")
    check_problem(announce(newcomer, items, event_id=str(uuid.uuid4())), 404, "event_id")
    for one in (event, other):
        assert newcomer.request("DELETE", f"/api/events/{one['id']}").status_code == 204
    check_problem(announce(newcomer, items, event_id=event["id"]), 404, "event_id")


@pytest.mark.parametrize("body, field", [
    ({}, "items"), ({"items": {}}, "items"), ({"items": []}, "items"), ({"items": [1]}, "items[0]"),
    ({"items": [{}]}, "items[0].filename"), ({"items": made_up(1) + [{"filename": 1}]}, "items[1].filename"),
    ({"items": made_up(501)}, "items"), ({"items": made_up(1), "event_id": "x"}, "event_id"),
])
def test_what_is_no_batch(newcomer, body, field):
    check_problem(newcomer.request("POST", "/api/media/batch", json=body), 400, field)


def test_the_longest_names_fit_and_no_more(newcomer, stack):
    """500 names of 255 bytes, straight and through nginx; beyond that 413, and elsewhere sooner."""
    port = free_port()
    with Gateway(stack, TRUSTED_PROXIES="127.0.0.1/32", PUBLIC_URL=f"https://localhost:{port}") as gateway, \
            Front(gateway.port, port=port) as front:
        items = made_up(500, name="é" * 124 + "{:03}.jpg")
        body = json.dumps({"items": items}, ensure_ascii=False).encode()
        assert 180000 < len(body) < 262144
        headers = {"content-type": "application/json", **newcomer.http.headers}
        for url, verify in ((newcomer.url, True), (front.url, front.certificate)):
            response = newcomer.http.post(url + "/api/media/batch", data=body, headers=headers, timeout=30, verify=verify)
            assert response.status_code == 201, response.text[:300]
            assert response.json()["items"][499]["media"]["filename"] == items[499]["filename"]
            long = newcomer.http.post(url + "/api/media/batch", data=body + b" " * 90000, headers=headers, timeout=30,
                                      verify=verify)
            assert long.status_code == 413
            elsewhere = newcomer.http.post(url + "/api/media", data=b" " * 100000, headers=headers, timeout=30,
                                           verify=verify)
            assert elsewhere.status_code == 413


def test_killed_in_the_middle(stack, newcomer):
    """media dies while it announces: all of a batch is there or nothing, and asking again makes it whole, once."""
    items, answers = made_up(400), []

    def ask():
        try:
            answers.append(announce(newcomer, items).status_code)
        except Exception as error:  # the connection broke
            answers.append(repr(error))
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2):
        thread = threading.Thread(target=ask)
        thread.start()
        time.sleep(delay)
        stack.ctl("kill", "media")
        thread.join()
        stack.restart("media")
        eventually(lambda: stack.ready("media"), 30)
        rows = stack.sql("select count(*) from media.media where sha256 = any(%s)",
                         [bytes.fromhex(item["sha256"]) for item in items])[0][0]
        assert rows in (0, 400), rows
    print(answers)
    ids = {result["media"]["id"] for result in batch(newcomer, items)}
    assert len(ids) == 400 and messages_of(stack, ids) == (400, 400)
    assert stack.sql("select count(*) from media.media where sha256 = any(%s)",
                     [bytes.fromhex(item["sha256"]) for item in items]) == [(400,)]
