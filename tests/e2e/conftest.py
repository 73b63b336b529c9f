"""One stack for all tests. A failed test shows what the services said meanwhile."""

import hashlib
import os
import secrets
import uuid

import pytest

from client import Client
from stack import SERVERS, SERVICES, Stack


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


def make_account(stack, name):
    """A second person, with an API token of their own."""
    account, token = uuid.uuid4(), "prt_" + secrets.token_urlsafe(32)
    stack.sql("insert into gateway.account (id, name) values (%s, %s)", account, name)
    stack.sql("insert into gateway.api_token (id, account_id, name, hash) values (%s, %s, 'test', %s)",
              uuid.uuid4(), account, hashlib.sha256(token.encode()).digest())
    return account, token


@pytest.fixture(scope="session")
def stranger(stack):
    """The client of another account."""
    account, token = make_account(stack, "stranger-" + secrets.token_hex(4))
    stranger = Client(stack.gateway_url, token)
    stranger.account = account
    return stranger


@pytest.fixture
def newcomer(stack):
    """The client of an account that has nothing yet."""
    account, token = make_account(stack, "newcomer-" + secrets.token_hex(4))
    newcomer = Client(stack.gateway_url, token)
    newcomer.account = account
    return newcomer


# --- order: what looks at the whole run comes last ---

def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


# --- a failed test shows the end of the logs ---

def pytest_runtest_setup(item):
    stack = item.funcargs.get("stack") or Stack()
    item.log_sizes = {name: stack.log_size(name) for name in SERVICES + SERVERS}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when == "call":
        stack = item.funcargs.get("stack") or Stack()
        for name in SERVICES:
            text = stack.log_text(name, since=item.log_sizes.get(name, 0))
            lines = [line[:400] for line in text.splitlines() if '"level":"info"' not in line][-8:]
            if lines:
                report.sections.append((f"log of {name}", "\n".join(lines)))
    return report
