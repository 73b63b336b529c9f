"""One stack for all tests. A failed test shows what the services said meanwhile."""

import os

import pytest

from client import Client, new_account
from stack import SERVICES, Stack


@pytest.fixture(scope="session")
def stack():
    stack = Stack()
    stack.up()
    yield stack
    if not os.environ.get("PIERROT_TEST_KEEP"):
        stack.down()


@pytest.fixture(scope="session")
def client(stack):
    return Client(stack.gateway_url, stack.token)


@pytest.fixture(scope="session")
def stranger(stack):
    """The client of another account."""
    return new_account(stack)


@pytest.fixture
def newcomer(stack):
    """The client of an account that has nothing yet."""
    return new_account(stack)


@pytest.fixture(autouse=True)
def nobody_guessed(request):
    """All tests come from one address: the wrong codes of one must not keep the next one waiting."""
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").sql("delete from media.guess")


# --- order: what looks at the whole run comes last ---

def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


# --- a failed test shows the end of the logs ---

def pytest_runtest_setup(item):
    if "stack" in item.fixturenames:
        item.log_sizes = {name: Stack().log_size(name) for name in SERVICES}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and hasattr(item, "log_sizes"):
        for name in SERVICES:
            text = Stack().log_text(name, since=item.log_sizes[name])
            lines = [line[:400] for line in text.splitlines() if '"level":"info"' not in line][-8:]
            if lines:
                report.sections.append((f"log of {name}", "\n".join(lines)))
    return report
