"""What a newcomer does: sign up, log in, make a token, use it, revoke it; passwords, sessions, and the way out."""

import requests

from stack import eventually
from visit import Person


def test_from_sign_up_to_a_token(visit):
    someone = Person()
    visit.open("/")
    visit.page.get_by_role("link", name="Create an account").click()
    visit.arrive("/signup")
    visit.fill(name=someone.name, email_address=someone.email, password=someone.password)
    visit.see(someone.name)  # in the link below the field
    visit.press("Create account")
    visit.arrive("/account")
    visit.see(someone.name)

    visit.press("Log out")
    visit.arrive("/")
    visit.see("You are logged out.")
    visit.log_in(someone)

    visit.fill(name="backup script")
    visit.page.get_by_label("write").check()
    visit.press("Make token")
    token = visit.page.locator("#new-token-text").inner_text()
    command = visit.page.locator("#new-command-text").inner_text()
    assert token.startswith("prt_") and token in command and f"{visit.url}/api/accounts/me" in command
    assert visit.page.evaluate("document.activeElement.ariaLabel") == "Your new token: backup script"
    assert status(visit, token) == 200

    visit.open("/account")
    assert visit.page.get_by_text(token).count() == 0, "a token is shown once"
    visit.see("read", "#token-list")
    visit.see("write", "#token-list")
    visit.press("Revoke backup script")
    visit.press("Revoke", "dialog")
    visit.see("backup script is revoked.")
    assert visit.page.evaluate("document.activeElement.textContent") == "Make token"  # the focus is not lost
    eventually(lambda: status(visit, token) == 401, within=5)


def status(visit, token):
    return requests.get(visit.url + "/api/accounts/me", timeout=10,
                        headers={"authorization": f"Bearer {token}"}).status_code


def test_copying(visits, person):
    visit = visits(permissions=["clipboard-read", "clipboard-write"])
    visit.log_in(person)
    visit.fill(name="laptop")
    visit.press("Make token")
    visit.press("Copy token")
    visit.see("Copied")
    assert visit.page.evaluate("navigator.clipboard.readText()") == visit.page.locator("#new-token-text").inner_text()


def test_a_wrong_password(visit, person):
    visit.open("/login")
    visit.fill(email_address=person.email, password="not the password")
    visit.press("Log in", "main")
    visit.see("No account has this address and password.")
    visit.expect_refusals(401)
    assert visit.page.locator("#password").evaluate("(e) => e === document.activeElement")
    visit.fill(password=person.password)
    visit.press("Log in", "main")
    visit.arrive("/account")


def test_a_password_can_be_looked_at(visit):
    visit.open("/login")
    visit.fill(password="correct horse")
    visit.press("Show password")
    assert visit.page.locator("#password").get_attribute("type") == "text"
    visit.press("Show password")
    assert visit.page.locator("#password").get_attribute("type") == "password"


def test_what_is_wrong_stands_beside_its_field(visit, person):
    visit.open("/signup")
    visit.fill(name="No Name", email_address="nobody", password="short")
    visit.press("Create account")
    assert "a to z" in visit.fault_of("#name")
    visit.fill(name=person.name)
    visit.press("Create account")
    assert "anna@example.org" in visit.fault_of("#email")
    visit.fill(email_address="nobody@example.org")
    visit.press("Create account")
    assert "At least 8" in visit.fault_of("#password")
    visit.fill(password="password")
    visit.press("Create account")
    visit.page.locator("#password[aria-invalid]").wait_for()
    assert visit.fault_of("#password")
    visit.expect_refusals(400)
    visit.fill(password=person.password)
    visit.press("Create account")
    visit.page.locator("#name[aria-invalid]").wait_for()
    assert "taken" in visit.fault_of("#name")
    visit.expect_refusals(409)


def test_address_and_password_change(visit, person, stack):
    visit.log_in(person)
    other = Person.signed_up(stack)
    visit.fill(email_address=other.email)
    visit.press("Save address")
    visit.page.locator("#email[aria-invalid]").wait_for()
    visit.fault_of("#email")
    visit.expect_refusals(409)
    person.email = f"new-{person.email}"
    visit.fill(email_address=person.email)
    visit.press("Save address")
    visit.see("Saved.")

    visit.fill(current_password="not the password", new_password="another long one")
    visit.press("Change password")
    visit.page.locator("#current-password[aria-invalid]").wait_for()
    visit.fault_of("#current-password")
    visit.expect_refusals(400)
    visit.fill(current_password=person.password, new_password="another long one")
    visit.press("Change password")
    visit.see("Changed.")
    person.password = "another long one"
    visit.press("Log out")
    visit.arrive("/")
    visit.log_in(person)


def test_sessions_end(visits, person):
    here, there = visits(), visits(user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
                                              "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1")
    there.log_in(person)
    here.log_in(person)
    here.see("this one", "#session-list")
    here.see("Safari on iPhone", "#session-list")
    here.page.get_by_role("button", name="Revoke Safari on iPhone").click()
    here.see("Safari on iPhone is logged out.")
    assert here.page.locator("#session-list li").count() == 1

    def shut_out():
        there.open("/account")
        return there.page.url.endswith("/login?next=/account")
    eventually(shut_out, within=5)
    there.see("Please log in.")
    assert there.refusals.pop() == 401
    there.refusals.clear()

    here.press("Log out everywhere")
    here.press("Log out everywhere", "dialog")
    here.arrive("/")
    here.see("You are logged out everywhere.")


def test_the_first_page_of_who_is_logged_in_is_the_account(visit, person):
    visit.log_in(person)
    visit.page.goto("/")
    visit.arrive("/account")


def test_going_back_after_logging_out_shows_nothing(visit, person):
    visit.log_in(person)
    visit.press("Log out")
    visit.arrive("/")
    visit.page.go_back()
    visit.arrive("/login?next=/account")
    visit.expect_refusals(401)


def test_an_account_is_deleted(visit, person):
    visit.log_in(person)
    visit.press("Delete account…")
    visit.fill(**{f"Type_{person.name}_to_confirm": "somebody"})
    visit.press("Delete account", "dialog")
    assert person.name in visit.fault_of("#confirm-name")
    visit.page.keyboard.press("Escape")
    visit.press("Delete account…")
    visit.page.locator("#confirm-name").fill(person.name)
    visit.press("Delete account", "dialog")
    visit.arrive("/")
    visit.see("Your account is deleted.")
    visit.open("/login")
    visit.fill(email_address=person.email, password=person.password)
    visit.press("Log in", "main")
    visit.see("No account has this address and password.")
    visit.expect_refusals(401)


def test_signing_up_and_logging_in_with_the_keyboard_alone(visit):
    someone = Person()
    keys = visit.page.keyboard
    visit.open("/")
    visit.tab_to(".skip")
    visit.tab_to("#hero-signup")
    keys.press("Enter")
    visit.arrive("/signup")
    for field, text in (("#name", someone.name), ("#email", someone.email), ("#password", someone.password)):
        visit.tab_to(field)
        keys.type(text)
    keys.press("Enter")
    visit.arrive("/account")
    visit.tab_to("#logout")
    keys.press("Enter")
    visit.arrive("/")
    visit.tab_to("a[href='/login']")
    keys.press("Enter")
    visit.arrive("/login")
    for field, text in (("#email", someone.email), ("#password", someone.password)):
        visit.tab_to(field)
        keys.type(text)
    visit.tab_to(".reveal")
    visit.tab_to("button.primary")
    keys.press("Enter")
    visit.arrive("/account")
    visit.see(someone.name)
