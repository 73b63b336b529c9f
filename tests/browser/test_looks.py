"""Every page as people see it: on a desk and on a phone of 320 pixels, light and dark, and as a screen reader has it.
The pictures are kept in build/test/browser."""

import os
from urllib.robotparser import RobotFileParser

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe

from party import Party
from stack import TOP

PICTURES = os.path.join(TOP, "build/test/browser")
KINDS = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True},
    "phone-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
}


@pytest.fixture(params=KINDS)
def look(request, visits):
    """look(name): judges what is on the screen, and keeps it as NAME-KIND.png."""
    visit = visits(reduced_motion="reduce", **KINDS[request.param])
    os.makedirs(PICTURES, exist_ok=True)

    def judge(name, passed=("minor", "moderate"), full_page=True):
        visit.page.wait_for_load_state("networkidle")
        visit.page.screenshot(path=os.path.join(PICTURES, f"{name}-{request.param}.png"), full_page=full_page)
        visit.check_width()
        found = Axe().run(visit.page).response["violations"]
        bad = [f"{name}: {fault['id']} ({fault['impact']}): {node['html'][:160]}"
               for fault in found if fault["impact"] not in passed for node in fault["nodes"]]
        assert not bad, "\n".join(bad)

    judge.visit = visit
    return judge


def test_pages_for_everybody(look):
    visit = look.visit
    visit.open("/")
    look("index")
    visit.open("/signup")
    look("signup")
    visit.fill(name="a" * 32)
    visit.press("Create account")
    look("signup-wrong")
    visit.open("/login")
    look("login")
    visit.fill(email_address="nobody@example.org", password="a password")
    visit.press("Show password")
    visit.press("Log in", "main")
    visit.see("No account has this address and password.")
    visit.expect_refusals(401)
    look("login-wrong")
    visit.open("/api/docs")
    look("docs", full_page=False)  # it is some hundred screens long


def test_the_account(look, person):
    visit = look.visit
    visit.log_in(person)
    visit.fill(name="backup script")
    visit.press("Make token")
    visit.page.locator(".secret").wait_for()
    visit.page.locator("#token-list li").wait_for()
    look("account")
    visit.press("Revoke backup script")
    look("account-revoke")
    visit.press("Cancel", "dialog")
    visit.press("Delete account…")
    visit.press("Delete account", "dialog")
    look("account-delete")


def test_administration(look, administrator):
    visit = look.visit
    visit.log_in(administrator, to="/admin")
    visit.page.get_by_label("Search").fill("anna-")
    visit.page.get_by_role("row").filter(has_text=administrator.email).wait_for()
    look("admin")
    visit.page.get_by_role("link", name="Invitations").click()
    visit.press("Make a link")
    visit.page.locator(".secret").wait_for()
    visit.page.locator("#invite-list li").first.wait_for()
    look("invitations")


@pytest.fixture(scope="module")
def party(stack):
    return Party(stack, photos=24, film=True)


def test_the_guests_page(look, party):
    visit, code = look.visit, party.code(label="Table 4")["access_code"]

    def check(name):
        look(f"guest-{name}", passed=(), full_page=False)

    visit.open(party.page)
    check("entry")
    visit.page.get_by_label("Access code").press_sequentially("k7o")
    check("look-alike")
    visit.page.get_by_label("Access code").fill("AAAAAA")
    visit.page.keyboard.press("Enter")
    visit.see("No photos open with this code here.")
    visit.expect_refusals(401)
    check("wrong")
    visit.page.get_by_label("Access code").fill(code)
    visit.page.keyboard.press("Enter")
    visit.page.locator(".tile img[data-loaded]").first.wait_for()
    check("album")
    visit.press("Select")
    visit.page.get_by_role("gridcell").nth(1).click()
    visit.page.get_by_role("gridcell").nth(2).click()
    check("selected")
    visit.press("End selection")
    visit.page.get_by_role("gridcell").nth(1).click()
    visit.page.locator("[data-current] .large").wait_for()
    check("viewer")
    visit.page.keyboard.press("End")
    visit.page.locator("video").wait_for()
    check("film")
    visit.page.keyboard.press("Escape")
    check("end")
    visit.press("Leave")
    visit.see("You have left.")
    visit.page.route("**/access", lambda route: route.fulfill(status=429, headers={"retry-after": "90"}, body="{}"))
    visit.page.get_by_label("Access code").fill(code)
    visit.page.keyboard.press("Enter")
    visit.see("Yours is tried again by itself in")
    visit.expect_refusals(429)
    check("waiting")
    visit.open(party.page)
    visit.page.route("**/access", lambda route: route.fulfill(status=410, body="{}"))
    visit.page.get_by_label("Access code").fill(code)
    visit.page.keyboard.press("Enter")
    visit.see("These photos have gone")
    visit.expect_refusals(410)
    check("closed")


def test_headers_of_pages(stack):
    for path in ("/", "/signup", "/login", "/account", "/admin", "/events", "/events/0192f0c1-7a00-7000-8000-000000000003",
                 "/anna/wedding", "/assets/app.css", "/assets/api.js", "/favicon.ico"):
        response = requests.get(stack.gateway_url + path, timeout=10)
        policy = response.headers["content-security-policy"]
        assert response.status_code == 200, path
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert stack.env["PIERROT_S3_PUBLIC_ENDPOINT"] in policy
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-robots-tag"] == "noindex" and response.headers["referrer-policy"] == "no-referrer"
        assert response.headers["cache-control"] == "no-cache"
        again = requests.get(stack.gateway_url + path, timeout=10, headers={"if-none-match": response.headers["etag"]})
        assert again.status_code == 304 and not again.content


@pytest.mark.parametrize("path", ["/assets/nothing.js", "/assets/", "/assets/../index.html", "/assets/%2e%2e/index.html",
                                  "/index.html"])
def test_no_other_file_is_served(stack, path):
    request = requests.Request("GET", stack.gateway_url).prepare()
    request.url = stack.gateway_url + path
    assert requests.Session().send(request, timeout=10).status_code in (400, 404)


def test_robots_are_kept_out(stack):
    """They may fetch pages: else they do not learn that these are not to be indexed, and list the bare addresses."""
    robots = RobotFileParser(stack.gateway_url + "/robots.txt")
    robots.parse(requests.get(robots.url, timeout=10).text.splitlines())
    for path in ("/", "/login", "/events", "/anna/wedding"):
        assert robots.can_fetch("Googlebot", stack.gateway_url + path), path
        assert requests.get(stack.gateway_url + path, timeout=10).headers["x-robots-tag"] == "noindex"
    assert not robots.can_fetch("Googlebot", stack.gateway_url + "/api/guest/anna/wedding")
