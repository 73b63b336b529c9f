"""What a guest does: types a code, sees the photos it opens and no others, takes them home, until their time is over."""

import hashlib
import io
import json
import re
import zipfile

import pytest
import requests
from playwright.sync_api import expect

from client import new_account
from party import Party
from stack import eventually

PHONE = {"viewport": {"width": 390, "height": 780}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
NO_SUCH = "No photos open with this code here."
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def party(stack):
    return Party(stack, photos=12, film=True)


@pytest.fixture(scope="module")
def code(party):
    return party.code()


def type_code(visit, text):
    visit.page.get_by_label("Access code").fill(text)
    visit.page.keyboard.press("Enter")


def enter(visit, party, code):
    visit.page.goto(f"{party.page}#{code['access_code']}")
    visit.page.locator(".tile img[data-loaded]").first.wait_for()


def tiles(visit):
    return visit.page.get_by_role("gridcell")


def names(visit):
    return [label.split(",")[0] for label in tiles(visit).evaluate_all("(all) => all.map((e) => e.ariaLabel)")]


def focused(visit):
    return visit.page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.id")


def wait_for_focus(visit, name):
    """A dialog gives it back a moment after it has closed."""
    visit.page.wait_for_function("(name) => document.activeElement.ariaLabel?.startsWith(name)", arg=name)


def place(visit):
    return visit.page.locator(".place").inner_text()


# --- the code ---

def test_a_code_opens_its_photos_and_no_others(visit, party):
    code = party.code(1, 4, 7, label="Table 4")
    visit.open(party.page)
    type_code(visit, code["access_code"].lower())
    expect(tiles(visit)).to_have_count(3)
    assert names(visit) == [party.files[i].name for i in (1, 4, 7)]
    visit.see("For Table 4")
    visit.see("Clara & Jonas")
    visit.see("3 photos")
    visit.see("6 days 23 hours left")
    expect(visit.page).to_have_title("Clara & Jonas · Pierrot")
    assert focused(visit) == "event-name"
    expect(visit.page.locator(".tile img[data-loaded]")).to_have_count(3)


def test_an_address_with_capitals(visit, party):
    """As a phone's keyboard begins it."""
    visit.open(party.page.title())
    type_code(visit, party.code(1)["access_code"])
    expect(tiles(visit)).to_have_count(1)


def test_a_code_takes_its_form_while_it_is_typed(visit):
    visit.open("/anna/any-event")
    field = visit.page.get_by_label("Access code")
    assert field.evaluate("(e) => e === document.activeElement")
    field.press_sequentially("k7m-3qx a")
    expect(field).to_have_value("K7M 3QX A")
    for key in ("Backspace", "Backspace", "ArrowLeft", "ArrowLeft"):
        field.press(key)
    field.press_sequentially("zz")
    expect(field).to_have_value("K7M ZZ3 Q")
    for key in ("Backspace", "Backspace", "Backspace"):  # the third meets the blank, and means what is before it
        field.press(key)
    expect(field).to_have_value("K73 Q")
    field.press_sequentially("o")
    visit.see("Codes have no O. Perhaps it is a Q or a D?")
    expect(field).to_have_value("K73 Q")
    field.press_sequentially("d")
    expect(visit.page.locator("#code-note")).to_be_empty()
    field.fill("abcdefghjkmnpqrs")
    expect(field).to_have_value("ABC DEF GHJ KMN")
    field.fill("k7m")
    field.press("Enter")
    visit.see("A code has at least 6 letters and digits.")
    assert field.get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize("wrapping", ["{0}", " {0}\n", "{1}", "https://example.org/anna/wedding#{0}", "Your code: {1}. See you!",
                                      "hi, it is {2}"])
def test_a_code_can_be_pasted(visits, party, wrapping):
    code = party.code(1, length=8)
    while not re.search("[2-9]", code["access_code"]):  # in lower case a digit tells it from a word
        code = party.code(1, length=8)
    text = code["access_code"]
    visit = visits(permissions=["clipboard-read", "clipboard-write"])
    visit.open(party.page)
    visit.page.evaluate("(text) => navigator.clipboard.writeText(text)",
                        wrapping.format(text, f"{text[:3]} {text[3:6]} {text[6:]}", text.lower()))
    visit.page.get_by_label("Access code").press("Control+v")
    expect(tiles(visit)).to_have_count(1)


def test_what_holds_no_code_is_not_pasted(visits):
    visit = visits(permissions=["clipboard-read", "clipboard-write"])
    visit.open("/anna/any-event")
    visit.page.evaluate("navigator.clipboard.writeText('we saw you at the wedding on sunday')")
    visit.page.get_by_label("Access code").press("Control+v")
    visit.see("There is no code in what was pasted.")
    expect(visit.page.get_by_label("Access code")).to_have_value("")


def test_the_code_of_a_link_leaves_the_address_bar(visit, party, code):
    asked = []
    visit.page.on("request", lambda request: asked.append(request.url))
    enter(visit, party, code)
    assert visit.page.url == visit.url + party.page
    assert not [url for url in asked if code["access_code"] in url and "#" not in url]
    visit.page.reload()  # the session lives
    tiles(visit).first.wait_for()


def test_a_link_that_was_mangled_on_its_way(visit, party, code):
    for fragment in ("%ff", "%E0%A4%A", "%"):
        visit.page.goto("about:blank")
        visit.page.goto(f"{party.page}#{fragment}")
        visit.see("Type the code that you were given.")
    visit.page.goto("about:blank")
    visit.page.goto(f"{party.page}#%20{code['access_code'].lower()}%20")
    tiles(visit).first.wait_for()


def test_a_wrong_code_and_no_event_are_the_same(visit, party):
    for page in (party.page, "/" + party.page.split("/")[1] + "/no-such-event", "/nobody-at-all/event"):
        visit.open(page)
        type_code(visit, "AAAAAA")
        visit.see(NO_SUCH)
        visit.expect_refusals(401)
        assert visit.page.get_by_label("Access code").evaluate("(e) => e === document.activeElement")


def test_the_page_tells_of_no_event(stack, party):
    answers = [requests.get(stack.gateway_url + path, timeout=10) for path in (party.page, "/nobody-at-all/nothing")]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content
    for answer in answers:
        assert answer.headers["x-robots-tag"] == "noindex" and answer.headers["referrer-policy"] == "no-referrer"
    for path in ("/api/nothing", "/assets/nothing", "/anna/a/b", "/An/event"):
        assert requests.get(stack.gateway_url + path, timeout=10).status_code == 404, path
    assert requests.post(stack.gateway_url + "/api/nothing", json={}, timeout=10).status_code == 404


def test_too_many_codes_are_waited_for(visit, party, code):
    asked = []

    def busy_once(route):
        asked.append(route.request.post_data_json["access_code"])
        if len(asked) > 1:
            route.continue_()
        else:
            route.fulfill(status=429, headers={"retry-after": "2", "content-type": "application/problem+json"},
                          body=json.dumps({"title": "too many requests", "status": 429}))

    visit.open(party.page)
    visit.page.route("**/access", busy_once)
    type_code(visit, code["access_code"])
    visit.see("Yours is tried again by itself in")
    visit.see(re.compile("0:0[12]"))
    assert visit.page.get_by_role("button", name="See the photos").is_disabled()
    tiles(visit).first.wait_for()
    assert asked == [code["access_code"]] * 2
    visit.expect_refusals(429)


def test_leaving(visit, party, code):
    enter(visit, party, code)
    visit.press("Leave")
    visit.see("You have left.")
    assert tiles(visit).count() == 0
    assert not visit.context.cookies(f"{visit.url}/api/guest{party.page}/")
    visit.open(party.page)
    visit.see("Type the code")


def test_an_answer_that_comes_after_leaving_opens_nothing(visit, party, code):
    enter(visit, party, code)
    answers = []
    visit.page.route(re.compile("/api/guest/[^/]+/[^/]+$"), lambda route: answers.append((route, route.fetch())))
    visit.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    eventually(lambda: visit.page.wait_for_timeout(50) or answers)
    visit.press("Leave")
    visit.see("You have left.")
    for route, answer in answers:
        assert answer.status == 200
        route.fulfill(response=answer)
    visit.page.wait_for_timeout(300)
    expect(visit.page).to_have_title("Photos · Pierrot")
    assert tiles(visit).count() == 0


def test_a_revoked_code_shows_nothing_more(visit, party):
    code = party.code(1, 2)
    enter(visit, party, code)
    party.change_code(code, revoked=True)
    tiles(visit).first.click()
    visit.see("Your code does not open these photos any more.")
    assert not visit.page.locator("#viewer").is_visible()
    assert tiles(visit).count() == 0
    assert set(visit.refusals) == {401}
    visit.refusals.clear()
    type_code(visit, code["access_code"])
    visit.see(NO_SUCH)
    visit.expect_refusals(401)


# --- the photos ---

def test_the_viewer_by_keys(visit, party, code):
    enter(visit, party, code)
    tiles(visit).nth(2).click()
    assert place(visit) == "3 of 13"
    viewer = visit.page.get_by_role("dialog", name=party.files[2].name)
    expect(viewer.locator("[data-current] .large")).to_have_count(1)
    assert viewer.locator("[data-current] .large").evaluate("(e) => e.naturalWidth") == 1600
    expect(viewer.locator(".large")).to_have_count(3)  # the neighbours are there before they are asked for
    expect(visit.page.locator("#viewer-size")).to_have_text(f"{len(party.files[2].body) / 1000:.0f} kB")
    expect(viewer.get_by_role("status")).to_have_text(f"Photo 3 of 13: {party.files[2].name}")
    for key, wanted in (("ArrowRight", 4), ("ArrowLeft", 3), ("Home", 1), ("ArrowLeft", 1), ("End", 13), ("ArrowRight", 13)):
        visit.page.keyboard.press(key)
        assert place(visit) == f"{wanted} of 13", key
    film = visit.page.locator("video")
    film.wait_for()
    visit.page.wait_for_function("() => document.querySelector('video').readyState >= 1")
    visit.page.keyboard.press("ArrowLeft")
    visit.page.keyboard.press("Escape")
    assert not visit.page.locator("#viewer").is_visible()
    wait_for_focus(visit, party.files[11].name)


def play(visit):
    """The film, which is the last one, until it has played for a while."""
    tiles(visit).last.click()
    visit.page.locator("[data-current] video").wait_for()
    visit.page.wait_for_function("""() => {
        const film = document.querySelector('[data-current] video');
        film.muted = true;
        if (film.paused)
          film.play().catch(() => {});
        return film.currentTime > 0.2;
    }""")


def test_a_video_is_watched_without_a_download(visit, party):
    code = party.code(11, 12)
    enter(visit, party, code)
    asked = []
    visit.page.on("request", lambda request: asked.append(request.url))
    play(visit)
    shown = [url for url in asked if "/photos/" in url]
    assert shown and all(url.endswith("?for=view") for url in shown)
    assert party.client.request("GET", f"{party.path}/codes/{code['id']}").json()["code"]["downloads"] == 0


def test_a_video_goes_on_after_its_link_has_ended(visit, party, code):
    ended = []

    def end_once(route):
        answer = route.fetch()
        body = answer.json()
        if "video" in body and not ended:
            ended.append(body["video"]["url"])
            body["video"]["url"] = re.sub("X-Amz-Date=[^&]*", "X-Amz-Date=20200101T000000Z", ended[0])
        route.fulfill(response=answer, json=body)

    failed, got = [], []
    visit.page.on("requestfailed", lambda request: failed.append(request.url))
    visit.page.on("response", lambda response: got.append(response.url))
    visit.page.route("**/api/guest/**/photos/*", end_once)
    enter(visit, party, code)
    play(visit)
    assert [url for url in failed if "20200101T000000Z" in url] and [url for url in got if "clip.mp4" in url]


def test_a_video_that_is_none(visit, party, code):
    visit.page.route(re.compile("clip.mp4"), lambda route: route.fulfill(body="no film", content_type="video/mp4"))
    enter(visit, party, code)
    tiles(visit).last.click()
    visit.see("This video cannot be played here.", "#viewer")


def test_back_closes_the_viewer(visit, party, code):
    enter(visit, party, code)
    tiles(visit).nth(2).click()
    visit.page.locator("#viewer").wait_for()
    visit.page.go_back()
    expect(visit.page.locator("#viewer")).not_to_be_visible()
    assert visit.page.url == visit.url + party.page and tiles(visit).count() > 0


class Finger:
    def __init__(self, visit):
        self.page, self.cdp = visit.page, visit.context.new_cdp_session(visit.page)

    def send(self, kind, *point):
        points = [dict(zip("xy", point))] if point else []
        self.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def rest(self, locator, ms):
        box = locator.bounding_box()
        self.send("touchStart", box["x"] + 50, box["y"] + 50)
        self.page.wait_for_timeout(ms)
        self.send("touchEnd")

    def swipe(self, x, y, to_x, to_y):
        self.send("touchStart", x, y)
        for i in range(1, 7):
            self.send("touchMove", x + (to_x - x) * i / 6, y + (to_y - y) * i / 6)
            self.page.wait_for_timeout(10)
        self.send("touchEnd")


def test_fingers(visits, party, code):
    visit = visits(**PHONE)
    enter(visit, party, code)
    finger = Finger(visit)
    finger.rest(tiles(visit).nth(1), 700)
    expect(visit.page.locator("#chosen-count")).to_have_text("1 selected")
    assert not visit.page.locator("#viewer").is_visible()
    tiles(visit).nth(2).tap()  # once something is selected a tap selects
    expect(visit.page.locator("#chosen-count")).to_have_text("2 selected")
    visit.press("End selection")
    tiles(visit).nth(2).tap()
    expect(visit.page.locator(".place")).to_have_text("3 of 13")
    finger.swipe(300, 400, 100, 410)
    expect(visit.page.locator(".place")).to_have_text("4 of 13")
    finger.swipe(100, 400, 300, 390)
    expect(visit.page.locator(".place")).to_have_text("3 of 13")
    finger.swipe(200, 400, 185, 400)
    expect(visit.page.locator(".place")).to_have_text("3 of 13")
    finger.swipe(200, 250, 205, 520)
    expect(visit.page.locator("#viewer")).not_to_be_visible()


def test_everything_with_the_keyboard_alone(visit, party, code):
    keys = visit.page.keyboard
    visit.open(party.page)
    visit.page.locator("h1").first.click()  # anywhere else
    visit.tab_to("#code")
    keys.type(code["access_code"].lower())
    keys.press("Enter")
    tiles(visit).first.wait_for()
    visit.tab_to("[role=gridcell]")
    assert focused(visit) == f"{party.files[0].name}, photo 1 of 13"
    keys.press("ArrowRight")
    keys.press("Space")
    keys.press("Shift+ArrowRight")
    keys.press("Shift+ArrowRight")
    expect(visit.page.locator("#chosen-count")).to_have_text("3 selected")
    expect(visit.page.locator("#said")).to_contain_text("3 selected")
    assert visit.page.locator("[aria-selected=true]").count() == 3
    keys.press("Control+a")
    expect(visit.page.locator("#chosen-count")).to_have_text("13 selected")
    keys.press("Escape")
    expect(visit.page.locator("#bar")).not_to_be_visible()
    keys.press("End")
    assert focused(visit) == "clip.mp4, video 13 of 13"
    keys.press("ArrowDown")
    keys.press("Home")
    keys.press("ArrowDown")
    below = focused(visit)
    keys.press("ArrowUp")
    assert focused(visit).startswith(party.files[0].name) and not below.startswith(party.files[0].name)
    keys.press("Enter")
    assert place(visit) == "1 of 13"
    visit.tab_to("#viewer-download", most=6)
    with visit.page.expect_download() as saved:
        keys.press("Enter")
    assert saved.value.suggested_filename == party.files[0].name
    keys.press("Escape")
    wait_for_focus(visit, party.files[0].name)
    visit.tab_to("#leave")
    keys.press("Enter")
    visit.see("You have left.")


# --- taking them home ---

def saved_bytes(download):
    with open(download.path(), "rb") as file:
        return file.read()


def contents(download):
    with zipfile.ZipFile(io.BytesIO(saved_bytes(download))) as archive:
        return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}


def hashes(*files):
    return {file.name: hashlib.sha256(file.body).hexdigest() for file in files}


def test_one_some_and_all(visit, party, code):
    enter(visit, party, code)
    total = sum(len(file.body) for file in party.files)
    assert visit.page.locator("#all-size").inner_text() == f"{total / 1000:.0f} kB"
    tiles(visit).nth(1).hover()
    visit.press(f"Select {party.files[1].name}")
    with visit.page.expect_download() as one:
        visit.press("Download")
    assert saved_bytes(one.value) == party.files[1].body and one.value.suggested_filename == party.files[1].name
    tiles(visit).nth(3).click(modifiers=["Shift"])
    expect(visit.page.locator("#chosen-count")).to_have_text("3 selected")
    expect(visit.page.locator("#chosen-size")).to_have_text(f"{sum(len(f.body) for f in party.files[1:4]) / 1000:.0f} kB")
    with visit.page.expect_download() as some:
        visit.press("Download")
    assert contents(some.value) == hashes(*party.files[1:4])
    with visit.page.expect_download() as everything:
        visit.page.locator("#download-all").click()
    assert contents(everything.value) == hashes(*party.files)


def test_selecting(visit, party, code):
    enter(visit, party, code)
    visit.press("Select")
    expect(visit.page.locator("#chosen-count")).to_have_text("Choose photos")
    assert visit.page.locator("#download-chosen").is_disabled()
    tiles(visit).nth(4).click()
    tiles(visit).nth(1).click(modifiers=["Shift"])
    expect(visit.page.locator("#chosen-count")).to_have_text("4 selected")
    tiles(visit).nth(2).click()
    expect(visit.page.locator("#chosen-count")).to_have_text("3 selected")
    visit.press("Select all")
    expect(visit.page.locator("#chosen-count")).to_have_text("13 selected")
    visit.press("End selection")
    expect(visit.page.locator("#bar")).not_to_be_visible()
    tiles(visit).nth(5).click(modifiers=["Control"])
    expect(visit.page.locator("#chosen-count")).to_have_text("1 selected")
    visit.page.keyboard.press("Escape")
    tiles(visit).nth(5).click()
    visit.page.locator("#viewer").wait_for()


def test_guests_who_may_only_look(visit, stack):
    looking = Party(stack, photos=2, download=False)
    enter(visit, looking, looking.code())
    for button in ("#album-actions", ".mark", "#bar"):
        expect(visit.page.locator(button).filter(visible=True)).to_have_count(0)
    tiles(visit).first.click(modifiers=["Shift"])
    visit.page.locator("#viewer .large").first.wait_for()
    assert not visit.page.locator("#viewer-download").is_visible()


def test_videos_where_downloads_are_off(visit, stack):
    looking = Party(stack, photos=1, film=True, download=False)
    enter(visit, looking, looking.code())
    tiles(visit).last.click()
    visit.see("There are no downloads here, and videos can only be watched where there are.", "#viewer")
    visit.page.locator("#viewer [data-current] .large").wait_for()  # its picture
    assert visit.page.locator("video").count() == 0
    visit.page.keyboard.press("ArrowLeft")
    visit.page.locator("#viewer [data-current] .large").wait_for()
    expect(visit.page.locator("#viewer-trouble")).to_be_empty()


# --- many ---

def many(visit, n, **changes):
    """As if the event had n photos: the real ones, again and again. Gives how often the list was asked for."""
    asked = []

    def multiply(route):
        answer = route.fetch()
        if answer.status == 200:
            body = answer.json()
            real = [photo for photo in body["photos"] if photo["content_type"] == "image/jpeg"]
            body["photos"] = [{**real[i % len(real)], "id": f"00000000-0000-7000-8000-{i:012}", "filename": f"{i + 1}.jpg", **changes}
                              for i in range(n)]
            asked.append(len(body["photos"]))
            route.fulfill(response=answer, json=body)
        else:
            route.fulfill(response=answer)

    visit.page.route(re.compile("/api/guest/[^/]+/[^/]+$"), multiply)
    return asked


def test_of_many_photos_only_the_near_ones_are_there(visit, party, code):
    many(visit, 10_000)
    fetched = set()
    visit.page.on("request", lambda request: request.url.startswith(visit.store) and fetched.add(request.url))
    enter(visit, party, code)
    visit.see("10,000 photos")
    assert tiles(visit).count() < 100
    visit.page.evaluate("scrollTo({top: document.body.scrollHeight / 2, behavior: 'instant'})")
    visit.page.wait_for_function("""() => [...document.querySelectorAll('.tile')].filter((e) => {
        const { top, bottom } = e.getBoundingClientRect();
        return bottom > 0 && top < innerHeight;
    }).every((e) => e.querySelector('img[data-loaded]'))""")
    assert tiles(visit).count() < 100
    visit.page.locator(".tile[tabindex='0']").focus()
    visit.page.keyboard.press("End")
    assert focused(visit) == "10000.jpg, photo 10000 of 10000"
    visit.page.keyboard.press("Control+a")
    expect(visit.page.locator("#chosen-count")).to_have_text("10,000 selected")
    assert visit.page.locator("#download-chosen").is_enabled()
    visit.page.keyboard.press("Space")
    expect(visit.page.locator("#chosen-count")).to_have_text("9,999 selected")
    with visit.page.expect_request("**/selections") as asked:  # for photos that are made up
        visit.press("Download")
    assert len(asked.value.post_data_json["ids"]) == 9999 and asked.value.response().status == 404
    visit.page.wait_for_function("document.getElementById('message').textContent")
    visit.expect_refusals(404)


def test_the_place_is_kept_when_the_window_turns(visits, party, code):
    visit = visits(**PHONE)
    many(visit, 500)
    enter(visit, party, code)
    visit.page.evaluate("scrollTo({top: 9000, behavior: 'instant'})")
    visit.page.wait_for_timeout(300)
    top = """() => [...document.querySelectorAll('.tile')].filter((e) => e.getBoundingClientRect().top > -60)
        .sort((a, b) => a.dataset.index - b.dataset.index)[0].dataset.index"""
    before = int(visit.page.evaluate(top))
    visit.page.set_viewport_size({"width": 780, "height": 390})
    visit.page.wait_for_timeout(300)
    assert abs(int(visit.page.evaluate(top)) - before) <= 6
    visit.check_width()


def test_links_that_ended_are_renewed_quietly(visit, party, code):
    old = {"preview_url": f"{visit.store}/pierrot/gone?X-Amz-Date=20200101T000000Z&X-Amz-Expires=300"}
    asked = many(visit, 300, **old)
    visit.page.goto(f"{party.page}#{code['access_code']}")
    tiles(visit).first.wait_for()
    visit.page.wait_for_timeout(300)
    assert asked and set(asked) == {300}
    visit.page.unroute(re.compile("/api/guest/[^/]+/[^/]+$"))
    visit.page.mouse.wheel(0, 200)
    visit.page.locator(".tile img[data-loaded]").first.wait_for()
    assert not visit.refusals, "what has ended is not even asked for"


# --- the end ---

def test_the_countdown(visit, party, code):
    visit.page.clock.install()
    enter(visit, party, code)
    countdown = visit.page.get_by_role("timer")
    expect(countdown).to_have_text("6 days 23 hours left")
    for days, text in ((5.0, r"1 day 23 hours left"), (1.5, r"11 hours \d+ minutes? left"), (0.47, r"\d+ minutes( \d+ seconds?)? left")):
        visit.page.clock.fast_forward(round(days * DAY_MS))
        expect(countdown).to_have_text(re.compile(text))
    before = countdown.inner_text()
    visit.page.clock.run_for(2000)
    assert countdown.inner_text() != before, "seconds in the last hour"
    visit.page.route(f"**/api/guest{party.page}", lambda route: route.fulfill(status=410, body="{}"))
    visit.page.clock.fast_forward(DAY_MS)
    visit.see("These photos have gone")
    visit.expect_refusals(410)
    assert tiles(visit).count() == 0
    visit.press("Use another code")
    assert focused(visit) == "code"


def test_extended_while_a_guest_is_there(visit, stack):
    short = Party(stack, photos=1)
    code = short.code(expires_in=60)
    stack.sql("update media.code set expires_at = now() + interval '4 seconds' where id = %s", code["id"])
    enter(visit, short, code)
    expect(visit.page.get_by_role("timer")).to_have_text(re.compile(r"\d seconds? left"))
    short.change_code(code, expires_in=7300)
    expect(visit.page.get_by_role("timer")).to_have_text(re.compile(r"2 hours( 1 minute)? left"))
    stack.sql("update media.code set expires_at = now() + interval '4 seconds' where id = %s", code["id"])
    visit.page.reload()
    expect(visit.page.get_by_role("timer")).to_have_text(re.compile(r"\d seconds? left"))
    visit.see("Your code does not open these photos any more.")
    visit.expect_refusals(401)


def test_the_countdown_of_a_code_that_ends_before_its_event(visit, party):
    code = party.code(1, 2, expires_in=7300)
    enter(visit, party, code)
    expect(visit.page.get_by_role("timer")).to_have_text(re.compile(r"2 hours( 1 minute)? left"))
    visit.page.evaluate("localStorage.clear()")  # it is the server that says so
    party.change_code(code, expires_in=3 * 86400 + 60)
    visit.page.goto(f"{party.page}#{code['access_code']}")
    expect(visit.page.get_by_role("timer")).to_have_text("3 days left")


def test_an_event_that_is_over(visit, stack):
    over = Party(stack)
    code = over.code()
    stack.sql("update media.event set created_at = created_at - interval '8 days', expires_at = expires_at - interval '8 days' "
              "where id = %s", over.event["id"])
    visit.page.goto(f"{over.page}#{code['access_code']}")
    visit.see("These photos have gone")
    visit.expect_refusals(410)


def test_an_event_without_photos(visit, stack):
    empty = Party(stack)
    visit.page.goto(f"{empty.page}#{empty.code()['access_code']}")
    visit.see("No photos are here yet.")
    assert not visit.page.locator("#album-actions").is_visible()


def test_names_are_text(visit, stack):
    odd = Party(stack, photos=1, name="<img src=x onerror=alert(1)>")
    code = odd.code(label="<b>Anna</b>")
    enter(visit, odd, code)
    visit.see("<img src=x onerror=alert(1)>")
    visit.see("For <b>Anna</b>")


def test_another_session_is_no_help(visits, party, code, stack):
    """The cookie of one event opens no other."""
    other = Party(stack, photos=1)
    visit = visits()
    enter(visit, party, code)
    answer = visit.page.evaluate("(path) => fetch(path).then((r) => r.status)", f"/api/guest{other.page}")
    assert answer == 401
    visit.expect_refusals(401)
    assert new_account(stack).request("GET", f"/api/guest{party.page}").status_code == 401
