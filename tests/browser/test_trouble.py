"""What people are told when it does not work; and that asking again is safe."""

import json

import pytest

from visit import Person

PROBLEM = {"type": "about:blank", "title": "no", "request_id": "0123456789abcdef"}


def answer(status, **headers):
    return lambda route: route.fulfill(status=status, headers={"content-type": "application/problem+json", **headers},
                                       body=json.dumps({**PROBLEM, "status": status}))


def log_in(visit, person):
    visit.fill(email_address=person.email, password=person.password)
    visit.press("Log in", "main")


@pytest.mark.parametrize("status, headers, said", [
    (429, {"retry-after": "40"}, "Too many attempts. Try again in 40 seconds."),
    (429, {"retry-after": "3600"}, "Try again in 60 minutes."),
    (429, {}, "Try again later."),
    (503, {"retry-after": "2"}, "Try again in 2 seconds."),
    (503, {}, "busy or just starting"),
    (500, {}, "(request 0123456789abcdef)"),
], ids=lambda value: str(value))
def test_refusals(visit, person, status, headers, said):
    visit.open("/login")
    visit.page.route("**/api/sessions", answer(status, **headers))
    log_in(visit, person)
    visit.see(said)
    visit.expect_refusals(status)
    visit.page.unroute("**/api/sessions")
    log_in(visit, person)
    visit.arrive("/account")


def test_offline(visit, person):
    visit.open("/login")
    visit.context.set_offline(True)
    log_in(visit, person)
    visit.see("You are offline.")
    visit.context.set_offline(False)
    visit.faults[:] = [fault for fault in visit.faults if "ERR_INTERNET_DISCONNECTED" not in fault]
    log_in(visit, person)
    visit.arrive("/account")


def test_an_answer_that_is_lost_creates_nothing_twice(visit, person):
    """The account is made, its answer lost; who presses again gets it, not "the name is taken"."""
    lost = []

    def lose_the_first(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)
            route.abort()

    someone = Person()
    visit.open("/signup")
    visit.page.route("**/api/accounts", lose_the_first)
    visit.fill(name=someone.name, email_address=someone.email, password=someone.password)
    visit.press("Create account")
    visit.see("The server does not answer.")
    visit.faults[:] = [fault for fault in visit.faults if "ERR_FAILED" not in fault]
    assert lost == [201]
    visit.press("Create account")
    visit.arrive("/account")
    visit.see(someone.name)


def test_a_button_takes_no_second_click(visit, person):
    asked = []
    visit.open("/login")
    visit.page.on("request", lambda request: asked.append(request.method) if request.url.endswith("/api/sessions") else None)
    visit.fill(email_address=person.email, password=person.password)
    visit.page.evaluate("() => { const b = document.querySelector('button.primary'); b.click(); b.click(); }")
    visit.see("Logging in…")
    visit.arrive("/account")
    assert asked.count("POST") == 1


def test_a_session_that_ended_meanwhile_leads_to_the_login_and_back(visit, person):
    visit.log_in(person)
    visit.context.clear_cookies()
    visit.fill(name="laptop")
    visit.press("Make token")
    visit.arrive("/login?next=/account")
    visit.see("Please log in.")
    visit.expect_refusals(401)


@pytest.mark.parametrize("elsewhere", ["https://example.org", "//example.org", "/\\example.org", "javascript:alert(1)"])
def test_a_login_leads_nowhere_else(visit, person, elsewhere):
    visit.open(f"/login?next={elsewhere}")
    log_in(visit, person)
    visit.arrive("/account")


def test_what_people_write_is_text(visit, person):
    visit.log_in(person)
    visit.fill(name="<img src=x onerror=alert(1)>")
    visit.press("Make token")
    visit.see("<img src=x onerror=alert(1)>", "#token-list")
    assert visit.page.locator("main img").count() == 0
