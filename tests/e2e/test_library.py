"""Listing and deleting."""

import pytest
import requests

import pictures
from client import check_problem, new_account, put
from stack import eventually


@pytest.fixture(scope="module")
def shelf(stack):
    """A client with seven media in known states, oldest first."""
    client = new_account(stack)
    ids = [client.bring(pictures.small())["id"] for _ in range(3)]
    ids.append(client.bring(pictures.committed("clip.mp4"))["id"])
    ids.append(client.create(pictures.small())["media"]["id"])
    rejected = client.upload(pictures.File("no.jpg", "image/jpeg", b"no picture at all"))
    assert client.wait(rejected)["state"] == "rejected"
    ids += [rejected, client.bring(pictures.small())["id"]]
    client.ids = ids
    return client


def test_newest_first(shelf):
    items, = shelf.pages()
    assert [item["id"] for item in items] == shelf.ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 100])
def test_pages(shelf, limit):
    pages = list(shelf.pages(limit=limit))
    assert [item["id"] for page in pages for item in page] == shelf.ids[::-1]
    assert all(len(page) == limit for page in pages[:-1]) and len(pages) == -(-7 // limit)


def test_a_page_stays_when_newer_media_come(shelf):
    first = shelf.request("GET", "/api/media", params={"limit": 3}).json()
    newer = shelf.create(pictures.small())["media"]["id"]
    second = shelf.request("GET", "/api/media", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [item["id"] for item in second["items"]] == shelf.ids[::-1][3:6]
    shelf.delete(newer)


@pytest.mark.parametrize("query, wanted", [
    ({"kind": "video"}, [3]), ({"kind": "image"}, [6, 5, 4, 2, 1, 0]), ({"state": "created"}, [4]),
    ({"state": "rejected"}, [5]), ({"state": "ready"}, [6, 3, 2, 1, 0]), ({"state": "finalized"}, []),
    ({"state": "ready", "kind": "image", "limit": 2}, [6, 2, 1, 0]), ({"state": "created", "kind": "video"}, []),
])
def test_filters(shelf, query, wanted):
    found = [item["id"] for page in shelf.pages(**query) for item in page]
    assert found == [shelf.ids[i] for i in wanted]


def test_items_are_whole(shelf):
    items, = shelf.pages(state="ready", kind="image")
    for item in items:
        assert {r["name"] for r in item["renditions"]} == {"preview", "large"}
        preview = next(r["url"] for r in item["renditions"] if r["name"] == "preview")
        assert requests.get(preview, timeout=10).status_code == 200


def test_nothing_yet(newcomer):
    assert list(newcomer.pages()) == [[]]


@pytest.mark.smoke
def test_delete_leaves_nothing(client, stack):
    media = client.bring(pictures.small(side=500))
    media_id = media["id"]
    key, = stack.sql("select object_key from media.media where id = %s", media_id)[0]
    folder = key.rsplit("/", 1)[0] + "/"
    assert len(stack.objects(folder)) == 3
    urls = [media["download"]["url"]] + [r["url"] for r in media["renditions"]]

    assert client.delete(media_id).status_code == 204
    check_problem(client.fetch(media_id), 404)
    check_problem(client.delete(media_id), 404)
    check_problem(client.finalize(media_id), 404)
    assert all(item["id"] != media_id for page in client.pages() for item in page)
    assert stack.sql("select 1 from media.media where id = %s", media_id) == []
    eventually(lambda: not stack.objects(folder), 60, 0.2, "its objects go")
    eventually(lambda: stack.redis().get(f"preview:{media_id}") is None, 10, 0.2, "its preview goes")
    assert [requests.get(url, timeout=10).status_code for url in urls] == [404] * 3


def test_deleted_while_it_is_rendered(client, stack):
    """Ten times, at another moment each: nothing stays."""
    folders = []
    for i in range(10):
        created = client.create(file := pictures.noisy(i, 100))
        assert put(created["upload"], file.body).status_code == 200
        media_id = created["media"]["id"]
        key, = stack.sql("select object_key from media.media where id = %s", media_id)[0]
        folders.append(key.rsplit("/", 1)[0] + "/")
        if i > 0:
            assert client.finalize(media_id).status_code == 200
        assert client.delete(media_id).status_code == 204
        check_problem(client.fetch(media_id), 404)
    # A render under way keeps its lease; what it wrote late is purged after that.
    eventually(lambda: not any(stack.objects(folder) for folder in folders), 120, 0.5, "all objects go")
    assert stack.sql("select count(*) from thumbnailer.job where state = 'dead'") == [(0,)]
