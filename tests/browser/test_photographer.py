"""What a photographer does: makes an event, uploads to it, chooses photos, hands out codes, ends it. The pictures of it are
kept in build/test/browser."""

import base64
import os
import re
import secrets
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import pictures
from client import Person as Account
from party import scene
from pictures import small
from stack import TOP, eventually

PICTURES = os.path.join(TOP, "build/test/browser")
UPLOADED = 40_000  # ms: thirty photos, and the machine has other work
PART = 64 * 1024 * 1024
KINDS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True},
    "phone-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark", "has_touch": True},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Thirty JPEGs of several shapes, as they lie in a folder."""
    folder = tmp_path_factory.mktemp("shoot")
    paths = []
    for seed in range(30):
        file = scene(seed + 1000)
        path = folder / file.name
        path.write_bytes(file.body)
        paths.append(str(path))
    return paths


class Studio:
    """Somebody at the page of an event of his."""

    def __init__(self, visit, person, name="Anna & Tom"):
        self.visit, self.page = visit, visit.page
        visit.log_in(person, to="/events")
        visit.press("Create your first event")
        visit.fill(name=name)
        visit.press("Create event")
        self.page.wait_for_url(re.compile(r"/events/[0-9a-f-]{36}$"))
        visit.see(name)
        self.url = self.page.url
        self.tiles = self.page.get_by_role("gridcell")

    def choose(self, paths):
        self.page.locator("#pick-files").set_input_files(paths)

    def drop(self, paths):
        """As a mouse drops them, folders too."""
        where = self.page.locator("#add").bounding_box()
        devtools = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {
                "type": kind, "x": where["x"] + 30, "y": where["y"] + 30,
                "data": {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}})

    def uploaded(self, title="All uploaded", within=UPLOADED):
        expect(self.page.locator("#uploads-title")).to_have_text(title, timeout=within)

    def shown(self, n):
        expect(self.page.locator("#event-facts")).to_contain_text(f"{n} photo", timeout=UPLOADED)
        expect(self.page.locator(".tile-note[data-tone=busy]")).to_have_count(0, timeout=UPLOADED)
        expect(self.page.locator(".tile img[data-loaded]").first).to_be_visible(timeout=UPLOADED)

    def facts(self):
        return self.page.locator("#uploads-text").inner_text()

    def tab(self, name):
        self.page.locator(".tabs").get_by_role("link", name=name).click()

    def hold_uploads(self):
        """None gets to the store until the function it returns is called."""
        held = []
        self.page.route(self.visit.store + "/**", lambda route: held.append(route) if route.request.method == "PUT" else route.continue_())

        def let_go():
            self.page.unroute(self.visit.store + "/**")
            for route in held:
                try:
                    route.continue_()
                except Exception:  # given up meanwhile
                    pass
        return held, let_go

    def forget_files(self):
        """As if they had been too many to be kept through a reload."""
        self.page.evaluate("""() => new Promise((done) => {
            indexedDB.open('pierrot-uploads').onsuccess = ({ target }) => {
                const files = target.result.transaction('files', 'readwrite').objectStore('files');
                files.clear().onsuccess = done;
            };
        })""")

    def forgive_overtaking(self):
        """What was under way at a reload may have come to the store all the same, which then refuses the second."""
        assert set(self.visit.refusals) <= {412}
        self.visit.refusals.clear()

    def forget(self, *words):
        """What Chromium wrote to the console of an outage that was wanted."""
        self.visit.faults[:] = [fault for fault in self.visit.faults if not any(word in fault for word in words)]

    def lists(self, change):
        """change(body) is made of each page of the event's photos, a status instead of it if it gives one. Gives what was asked."""
        asked = []

        def answer(route):
            asked.append(route.request.url)
            response = route.fetch()
            body = response.json()
            status = change(body)
            if status:
                route.fulfill(status=status, headers={"retry-after": "1"}, json={})
            else:
                route.fulfill(response=response, json=body)
        self.page.route("**/api/events/*/media?*", answer)
        return asked

    def list_truly(self):
        self.page.unroute("**/api/events/*/media?*")


@pytest.fixture
def studio(visit, person):
    return Studio(visit, person)


def media_of(stack, person, columns="m.id"):
    return stack.sql(f"select {columns} from media.media m join gateway.account a on a.id = m.owner_id where a.name = %s", person.name)


# --- the whole way ---

def test_thirty_photos_ten_of_them_for_somebody(visits, person, photos, stack):
    studio = Studio(visits(permissions=["clipboard-read", "clipboard-write"]), person)
    visit, page = studio.visit, studio.page
    studio.choose(photos)
    studio.uploaded()
    assert studio.facts() == "30 of 30 photos"
    studio.shown(30)
    assert {state for state, in media_of(stack, person, "m.state")} <= {"finalized", "ready"}
    eventually(lambda: {state for state, in media_of(stack, person, "m.state")} == {"ready"})
    visit.press("Close", "#uploads")

    studio.tiles.nth(0).click()
    studio.tiles.nth(6).click(modifiers=["Shift"])  # seven
    for i in (8, 9):
        studio.tiles.nth(i).click()
    studio.tiles.nth(11).click()
    visit.see("10 photos selected", "#selection-bar")
    visit.press("New code from these")
    visit.see("It opens the 10 photos you selected", "dialog")
    visit.page.get_by_label("For whom?").fill("Table 4")
    visit.press("Make code", "dialog")
    visit.see("The code of Table 4 is")
    row = page.locator("#code-list li")
    expect(row).to_contain_text("10 photos · opened never")
    code = row.locator("code").inner_text().replace(" ", "")
    assert re.fullmatch("[A-HJKMNP-Z2-9]{6}", code)
    visit.press("Copy link of Table 4")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.locator("#public-link").get_attribute("href") + "#" + code

    guest = visits()
    guest.page.goto(link)
    guest.see("10 photos")
    expect(guest.page.get_by_role("gridcell").first).to_be_visible()

    page.bring_to_front()
    visit.press("Revoke Table 4")
    visit.press("Revoke", "dialog")
    visit.see("Table 4 is shut out.")
    visit.see("revoked", "#code-list")
    visit.press("Allow again Table 4")
    visit.see("Table 4 may look again.")


def test_photos_come_from_a_drop_and_appear_while_others_are_on_their_way(studio, photos):
    page = studio.page
    drop = """(files) => {
        const transfer = new DataTransfer();
        for (const { name, type, bytes } of files)
            transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type }));
        for (const kind of ['dragenter', 'dragover', 'drop'])
            document.querySelector('#add').dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    files = [{"name": os.path.basename(path), "type": "image/jpeg",
              "bytes": base64.b64encode(open(path, "rb").read()).decode()} for path in photos[:4]]
    files += [{"name": "notes.txt", "type": "text/plain", "bytes": "aGk="}, {"name": ".DS_Store", "type": "", "bytes": "aGk="}]
    page.evaluate(drop, files)
    studio.visit.see("1 file is no photo or video that Pierrot knows: notes.txt")
    studio.uploaded()
    studio.shown(4)


def test_what_cannot_be_read_of_a_drop_is_named_and_the_rest_is_uploaded(studio, photos):
    studio.page.evaluate("""(bytes) => {
        const file = new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], 'fine.jpg', { type: 'image/jpeg' });
        const gone = (_, no) => no(new DOMException('it has gone', 'NotFoundError'));
        const entry = (name, read) => ({ name, isFile: true, file: read });
        const folder = (name, ...pages) => ({ name, isDirectory: true, createReader: () => ({
            readEntries: (yes, no) => pages.length > 0 ? yes(pages.shift()) : gone(yes, no) }) });
        const moved = { kind: 'directory', name: 'shoot', async *values() { throw new DOMException('it has gone', 'NotFoundError'); } };
        const shoot = folder('shoot', [entry('gone.jpg', gone), entry('.DS_Store', gone), folder('locked'), entry('fine.jpg', (yes) => yes(file))], []);
        const items = [{ kind: 'file', webkitGetAsEntry: () => shoot, getAsFile: () => null, getAsFileSystemHandle: async () => moved }];
        document.querySelector('#add').dispatchEvent(Object.assign(new Event('drop', { bubbles: true, cancelable: true }),
            { dataTransfer: { types: ['Files'], items } }));
    }""", base64.b64encode(open(photos[0], "rb").read()).decode())
    studio.visit.see("2 files cannot be read: gone.jpg, locked")
    studio.uploaded()
    assert studio.facts() == "1 of 1 photo"


def test_folders_are_dropped_and_a_reload_finds_their_files(studio, photos, tmp_path):
    page = studio.page
    day = tmp_path / "shoot" / "day 2"
    day.mkdir(parents=True)
    for path, folder in zip(photos[:4], (day, day, day.parent, tmp_path)):
        (folder / os.path.basename(path)).write_bytes(open(path, "rb").read())
    (day / ".DS_Store").write_text("hi")
    held, _ = studio.hold_uploads()
    studio.drop([tmp_path / "shoot", tmp_path / os.path.basename(photos[3])])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 4)

    def kept():
        return page.evaluate("""() => new Promise((done) => {
            indexedDB.open('pierrot-uploads').onsuccess = ({ target }) => {
                target.result.transaction('files').objectStore('files').getAll().onsuccess = ({ target }) =>
                    done(target.result.map((one) => `${one.constructor.name} ${one.name}`));
            };
        })""")
    eventually(lambda: len(kept()) == 4)
    assert sorted(kept()) == sorted(f"FileSystemFileHandle {os.path.basename(path)}" for path in photos[:4]), "no copies"
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute(studio.visit.store + "/**")
    allow = page.get_by_role("button", name="Go on", exact=True)  # where the browser wants to be asked again
    if allow.is_visible():
        allow.click()
    studio.uploaded()
    studio.shown(4)
    studio.forgive_overtaking()


def test_hundreds_in_one_go(studio, stack, tmp_path):
    """More than a batch announces: the page holds no more of them than are seen."""
    page, previews = studio.page, set()
    page.on("request", lambda request: previews.add(request.url.split("?")[0]) if request.resource_type == "image" else None)
    for seed in range(600):
        (tmp_path / f"DSC_{seed:04}.jpg").write_bytes(small(seed + 77_000).body)
    page.locator("#uploads-details").evaluate("(details) => { details.open = true; }")
    studio.drop(sorted(tmp_path.iterdir()))
    studio.visit.see(re.compile("^and [0-9]{3} files more$"), "#uploads")
    expect(page.locator("#upload-list li")).to_have_count(100)
    studio.uploaded(within=300_000)
    assert studio.facts() == "600 of 600 photos"
    states = dict(stack.sql("select state, count(*) from media.media where event_id = %s group by 1", studio.url.split("/")[-1]))
    assert "created" not in states and sum(states.values()) == 600, states
    eventually(lambda: not stack.sql("select from media.media where event_id = %s and state = 'finalized' limit 1", studio.url.split("/")[-1]),
               within=300)
    previews.clear()
    page.reload()
    studio.shown(600)
    page.wait_for_load_state("networkidle")
    assert studio.tiles.count() < 150 and len(previews) < 150
    page.keyboard.press("End")
    expect(page.locator(".tile img[data-loaded]").last).to_be_visible(timeout=UPLOADED)
    studio.tiles.last.click()
    studio.visit.see("1 photo selected", "#selection-bar")


def test_never_done_before_the_server_says_so(studio, photos):
    page, answers = studio.page, []
    page.route("**/api/media/finalize", lambda route: answers.append(route))
    studio.choose(photos[:2])
    eventually(lambda: page.wait_for_timeout(50) or len(answers) == 2)
    page.wait_for_timeout(600)
    assert studio.facts().startswith("0 of 2 photos")
    assert int(page.locator("#uploads-bar").get_attribute("aria-valuenow")) < 100
    assert page.locator("#uploads-title").inner_text() == "Uploading"
    for route in answers:
        route.continue_()
    studio.uploaded()


def test_what_is_checked_arrives_though_the_rest_is_cancelled(studio, photos):
    page, checked, held = studio.page, [], []
    first = os.path.basename(photos[0])
    page.route("**/api/media/finalize", lambda route: checked.append(route))
    page.route(studio.visit.store + "/**", lambda route: held.append(route) if route.request.method == "PUT"
               and first not in route.request.url else route.continue_())
    studio.choose(photos[:3])
    eventually(lambda: page.wait_for_timeout(50) or (len(checked), len(held)) == (1, 2))
    page.locator("#uploads summary").click()
    expect(page.locator("#upload-list").get_by_role("button", name=f"Cancel {first}")).to_be_hidden()
    page.locator("#uploads header").get_by_role("button", name="Cancel").click()
    expect(page.locator("#upload-list li")).to_have_count(1)
    expect(page.locator("#cancel-uploads")).to_be_hidden()
    checked[0].continue_()
    studio.uploaded()
    studio.shown(1)
    studio.forget("ERR_FAILED", "ERR_ABORTED")


def test_a_store_that_takes_its_time_is_asked_again(studio, photos):
    """202 is neither a success nor a failure."""
    page, asked = studio.page, []

    def not_yet(route):
        asked.append(route)
        if len(asked) > 3:
            route.continue_()
            return
        media_id = route.request.post_data_json["media_id"]
        route.fulfill(status=202, headers={"retry-after": "2"}, json={"media": {"id": media_id, "state": "created"}})
    page.route("**/api/media/finalize", not_yet)
    studio.choose(photos[:1])
    eventually(lambda: page.wait_for_timeout(50) or len(asked) == 2, 15)
    assert studio.facts().startswith("0 of 1 photo")
    studio.uploaded()
    assert len(asked) == 4
    studio.shown(1)


def test_pause_and_go_on(studio, photos):
    page = studio.page
    held, let_go = studio.hold_uploads()
    studio.choose(photos[:12])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 4)
    page.wait_for_timeout(300)
    assert len(held) == 4, "four at a time"
    studio.visit.press("Pause")
    studio.visit.see("Paused", "#uploads")
    let_go()
    page.wait_for_timeout(700)
    assert studio.facts().startswith("0 of 12")
    studio.visit.press("Go on")
    studio.uploaded()
    studio.shown(12)
    studio.forget("ERR_FAILED", "ERR_ABORTED")


def test_a_reload_goes_on_where_it_was(studio, photos, stack, person):
    page = studio.page
    allowed = []

    def three(route):
        if route.request.method == "PUT" and len(allowed) >= 3:
            return  # stays under way
        allowed.append(route)
        route.continue_()
    page.route(studio.visit.store + "/**", three)
    studio.choose(photos[:10])
    eventually(lambda: page.wait_for_timeout(50) or studio.facts().startswith("3 of 10"))
    page.wait_for_timeout(500)
    page.on("dialog", lambda dialog: dialog.accept())  # "leave this page?"
    page.reload()
    page.unroute(studio.visit.store + "/**")
    studio.uploaded()
    assert re.match("7 of 7 photos", studio.facts())
    studio.shown(10)
    assert len(media_of(stack, person)) == 10, "what was announced before is used"
    studio.forgive_overtaking()


def test_the_same_files_chosen_again_go_on_where_nothing_was_kept(studio, photos, stack, person):
    page = studio.page
    held, _ = studio.hold_uploads()
    studio.choose(photos[:6])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 4)
    page.wait_for_timeout(600)
    page.on("dialog", lambda dialog: dialog.accept())
    studio.forget_files()
    page.reload()
    page.unroute(studio.visit.store + "/**")
    studio.visit.see("6 files of before wait: choose the same ones again")
    assert page.locator("#uploads-title").inner_text() == "Interrupted"
    with page.expect_file_chooser() as chooser:
        studio.visit.press("Choose them again")
    chooser.value.set_files(photos[:6])
    studio.uploaded()
    studio.shown(6)
    assert len(media_of(stack, person)) == 6
    studio.forgive_overtaking()


def test_what_was_finished_without_the_page_is_neither_missing_nor_cancelled(studio, photos, stack, person):
    """By the server, after a 202; or by another tab."""
    page, visit = studio.page, studio.visit
    studio.choose(photos[:1])
    studio.uploaded()
    studio.shown(1)
    (media_id,), = media_of(stack, person, "m.id::text")
    leftover = {"event_id": studio.url.split("/")[-1], "name": "dance.mp4", "path": "dance.mp4", "size": 2 * PART, "modified": 1,
                "type": "video/mp4", "sha256": "0" * 64, "mediaId": media_id, "multipart": {"part_size": PART, "parts": 2}}

    def come_back():
        page.evaluate("""(record) => new Promise((done) => {
            indexedDB.open('pierrot-uploads').onsuccess = ({ target }) => {
                target.result.transaction('items', 'readwrite').objectStore('items').put(record).onsuccess = done;
            };
        })""", {"key": secrets.token_hex(4), **leftover})
        page.reload()

    come_back()
    studio.uploaded()
    page.route("**/api/media/" + media_id, lambda route: route.fulfill(status=503, json={}))
    come_back()
    visit.see("1 file of before waits")
    assert page.locator("#uploads-bar").get_attribute("aria-valuenow") == "0"
    visit.expect_refusals(503)
    page.unroute("**/api/media/" + media_id)
    with page.expect_response(lambda response: response.url.endswith(media_id)):
        visit.press("Cancel", "#uploads")
    page.wait_for_timeout(500)
    assert media_of(stack, person, "m.id::text") == [(media_id,)]
    page.reload()
    studio.shown(1)
    expect(page.locator("#uploads")).to_be_hidden()


def test_a_link_that_ended_is_not_tried_again(studio, photos):
    """A store whose refusals have no CORS headers gives a page no answer."""
    page, ended, tried = studio.page, [], []

    def end_the_first(route):
        answer = route.fetch()
        body = answer.json()
        for item in [] if ended else body["items"]:
            item["upload"]["url"] = re.sub("X-Amz-Date=[^&]*", "X-Amz-Date=20200101T000000Z", item["upload"]["url"])
        ended.append(route.request.url)
        route.fulfill(response=answer, json=body)
    page.route("**/api/media/batch", end_the_first)
    page.route(studio.visit.store + "/**", lambda route: (tried.append(route.request.url), route.abort()) if "20200101" in route.request.url
               else route.continue_())
    studio.choose(photos[:6])
    studio.uploaded()
    studio.shown(6)
    assert not tried


def test_a_connection_that_is_lost_and_comes_back(studio, photos):
    page = studio.page
    lost = []
    page.route(studio.visit.store + "/**", lambda route: (lost.append(1), route.abort("connectionreset")))
    studio.choose(photos[:8])
    eventually(lambda: page.wait_for_timeout(50) or len(lost) >= 4)
    studio.visit.see("Waiting for the server", "#uploads")
    studio.visit.see("it goes on by itself", "#uploads")
    page.unroute(studio.visit.store + "/**")
    studio.uploaded()
    studio.shown(8)
    studio.forget("ERR_CONNECTION_RESET")


def test_each_retry_waits_longer(studio, photos):
    page, tries = studio.page, []
    page.route(studio.visit.store + "/**", lambda route: (tries.append(time.monotonic()), route.abort("connectionreset")))
    studio.choose(photos[:1])
    eventually(lambda: page.wait_for_timeout(20) or len(tries) >= 4, within=40)
    waits = [after - before for before, after in zip(tries, tries[1:])]
    assert all(wait >= least for wait, least in zip(waits, (0.5, 1, 2))), waits
    page.unroute(studio.visit.store + "/**")
    studio.uploaded()
    studio.forget("ERR_CONNECTION_RESET")


def test_offline_for_a_while(studio, photos):
    held, let_go = studio.hold_uploads()
    studio.choose(photos[:5])
    eventually(lambda: studio.page.wait_for_timeout(50) or len(held) == 4)
    studio.visit.context.set_offline(True)
    let_go()
    studio.visit.see("You are offline", "#uploads")
    studio.visit.context.set_offline(False)
    studio.uploaded()
    studio.shown(5)
    studio.forget("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_ABORTED")


def test_a_busy_server_is_asked_again_later(studio, photos):
    page, refused = studio.page, []

    def once(route):
        if refused:
            route.continue_()
        else:
            refused.append(1)
            route.fulfill(status=503, headers={"retry-after": "1"}, json={})
    page.route("**/api/media/batch", once)
    studio.choose(photos[:3])
    studio.uploaded()
    studio.shown(3)
    studio.visit.expect_refusals(503)


def test_what_the_event_has_already_is_not_sent_again(studio, photos):
    puts = []
    studio.choose(photos[:3])
    studio.uploaded()
    studio.page.on("request", lambda request: puts.append(request.url) if request.method == "PUT" else None)
    studio.visit.press("Close", "#uploads")
    studio.choose(photos[:3])
    studio.uploaded("All here already")
    assert studio.facts() == "3 of 3 photos · 3 were here already"
    studio.choose(photos[2:4])
    studio.uploaded()
    assert len(puts) == 1, puts


def test_the_same_bytes_twice_are_sent_once(studio, photos, tmp_path):
    puts = []
    studio.page.on("request", lambda request: puts.append(request.url) if request.method == "PUT" else None)
    copy = tmp_path / "another name.jpg"
    copy.write_bytes(open(photos[0], "rb").read())
    studio.choose([photos[0], str(copy)])
    studio.uploaded()
    assert studio.facts() == "2 of 2 photos · 1 was here already"
    assert len(puts) == 1


def test_what_cannot_be_fails_alone(studio, photos, tmp_path):
    page = studio.page
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    studio.choose([photos[0], str(broken)])
    studio.uploaded()
    expect(page.get_by_role("gridcell", name=re.compile("broken.jpg.*cannot be used"))).to_be_visible(timeout=UPLOADED)
    page.route("**/api/media/batch", lambda route: route.fulfill(status=201, json={
        "items": [{"error": {"field": "size", "detail": "must be less"}}]}))
    studio.choose(photos[5:6])
    studio.visit.see("1 file failed", "#uploads")
    page.locator("#uploads summary").click()
    studio.visit.see("Size must be less.", "#upload-list")
    page.unroute("**/api/media/batch")
    studio.visit.press("Try failed ones again")
    studio.uploaded()


def test_parts_that_cannot_be_asked_for_fail_no_other_file(studio, photos):
    page, changed = studio.page, []

    def in_parts_once(route):
        answer = route.fetch()
        body = answer.json()
        if len(body["items"]) > 1 and not changed:
            body["items"][0]["multipart"] = {"part_size": PART, "parts": 1}  # of which the server knows nothing
            changed.append(body["items"][0]["media"]["filename"])
        route.fulfill(response=answer, json=body)
    page.route("**/api/media/batch", in_parts_once)
    studio.choose(photos[:12])
    studio.uploaded()
    studio.shown(12)
    assert changed
    studio.visit.expect_refusals(409)


def test_bytes_that_failed_can_be_chosen_again(studio, photos, tmp_path):
    """Also when they failed while they were hashed once more."""
    page, copy = studio.page, tmp_path / "copy.jpg"
    copy.write_bytes(open(photos[0], "rb").read())

    def damaged(route):
        copy.write_bytes(b"another picture")
        route.fulfill(status=422, json={})
    page.route("**/api/media/finalize", damaged)
    studio.choose([str(copy)])
    studio.visit.see("1 file failed", "#uploads")
    assert page.locator("#uploads-bar").get_attribute("aria-valuenow") == "0"
    studio.visit.expect_refusals(422)
    page.unroute("**/api/media/finalize")
    studio.choose(photos[:1])
    studio.shown(1)
    assert studio.facts() == "1 of 2 photos"
    studio.forgive_overtaking()


def test_cancel(studio, photos, stack, person):
    page = studio.page
    held, let_go = studio.hold_uploads()
    studio.choose(photos[:6])
    eventually(lambda: page.wait_for_timeout(50) or len(held) == 4)
    page.locator("#uploads summary").click()
    page.locator("#upload-list li").last.get_by_role("button", name="Cancel").click()
    expect(page.locator("#upload-list li")).to_have_count(5)
    page.locator("#uploads header").get_by_role("button", name="Cancel").click()
    expect(page.locator("#uploads")).to_be_hidden()
    let_go()
    eventually(lambda: len(media_of(stack, person)) == 2)  # of which nothing was sent
    page.reload()
    studio.visit.see("No photos yet.")
    expect(page.locator("#uploads")).to_be_hidden()
    studio.forget("ERR_FAILED", "ERR_ABORTED")


def film(path, size):
    """A file that a camera could have made as large: what follows the film is padding (ISO/IEC 14496-12, box "free")."""
    with open(os.path.join(TOP, "tests/support/images/clip.mp4"), "rb") as clip:
        body = clip.read()
    with open(path, "wb") as file:
        file.write(body + (size - len(body)).to_bytes(4, "big") + b"free")
        file.truncate(size)


def test_a_large_film_goes_in_parts_and_goes_on_after_a_reload(studio, stack, person, tmp_path):
    path = str(tmp_path / "dance.mp4")
    film(path, PART + 20_000_000)
    page, parts = studio.page, []

    def first_only(route):
        if route.request.method == "PUT":
            parts.append(route.request.url)
            if len(parts) > 1:
                return
        route.continue_()
    page.route(studio.visit.store + "/**", first_only)
    studio.choose([path])
    eventually(lambda: page.wait_for_timeout(100) or len(parts) >= 2, within=60)
    page.wait_for_timeout(1500)
    page.on("dialog", lambda dialog: dialog.accept())
    again = []
    page.on("request", lambda request: again.append(request.url) if request.method == "PUT" else None)
    page.reload()
    page.unroute(studio.visit.store + "/**")
    studio.uploaded()
    assert all("partNumber=" in url for url in parts + again)
    assert len(media_of(stack, person)) == 1
    number = re.search(r"partNumber=(\d+)", parts[0]).group(0)
    assert not any(number + "&" in url or url.endswith(number) for url in again), "a part that is there is not sent again"


def test_a_film_paused_while_a_part_is_asked_for_and_closed_before_it_is_checked(studio, stack, person, tmp_path):
    path = str(tmp_path / "dance.mp4")
    film(path, PART + 1_000_000)
    page, asked, checked, puts = studio.page, [], [], []
    page.route("**/api/media/*/parts", lambda route: asked.append(route) if route.request.method == "POST" and not asked else route.continue_())
    page.route("**/api/media/finalize", lambda route: checked.append(route))
    studio.choose([path])
    eventually(lambda: page.wait_for_timeout(50) or asked, within=30)
    studio.visit.press("Pause")
    studio.visit.press("Go on")
    eventually(lambda: page.wait_for_timeout(50) or checked, within=60)
    page.on("dialog", lambda dialog: dialog.accept())
    page.on("request", lambda request: puts.append(request.url) if request.method == "PUT" else None)
    asked[0].continue_()
    studio.forget_files()
    page.reload()
    page.unroute("**/api/media/finalize")
    studio.uploaded()
    assert studio.facts() == "1 of 1 photo"
    assert not puts, "all of it is in the store"
    assert [state for state, in media_of(stack, person, "m.state")] != ["created"]


# --- what is chosen, what is taken out ---

def test_choosing_with_the_keyboard_alone(studio, photos):
    page, keys = studio.page, studio.page.keyboard
    studio.choose(photos[:8])
    studio.uploaded()
    studio.shown(8)
    studio.visit.press("Close", "#uploads")
    studio.visit.tab_to(".tile")
    keys.press("Space")
    studio.visit.see("1 photo selected", "#selection-bar")
    for _ in range(2):
        keys.press("Shift+ArrowRight")
    studio.visit.see("3 photos selected", "#selection-bar")
    studio.visit.tab_to("#code-from-selection")
    keys.press("Enter")
    keys.type("Anna")
    keys.press("Enter")
    studio.visit.see("The code of Anna is")
    assert page.evaluate("document.activeElement.ariaLabel") == "Copy link of Anna"
    expect(page.locator("#code-list")).to_contain_text("3 photos")

    studio.tab("Photos")
    page.get_by_role("gridcell").first.focus()
    keys.press("Control+a")
    studio.visit.see("8 photos selected", "#selection-bar")
    keys.press("Escape")
    expect(page.locator("#selection-bar")).to_be_hidden()
    keys.press("Enter")
    expect(page.locator("#viewer")).to_be_visible()
    keys.press("ArrowRight")
    studio.visit.see("2 of 8", "#viewer")
    keys.press("Escape")
    expect(page.locator("#viewer")).to_be_hidden()


def test_a_long_press_selects(visits, person, photos):
    studio = Studio(visits(**KINDS["phone"]), person)
    studio.choose(photos[:3])
    studio.uploaded()
    studio.shown(3)
    tile = studio.tiles.first
    tile.scroll_into_view_if_needed()
    box = tile.bounding_box()
    touch = {"pointerType": "touch", "isPrimary": True, "bubbles": True, "clientX": box["x"] + 9, "clientY": box["y"] + 9}
    tile.dispatch_event("pointerdown", touch)
    studio.page.wait_for_timeout(700)
    tile.dispatch_event("pointerup", touch)
    studio.visit.see("1 photo selected", "#selection-bar")


def test_cover_and_removal(studio, photos, stack, person):
    studio.choose(photos[:5])
    studio.uploaded()
    studio.shown(5)
    studio.tiles.nth(1).click()
    studio.visit.press("Make cover")
    studio.visit.see("is the cover.")
    expect(studio.page.get_by_role("gridcell", name=re.compile(", cover$"))).to_have_count(1)

    studio.tiles.nth(3).click()
    studio.tiles.nth(4).click()
    studio.visit.press("Remove…")
    studio.visit.see("2 photos uploaded here are deleted for good.", "dialog")
    studio.visit.press("Remove", "dialog")
    studio.visit.see("2 photos removed.")
    studio.shown(3)
    assert len(media_of(stack, person)) == 3
    studio.visit.open("/events")
    expect(studio.page.locator(".cover img")).to_be_visible()
    studio.visit.see("3 photos")


def many(body, n=300):
    """As if the event had n photos: the real ones, again and again."""
    body["items"] = [{**body["items"][i % len(body["items"])], "id": f"00000000-0000-7000-8000-{n - i:012}", "filename": f"{i + 1}.jpg"}
                     for i in range(n)]


def click_tile(page):
    """Once there is one; beside the gap between two of them."""
    x = page.wait_for_function("() => [600, 620].find((x) => document.elementFromPoint(x, 400)?.closest('.tile'))")
    page.mouse.click(x.json_value(), 400)


def test_the_place_is_kept_when_the_selection_ends(studio, photos):
    visit, page = studio.visit, studio.page
    studio.choose(photos[:5])
    studio.uploaded()
    studio.shown(5)
    studio.lists(many)
    page.route("**/media/00000000-*", lambda route: route.fulfill(status=204))
    page.reload()
    studio.shown(300)
    page.evaluate("scrollTo({ top: 4000, behavior: 'instant' })")
    place = "() => [document.activeElement.className, Math.round(scrollY / 250)]"

    click_tile(page)
    visit.see("1 photo selected", "#selection-bar")
    visit.press("Clear", "#selection-bar")
    assert page.evaluate(place) == ["tile", 16]
    click_tile(page)
    visit.press("Remove…")
    visit.press("Remove", "dialog")
    visit.see("1 photo removed.")
    assert page.evaluate(place) == ["tile", 16]
    expect(page.locator("#event-facts")).to_contain_text("299 photos")

    click_tile(page)
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")  # to another place meanwhile
    page.wait_for_timeout(300)
    visit.press("Clear", "#selection-bar")
    assert page.evaluate(place) in (["tile", 0], ["tile", 1])


def test_the_viewer_leads_back_to_its_photo_while_others_arrive(studio, photos):
    page = studio.page
    studio.choose(photos[:3])
    studio.uploaded()
    studio.shown(3)
    studio.tiles.nth(1).dblclick()
    expect(page.locator("#viewer .large").first).to_be_visible()
    name = page.locator("#viewer-title").inner_text()
    studio.choose(photos[3:6])
    studio.shown(6)
    page.keyboard.press("Escape")
    expect(page.get_by_role("gridcell", name=name)).to_be_focused()


def test_a_photo_that_comes_as_something_else(studio, photos):
    page = studio.page
    studio.choose(photos[:1])
    studio.uploaded()
    studio.shown(1)
    page.route(studio.visit.store + "/**", lambda route: route.fulfill(body="no picture", content_type="image/jpeg"))
    studio.tiles.nth(0).dblclick()
    studio.visit.see("This one cannot be shown in full right now.", "#viewer")


def end_links(body):
    for media in body["items"]:
        for rendition in media["renditions"]:
            rendition["url"] = re.sub("X-Amz-Date=[^&]*", "X-Amz-Date=20200101T000000Z", rendition["url"])


@pytest.mark.parametrize("then", [503, None], ids=["refused", "no better ones"])
def test_links_that_are_not_renewed_are_waited_for(studio, photos, then):
    page, visit = studio.page, studio.visit
    studio.choose(photos[:2])
    studio.uploaded()
    studio.shown(2)
    asked = studio.lists(lambda body: end_links(body) or (then if len(asked) > 1 else None))
    page.reload()
    page.wait_for_timeout(3500)
    assert 2 <= len(asked) <= 5, asked
    assert set(visit.refusals) == ({then} if then else set())
    visit.refusals.clear()
    studio.list_truly()
    expect(page.locator(".tile img[data-loaded]")).to_have_count(2, timeout=30_000)


def test_links_after_the_session_lead_to_the_login(studio, photos):
    studio.choose(photos[:1])
    studio.uploaded()
    studio.shown(1)
    asked = studio.lists(lambda body: end_links(body) or (401 if len(asked) > 1 else None))
    studio.page.reload()
    studio.visit.arrive(studio.url.replace(studio.visit.url, "/login?next="))
    studio.visit.expect_refusals(401)


# --- photos of the library ---

@pytest.fixture
def librarian(stack):
    """Somebody whose library has a film and five photos, the newest first."""
    someone = Account(stack)
    someone.log_in()
    someone.program = someone.client()
    someone.library = [someone.program.bring(file) for file in [scene(2000 + i) for i in range(5)] + [pictures.committed("clip.mp4")]][::-1]
    return someone


class Library:
    """The dialog of them."""

    def __init__(self, studio):
        self.visit, self.page = studio.visit, studio.page
        self.dialog = self.page.locator("#library")
        self.tiles = self.dialog.get_by_role("gridcell")

    def open(self, n):
        self.visit.press("Add from my library", "main")
        expect(self.tiles).to_have_count(n)

    def names(self):
        return [label.split(",")[0] for label in self.tiles.evaluate_all("(all) => all.map((e) => e.ariaLabel)")]


def test_photos_of_the_library_are_added_and_stay_there(visit, librarian, photos):
    studio = Studio(visit, librarian)
    page, library = studio.page, Library(studio)
    library.open(6)
    assert library.names() == [media["filename"] for media in librarian.library]
    expect(library.dialog.locator(".tile img[data-loaded]")).to_have_count(6)
    assert page.locator("#library-add").is_disabled()
    library.tiles.nth(0).click()
    library.tiles.nth(2).click(modifiers=["Shift"])
    visit.see("3 photos selected", "#library")
    visit.press("Add", "#library")
    visit.see("3 photos added from your library.")
    expect(library.dialog).to_be_hidden()
    studio.shown(3)
    library.open(3)
    visit.press("Select all", "#library")
    visit.press("Add", "#library")
    studio.shown(6)
    library.open(0)
    visit.see("Nothing is in your library that is not here already.", "#library")
    visit.press("Close", "#library")

    studio.choose(photos[:1])
    studio.uploaded()
    studio.shown(7)
    page.get_by_role("gridcell", name=re.compile("^clip.mp4")).click()
    page.get_by_role("gridcell", name=re.compile("^" + os.path.basename(photos[0]))).click()
    visit.press("Remove…")
    visit.see("1 photo uploaded here is deleted for good. 1 photo from your library stays there.", "dialog")
    visit.press("Remove", "dialog")
    visit.see("2 photos removed.")
    library.open(1)
    assert library.names() == ["clip.mp4"]
    left = [media["filename"] for page_of in librarian.program.pages() for media in page_of]
    assert left == [media["filename"] for media in librarian.library]


def test_the_library_with_the_keyboard_alone(visit, librarian):
    studio = Studio(visit, librarian)
    page, keys, library = studio.page, studio.page.keyboard, Library(studio)
    visit.tab_to("#choose-library")
    keys.press("Enter")
    expect(library.tiles.first).to_be_focused()
    keys.press("Space")
    keys.press("Shift+ArrowRight")
    visit.see("2 photos selected", "#library")
    keys.press("Escape")
    visit.see("0 photos selected", "#library")
    page.locator("#library-photos").evaluate("(e) => { e.style.maxHeight = '20rem'; }")  # as if there were many rows
    for key in ("End", "Home", "End"):
        keys.press(key)
        assert page.evaluate("""() => {
            const [tile, around] = [document.activeElement, document.querySelector('#library-photos')].map((e) => e.getBoundingClientRect());
            return tile.top >= around.top && tile.bottom <= around.bottom;
        }"""), f"{key}: the photo is out of sight"
    expect(library.tiles.last).to_be_focused()
    keys.press("Enter")
    visit.see("1 photo selected", "#library")
    visit.tab_to("#library-add", most=6)
    keys.press("Enter")
    studio.shown(1)
    expect(page.locator("#choose-library")).to_be_focused()
    keys.press("Enter")
    expect(library.tiles.first).to_be_focused()
    keys.press("Escape")
    expect(library.dialog).to_be_hidden()


def test_select_all_and_none(visit, librarian):
    studio = Studio(visit, librarian)
    library = Library(studio)
    library.open(6)

    def turns(button):
        for text in ("Select none", "Select all", "Select none"):
            button.click()
            expect(button).to_have_text(text)
    turns(studio.page.locator("#library-all"))
    visit.press("Add", "#library")
    studio.shown(6)
    turns(studio.page.locator("#select-all"))
    visit.see("6 photos selected", "#selection-bar")


def test_a_large_library_on_a_phone(visits, librarian):
    """It comes in pages, here of two; links that ended meanwhile are renewed."""
    visit = visits(**KINDS["phone"])
    studio = Studio(visit, librarian)
    page, library = studio.page, Library(studio)
    page.route("**/api/media?*", lambda route: route.continue_(url=route.request.url.replace("limit=60", "limit=2")))
    library.open(2)
    library.tiles.nth(1).scroll_into_view_if_needed()
    box = library.tiles.nth(1).bounding_box()
    touch = {"pointerType": "touch", "isPrimary": True, "bubbles": True, "clientX": box["x"] + 9, "clientY": box["y"] + 9}
    library.tiles.nth(1).dispatch_event("pointerdown", touch)
    page.wait_for_timeout(700)
    library.tiles.nth(1).dispatch_event("pointerup", touch)
    visit.see("1 photo selected", "#library")
    visit.press("Show older ones", "#library")
    expect(library.tiles).to_have_count(4)
    expect(library.tiles.nth(2)).to_be_focused()
    library.tiles.nth(3).tap()
    visit.see("2 photos selected", "#library")
    page.unroute("**/api/media?*")

    asked = []

    def end_once(route):
        answer = route.fetch()
        body = answer.json()
        for media in [] if asked else body["items"]:
            for rendition in media["renditions"]:
                rendition["url"] = re.sub("X-Amz-Date=[^&]*", "X-Amz-Date=20200101T000000Z", rendition["url"])
        asked.append(route.request.url)
        route.fulfill(response=answer, json=body)
    page.route("**/api/media?*", end_once)
    visit.press("Show older ones", "#library")
    expect(library.dialog.locator(".tile img[data-loaded]")).to_have_count(6)
    assert len(asked) == 2 and "cursor=" in asked[0] and "cursor=" not in asked[1]
    visit.see("2 photos selected", "#library")
    visit.check_width()
    visit.press("Add", "#library")
    studio.shown(2)


def test_a_photo_of_the_library_that_has_gone_meanwhile(visit, librarian):
    studio = Studio(visit, librarian)
    library = Library(studio)
    library.open(6)
    visit.press("Select all", "#library")
    assert librarian.program.delete(librarian.library[0]["id"]).status_code == 204
    visit.press("Add", "#library")
    visit.see("Some of them are not in your library any more.", "#library")
    visit.expect_refusals(422)
    expect(library.tiles).to_have_count(5)
    visit.see("5 photos selected", "#library")
    visit.press("Add", "#library")
    studio.shown(5)


# --- codes ---

def test_all_that_can_be_changed_of_a_code(studio, photos, stack):
    visit, page = studio.visit, studio.page
    studio.choose(photos[:3])
    studio.uploaded()
    studio.shown(3)
    studio.tiles.nth(0).click()
    visit.press("New code from these")
    page.get_by_label("For whom?").fill("Anna")
    page.get_by_label("Works until").fill("2090-01-01T12:00")
    visit.press("Make code", "dialog")
    assert visit.fault_of("#code-until") == "Between now and the end of the event, please."
    page.get_by_label("Works until").fill(in_days(3))
    page.locator("#code-length").select_option("8")
    visit.press("Make code", "dialog")
    row = page.locator("#code-list li")
    expect(row).to_contain_text(re.compile(r"Until \w+ \d+ \w+ at 12:00"))
    event_id = studio.url.split("/")[-1]

    def is_now(label, opens_all, days):
        (was, length, opens, left), = stack.sql(
            "select label, length(access_code), opens_all, extract(epoch from expires_at - now()) / 86400 from media.code "
            "where event_id = %s", event_id)
        assert (was, length, opens) == (label, 8, opens_all)
        assert left is None if days is None else abs(float(left) - days) < 1

    is_now("Anna", False, 3)
    visit.press("Change Anna")
    visit.see("Code of Anna", "#code-dialog")
    assert page.get_by_label("Works until").input_value() == in_days(3)
    page.get_by_label("For whom?").fill("Anna & Ben")
    page.locator("#code-dialog").get_by_label("all photos").check()
    page.get_by_label("Works until").fill(in_days(5))
    visit.press("Save", "dialog")
    visit.see("The code of Anna & Ben is changed.")
    expect(page.get_by_role("button", name="Change Anna & Ben")).to_be_focused()
    expect(row).to_contain_text("3 photos")
    is_now("Anna & Ben", True, 5)

    visit.press("Change Anna & Ben")
    page.get_by_label("chosen photos").check()
    page.get_by_label("Works until").fill("")
    visit.press("Save", "dialog")
    expect(row).to_contain_text("1 photo ·")  # the one from before
    expect(row).not_to_contain_text("Until")
    is_now("Anna & Ben", False, None)

    stack.sql("update media.code c set expires_at = now() - interval '1 hour' where c.event_id = %s", event_id)
    page.reload()
    visit.see("expired", "#code-list")
    visit.press("Change Anna & Ben")
    page.get_by_label("For whom?").fill("Anna")  # its time may stay as it is
    visit.press("Save", "dialog")
    visit.see("expired", "#code-list")
    visit.press("Change Anna")
    page.get_by_label("Works until").fill(in_days(2))
    visit.press("Save", "dialog")
    expect(row.locator(".badge")).to_have_count(0)
    is_now("Anna", False, 2)


def in_days(days):
    return time.strftime("%Y-%m-%dT12:00", time.gmtime(time.time() + days * 86400))


def test_many_codes_their_photos_and_exports(studio, photos, tmp_path):
    visit, page = studio.visit, studio.page
    studio.choose(photos[:4])
    studio.uploaded()
    studio.shown(4)
    studio.tab("Codes")
    visit.see("No codes yet")
    visit.press("Many at once")
    page.get_by_label("One label a line").fill("Anna\nBen\n\nCleo <b>")
    visit.see("3 codes", "dialog")
    visit.press("Make codes", "dialog")
    visit.see("3 codes made.")
    expect(page.locator("#code-list li")).to_have_count(3)
    visit.see("Cleo <b>", "#code-list")

    table = tmp_path / "class.csv"
    table.write_text("Dora;5b\r\n\"Emil; the younger\";5c\r\n", encoding="utf-8")
    visit.press("Many at once")
    with page.expect_file_chooser() as chooser:
        visit.press("Take them from a CSV file")
    chooser.value.set_files(str(table))
    page.locator("#many-dialog").get_by_label("all photos").check()
    page.get_by_label("They work until").fill(in_days(3))
    page.locator("#many-length").select_option("10")
    visit.press("Make codes", "dialog")
    visit.see("2 codes made.")
    expect(page.locator("#code-list li").filter(has_text="Dora")).to_contain_text(re.compile(r"Until \w+ \d+ \w+ at 12:00"))
    assert [len(text.replace(" ", "")) for text in page.locator("#code-list code").all_inner_texts()] == [10, 10, 6, 6, 6]
    visit.see("Emil; the younger", "#code-list")

    visit.press("Choose the photos of Ben")
    visit.see("0 photos for Ben", "#selection-bar")
    studio.tiles.nth(0).click()
    studio.tiles.nth(2).click()
    visit.press("Save", "#selection-bar")
    visit.see("Ben opens 2 photos now.")
    expect(page.locator("#code-list li").filter(has_text="Ben")).to_contain_text("2 photos")
    visit.press("Choose the photos of Ben")
    visit.see("2 photos for Ben", "#selection-bar")
    visit.press("Cancel", "#selection-bar")

    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert "Ben" in open(download.value.path(), encoding="utf-8").read()
    cards = page.request.get(page.locator("#codes-cards").get_attribute("href"))
    assert cards.status == 200 and "<svg" in cards.text()

    visit.press("Delete Anna")
    visit.press("Delete code", "dialog")
    visit.see("The code of Anna is deleted.")
    expect(page.locator("#code-list li")).to_have_count(4)


def test_no_photo_leaves_a_code_because_the_list_broke_off(studio, photos):
    visit, page = studio.visit, studio.page
    studio.choose(photos[:4])
    studio.uploaded()
    studio.shown(4)
    for label, select in (("Anna", True), ("Ben", False)):
        if select:
            visit.press("Select all")
            visit.press("New code from these")
        else:
            visit.press("New code")
        page.get_by_label("For whom?").fill(label)
        visit.press("Make code", "dialog")
        visit.see(f"The code of {label} is")
    patience = ["600"]

    def broken(route):
        if patience and "cursor=" in route.request.url:
            route.fulfill(status=503, headers={"retry-after": patience[-1]}, json={})
        else:
            route.continue_(url=route.request.url.replace("limit=100", "limit=2"))
    page.route("**/api/events/*/media?*", broken)
    page.reload()
    visit.press("Choose the photos of Anna")
    visit.see("The server is busy or just starting.", "#codes-message")
    expect(page.locator("#selection-bar")).to_be_hidden()
    studio.tab("Photos")
    visit.see("Not all photos could be listed.", "#photos-message")
    visit.see(re.compile("^4 photos"), "#event-facts")
    visit.expect_refusals(503, 503)

    patience[:] = ["1"]
    page.reload()
    visit.see("Not all photos could be listed.", "#photos-message")
    patience.clear()
    studio.shown(4)
    expect(page.locator("#photos-message")).to_be_empty()
    assert set(visit.refusals) == {503}
    visit.refusals.clear()

    patience[:] = ["600"]
    page.reload()
    visit.see("Not all photos could be listed.", "#photos-message")
    patience.clear()
    studio.tab("Codes")
    for label in ("Anna", "Ben"):
        visit.press(f"Choose the photos of {label}")
        visit.see(f"4 photos for {label}", "#selection-bar")
        expect(studio.tiles.first).to_be_focused()
        visit.press("Save", "#selection-bar")
        visit.see(f"{label} opens 4 photos now.")
    visit.expect_refusals(503)


# --- its time ---

def set_left(stack, studio, left, whole="30 days"):
    """As if it had been made long ago."""
    stack.sql("update media.event set created_at = now() + %s::interval - %s::interval, expires_at = now() + %s::interval, "
              "seconds_to_live = extract(epoch from %s::interval) where id = %s", left, whole, left, whole, studio.url.split("/")[-1])


@pytest.mark.parametrize("left, says", [
    ("6 days 2 hours 30 minutes", "It closes in 6 days 2 hours"), ("5 hours 30 minutes", "It closes in 5 hours 2"),
    ("-2 hours", "Guests are shut out."),
])
def test_owners_see_the_end_coming_and_extend(studio, stack, left, says):
    visit, page = studio.visit, studio.page
    expect(page.locator("#warning")).to_be_hidden()
    set_left(stack, studio, left)
    visit.open(studio.url)
    visit.see(says, "#warning")
    visit.open("/events")
    visit.press("Extend Anna & Tom")
    visit.press("+ 30 days", "dialog")
    visit.press("Save", "dialog")
    visit.see(re.compile("Anna & Tom: (29|30|36|35) days"))
    visit.open(studio.url)
    expect(page.locator("#warning")).to_be_hidden()


def test_extended_after_its_end_it_is_back(visits, person, photos, stack):
    """At the event's own page; its codes open it again."""
    studio = Studio(visits(), person)
    studio.choose(photos[:1])
    studio.uploaded()
    studio.tab("Codes")
    studio.visit.press("New code")
    studio.page.get_by_label("For whom?").fill("Anna")
    studio.visit.press("Make code", "dialog")
    row = studio.page.locator("#code-list li")
    link = studio.page.locator("#public-link").get_attribute("href") + "#" + row.locator("code").inner_text().replace(" ", "")
    set_left(stack, studio, "-1 hour")
    guest = visits()
    guest.page.goto(link)
    guest.see("These photos have gone")
    guest.expect_refusals(410)
    studio.page.reload()
    studio.visit.see("expired", "#code-list")
    studio.visit.press("Extend…", "#warning")
    studio.visit.press("+ 1 day", "dialog")
    studio.visit.press("Save", "dialog")
    expect(studio.page.locator("#warning")).to_contain_text("It closes in 23 hours")
    expect(row.get_by_text("expired")).to_have_count(0)
    guest.page.goto("about:blank")
    guest.page.goto(link)
    guest.see("1 photo")


def test_settings_and_the_end(studio, stack, photos):
    visit, page = studio.visit, studio.page
    studio.choose(photos[:1])
    studio.uploaded()
    studio.tab("Settings")
    visit.fill(name="Anna & Tom & Fido")
    page.get_by_label("Link", exact=True).fill("The Wedding")
    visit.press("Save", "#name-form")
    assert "a to z" in visit.fault_of("#slug")
    slug = "wedding-" + secrets.token_hex(3)
    page.get_by_label("Link", exact=True).fill(slug)
    visit.press("Save", "#name-form")
    visit.see("Saved.", "#name-form")
    assert page.locator("#public-link").get_attribute("href").endswith("/" + slug)
    assert page.title() == "Anna & Tom & Fido · Pierrot"
    page.get_by_role("radio", name="nothing they only look").check()
    visit.press("Save downloads")
    visit.see("Saved.", "#downloads-form")
    assert stack.sql("select download from media.event where slug = %s", slug) == [(False,)]

    visit.press("Delete event…")
    visit.press("Cancel", "dialog")
    visit.press("Delete event…")
    visit.press("Delete event", "dialog")
    page.wait_for_url(visit.url + "/events")
    visit.see("Anna & Tom & Fido is deleted.")
    visit.see("Create your first event")
    visit.page.goto(studio.url)
    page.wait_for_url(visit.url + "/events")
    visit.see("This event is not there any more.")
    visit.expect_refusals(404)


def test_an_event_page_asks_who_one_is_and_leads_back(visits, person):
    studio = Studio(visits(), person)
    other = visits()
    other.page.goto(studio.url)
    other.page.wait_for_url(re.compile("/login"))
    other.expect_refusals(401)
    other.fill(email_address=person.email, password=person.password)
    other.press("Log in", "main")
    other.page.wait_for_url(studio.url)


def test_what_people_write_is_text(studio):
    studio.tab("Settings")
    studio.visit.fill(name="<img src=x onerror=alert(1)>")
    studio.visit.press("Save", "#name-form")
    studio.visit.see("Saved.", "#name-form")
    assert studio.page.locator("#event-name img").count() == 0
    studio.visit.open("/events")
    studio.visit.see("<img src=x onerror=alert(1)>")


# --- how it looks ---

@pytest.mark.parametrize("kind", KINDS)
def test_looks(visits, librarian, photos, kind):
    os.makedirs(PICTURES, exist_ok=True)
    visit = visits(reduced_motion="reduce", **KINDS[kind])

    def judge(name):
        visit.page.wait_for_timeout(400)
        visit.page.screenshot(path=os.path.join(PICTURES, f"{name}-{kind}.png"))
        visit.check_width()
        found = Axe().run(visit.page).response["violations"]
        bad = [f"{name}: {fault['id']} ({fault['impact']}): {node['html'][:200]}" for fault in found for node in fault["nodes"]
               if fault["impact"] in ("moderate", "serious", "critical")]
        assert not bad, "\n".join(bad)

    visit.log_in(librarian, to="/events")
    judge("events-none")
    visit.press("Create your first event")
    judge("events-new")
    visit.press("Cancel", "dialog")
    visit.press("Create your first event")
    visit.fill(name="Anna & Tom")
    visit.press("Create event")
    visit.page.wait_for_url(re.compile(r"/events/[0-9a-f-]{36}$"))
    visit.see("Anna & Tom")
    judge("event-empty")
    page = visit.page
    page.route(visit.store + "/**", lambda route: None if route.request.method == "PUT" and "DSC_1029" in route.request.url
               else route.continue_())
    page.locator("#pick-files").set_input_files(photos[20:])
    expect(page.locator("#uploads-text")).to_contain_text("9 of 10", timeout=UPLOADED)
    page.locator("#uploads summary").click()
    judge("event-uploading")
    page.unroute(visit.store + "/**")
    expect(page.locator("#uploads-title")).to_have_text("All uploaded", timeout=UPLOADED)
    expect(page.locator(".tile-note[data-tone=busy]")).to_have_count(0, timeout=UPLOADED)
    visit.press("Close", "#uploads")
    page.get_by_role("gridcell").nth(1).click()
    page.get_by_role("gridcell").nth(2).click()
    judge("event-photos")
    visit.press("Clear", "#selection-bar")
    page.route("**/api/media?*", lambda route: route.continue_(url=route.request.url.replace("limit=60", "limit=4")))
    visit.press("Add from my library", "main")
    expect(page.locator("#library .tile img[data-loaded]").first).to_be_visible(timeout=UPLOADED)
    page.locator("#library .tile").nth(1).click()
    page.locator("#library-photos").evaluate("(e) => e.scrollTo(0, e.scrollHeight)")
    judge("event-library")
    visit.press("Close", "#library")
    page.get_by_role("gridcell").nth(1).click()
    page.get_by_role("gridcell").nth(2).click()
    visit.press("New code from these")
    judge("event-new-code")
    page.get_by_label("For whom?").fill("Table 4")
    visit.press("Make code", "dialog")
    visit.see("The code of Table 4 is")
    judge("event-codes")
    visit.press("Change Table 4")
    judge("event-change-code")
    visit.press("Cancel", "dialog")
    visit.press("Many at once")
    judge("event-many-codes")
    visit.press("Cancel", "dialog")
    page.locator(".tabs").get_by_role("link", name="Settings").click()
    judge("event-settings")
    visit.press("Change…")
    judge("event-stay")
    visit.press("Cancel", "dialog")
    visit.open("/events")
    judge("events")
