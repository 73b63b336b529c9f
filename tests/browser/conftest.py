"""Headless Chromium, and people who sit before it."""

import pytest
from playwright.sync_api import sync_playwright

from visit import PEOPLE_LIMITS, Person, Visit


@pytest.fixture(scope="session", autouse=True)
def many_people():
    """All of them come from one address: let them in."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PEOPLE_LIMITS.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visits(chromium, stack):
    """visits(**options of the browser's context): another browser. At the end none of them may have complained."""
    all_of_them = []

    def begin(**options):
        all_of_them.append(Visit(chromium, stack.gateway_url, stack.env["PIERROT_S3_PUBLIC_ENDPOINT"], options))
        return all_of_them[-1]

    yield begin
    faults = [fault for visit in all_of_them for fault in visit.end()]
    assert not faults, "\n".join(faults)


@pytest.fixture
def visit(visits):
    return visits()


@pytest.fixture
def person(stack):
    """Somebody with an account, not logged in."""
    return Person.signed_up(stack)


@pytest.fixture
def administrator(stack):
    someone = Person.signed_up(stack)
    stack.sql("update gateway.account set role = 'admin' where name = %s", someone.name)
    return someone
