"""One browser at our pages. It notes what no visitor may ever see: an error in the console, a breach of the content
security policy, a request to anybody else, a page that scrolls sideways."""

import re
import secrets

import requests

PEOPLE_LIMITS = {"PIERROT_LIMIT_SIGNUP": "1000/60", "PIERROT_LIMIT_LOGIN": "1000/60"}

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
TELL_BREACHES = """document.addEventListener('securitypolicyviolation', (event) =>
    console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""
WIDER_THAN_THE_WINDOW = """[...document.querySelectorAll('body *')]
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""


class Person:
    def __init__(self):
        self.name = "anna-" + secrets.token_hex(5)
        self.email = f"{self.name}@example.org"
        self.password = secrets.token_urlsafe(12)

    @classmethod
    def signed_up(cls, stack):
        person = cls()
        response = requests.post(stack.gateway_url + "/api/accounts", timeout=30, json={
            "name": person.name, "email": person.email, "password": person.password})
        assert response.status_code == 201, response.text
        return person


class Visit:
    def __init__(self, browser, url, store, options):
        self.url, self.store, self.faults, self.refusals = url, store, [], []
        self.context = browser.new_context(base_url=url, **options)
        self.context.add_init_script(TELL_BREACHES)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url}: {error}"))
        self.page.on("request", self.asked)

    def heard(self, message):
        refused = REFUSED.match(message.text)
        if refused:
            self.refusals.append(int(refused.group(1)))
        elif message.type in ("error", "warning"):
            self.faults.append(f"{self.page.url}: {message.text}")

    def asked(self, request):
        if not request.url.startswith((self.url + "/", self.store + "/", "data:")):
            self.faults.append(f"{self.page.url} asked {request.url}")

    def expect_refusals(self, *statuses):
        """What the server has refused since the last time; Chromium writes it to the console."""
        assert self.refusals == list(statuses), self.refusals
        self.refusals.clear()

    def end(self):
        self.context.close()
        return self.faults + [f"refused with {status}" for status in self.refusals]

    # --- what people do ---

    def open(self, path):
        self.page.goto(path)
        self.page.wait_for_load_state("networkidle")

    def see(self, text, where="main"):
        self.page.locator(where).get_by_text(text).filter(visible=True).first.wait_for()

    def press(self, name, where="body"):
        self.page.locator(where).get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields):
        """By what stands before the field, underscores for blanks."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " ").capitalize(), exact=True).filter(visible=True).fill(text)

    def arrive(self, path):
        self.page.wait_for_url(self.url + path)
        self.page.wait_for_load_state("networkidle")

    def log_in(self, person, to="/account"):
        self.open("/login" if to == "/account" else f"/login?next={to}")
        self.fill(email_address=person.email, password=person.password)
        self.press("Log in", "main")
        self.arrive(to)

    def fault_of(self, field):
        """What is said of a field, to eyes and to screen readers."""
        control = self.page.locator(field)
        assert control.get_attribute("aria-invalid") == "true", f"{field} is fine"
        said = self.page.locator(f"{field}-error").inner_text()
        assert f"{field[1:]}-error" in control.get_attribute("aria-describedby").split()
        assert control.evaluate("(e) => e === document.activeElement"), f"{field} has no focus"
        return said

    def tab_to(self, selector, most=40):
        """With the keyboard alone."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(s) => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached by Tab")

    def check_width(self):
        sideways = self.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not sideways, f"{self.page.url} is too wide: {self.page.evaluate(WIDER_THAN_THE_WINDOW)}"
