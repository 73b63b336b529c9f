"""The sheet of cards, as it is seen, printed, cut and held before a phone."""

import os
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

from test_looks import PICTURES


def decoded(picture):
    """The texts of all QR codes of a picture, read by a program that is not ours."""
    done = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture],
                          capture_output=True, text=True, check=True)
    return sorted(done.stdout.split())


@pytest.fixture
def sheet(visit, person):
    """Cards on the screen: the visit, the event, its codes."""
    visit.log_in(person)
    own = {"origin": visit.url}
    event = visit.context.request.post("/api/events", headers=own, data={"name": "Anna & Bert's wedding"}).json()["event"]
    path = f"/api/events/{event['id']}"
    labels = ["Müller, Anna", "Table 4", "<b>Bert</b>", "W" * 100, *(f"Guest {i}" for i in range(8))]
    codes = visit.context.request.post(path + "/codes", headers=own, data={"labels": "\n".join(labels)}).json()["codes"]
    visit.open(path + "/cards")
    return visit, event, codes


def links(event, codes):
    return sorted(f"{event['public_url']}#{code['access_code']}" for code in codes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cards_are_read_by_people_and_phones(sheet, scheme):
    visit, event, codes = sheet
    visit.page.emulate_media(color_scheme=scheme)
    visit.page.set_viewport_size({"width": 900, "height": 800})
    picture = os.path.join(PICTURES, f"cards-{scheme}.png")
    os.makedirs(PICTURES, exist_ok=True)
    visit.page.screenshot(path=picture, full_page=True)
    assert decoded(picture) == links(event, codes)
    visit.see("Müller, Anna")
    visit.see("<b>Bert</b>")
    shown = [text.replace(" ", "") for text in visit.page.locator(".code").all_inner_texts()]
    assert shown == [code["access_code"] for code in codes]
    found = Axe().run(visit.page).response["violations"]
    assert not [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")]
    for width in (900, 320):
        visit.page.set_viewport_size({"width": width, "height": 800})
        visit.check_width()


def test_the_longest_card_keeps_its_code_and_link(visit, person, stack):
    """Nothing of them is cut off, and both are wholly in their card."""
    visit.log_in(person)
    own = {"origin": visit.url}
    event = visit.context.request.post("/api/events", headers=own, data={
        "name": "W" * 200, "slug": "w" * 64}).json()["event"]
    path = f"/api/events/{event['id']}"
    visit.context.request.post(path + "/codes", headers=own, data={"label": "W" * 100, "all": True, "length": 12})
    visit.open(path + "/cards")
    card = visit.page.locator(".card").bounding_box()
    for part in ".code", ".link", "svg":
        box = visit.page.locator(f".card {part}").bounding_box()
        assert card["y"] <= box["y"] and box["y"] + box["height"] <= card["y"] + card["height"], part


def test_cards_are_printed_ten_to_a_sheet(sheet, tmp_path):
    visit, event, codes = sheet
    paper = os.path.join(tmp_path, "cards.pdf")
    visit.page.emulate_media(color_scheme="dark")
    visit.page.pdf(path=paper, prefer_css_page_size=True)
    with open(paper, "rb") as stream:
        assert stream.read().count(b"/Type /Page\n") == 2
    sizes = visit.page.locator(".card").evaluate_all("(cards) => cards.map((c) => c.getBoundingClientRect().height)")
    assert max(sizes) - min(sizes) < 1  # whatever is in them, they are cut alike
    visit.page.emulate_media(media="print", color_scheme="dark")
    visit.page.set_viewport_size({"width": 718, "height": 1047})  # A4 within its margins
    picture = os.path.join(PICTURES, "cards-print.png")
    os.makedirs(PICTURES, exist_ok=True)
    visit.page.screenshot(path=picture, full_page=True)
    assert decoded(picture) == links(event, codes)
