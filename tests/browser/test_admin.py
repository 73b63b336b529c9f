"""What an administrator does, and what he sees of who may sign up."""

import pytest
from playwright.sync_api import expect

from visit import Person


def find(visit, person):
    visit.page.get_by_label("Search").fill(person.name)
    expect(visit.page.locator("#account-rows tr")).to_have_count(1)
    expect(visit.page.locator("#account-rows")).to_contain_text(person.email)


def test_tier_role_and_disabled(visit, administrator, person, stack):
    visit.log_in(administrator, to="/admin")
    find(visit, person)
    visit.page.get_by_label(f"tier of {person.name}").select_option("premium")
    visit.see(f"{person.name} is now premium.")
    visit.page.get_by_label(f"role of {person.name}").select_option("admin")
    visit.see(f"{person.name} is now an administrator.")
    visit.page.get_by_role("switch", name=f"{person.name} is disabled").check()
    visit.see(f"{person.name} is now disabled.")
    assert stack.sql("select tier, role, disabled from gateway.account where name = %s", person.name) == [
        ("premium", "admin", True)]

    visit.open("/admin")
    find(visit, person)
    assert visit.page.get_by_label(f"tier of {person.name}").input_value() == "premium"
    assert visit.page.get_by_role("switch", name=f"{person.name} is disabled").is_checked()


def test_the_disabled_are_told(visit, person, stack):
    stack.sql("update gateway.account set disabled = true where name = %s", person.name)
    visit.open("/login")
    visit.fill(email_address=person.email, password=person.password)
    visit.press("Log in", "main")
    visit.see("disabled")
    visit.expect_refusals(403)


def test_shutting_oneself_out_is_asked_twice(visit, administrator):
    visit.log_in(administrator, to="/admin")
    find(visit, administrator)
    visit.see("you", "#account-rows")
    role = visit.page.get_by_label(f"role of {administrator.name}")
    role.select_option("user")
    visit.press("Cancel", "dialog")
    expect(role).to_have_value("admin")


def test_pages_of_fifty(visit, administrator, stack):
    stack.sql("insert into gateway.account (id, name, email) select gen_random_uuid(), 'crowd-' || n, 'crowd-' || n || "
              "'@example.org' from generate_series(100, 220) n on conflict do nothing")
    visit.log_in(administrator, to="/admin")
    with visit.page.expect_response("**/api/accounts?*search=crowd-*"):
        visit.page.get_by_label("Search").fill("crowd-")
    found = visit.page.get_by_role("rowheader").filter(has_text="crowd-").locator("b")
    names = set()
    for page in (1, 2, 3):
        expect(found).to_have_count(50 if page < 3 else 21)
        visit.see(f"Page {page}")
        names |= set(found.all_inner_texts())
        if page < 3:
            visit.press("Older")
    assert len(names) == 121
    assert visit.page.get_by_role("button", name="Older").is_disabled()
    visit.press("Newer")
    visit.see("Page 2")
    visit.page.get_by_label("Search").fill("nobody is called so")
    visit.see("No account matches.")


def test_an_invitation(visits, administrator):
    visit, guest, late = visits(), visits(), visits()
    visit.log_in(administrator, to="/admin")
    visit.page.get_by_role("link", name="Invitations").click()
    visit.page.get_by_label("Tier", exact=True).filter(visible=True).select_option("business")
    visit.press("Make a link")
    link = visit.page.locator("#new-link-text").inner_text()
    assert link.startswith(visit.url + "/signup#invite=pri_")
    visit.see("business user", "#invite-list")

    for answered in range(2):  # an invitation outlives a reload, and never stands in the address bar
        guest.page.goto(link) if answered == 0 else guest.page.reload()
        guest.see("You are invited.")
        assert guest.page.url == visit.url + "/signup"
    someone = Person()
    guest.fill(name=someone.name, email_address=someone.email, password=someone.password)
    guest.press("Create account")
    guest.arrive("/account")
    assert guest.page.locator("#profile-tier").inner_text() == "business"

    other = Person()
    late.page.goto(link)
    late.see("You are invited.")
    late.fill(name=other.name, email_address=other.email, password=other.password)
    late.press("Create account")
    late.see("This invitation is unknown, used or expired")
    late.expect_refusals(403)

    visit.page.reload()
    visit.see("used", "#invite-list")
    visit.press("Make a link")
    visit.page.get_by_role("button", name="Revoke the invitation").first.click()
    visit.see("The invitation is revoked.")


@pytest.mark.parametrize("mode, said", [("invite", "Signing up takes an invitation"), ("closed", "takes no new accounts")])
def test_pages_say_who_may_sign_up(visit, mode, said):
    visit.page.route("**/api/server", lambda route: route.fulfill(json={"signup": mode, "version": "1"}))
    visit.open("/signup")
    visit.see(said)
    assert not visit.page.locator("#signup").is_visible()
    visit.open("/")
    visit.see(said)
    assert visit.page.get_by_role("link", name="Sign up").count() == 0


def test_who_is_no_administrator_is_led_to_his_account(visit, person):
    visit.log_in(person)
    assert not visit.page.locator("#nav-admin").is_visible()
    visit.page.goto("/admin")
    visit.page.wait_for_url(visit.url + "/account")
