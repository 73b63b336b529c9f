"""schemathesis asks every operation of openapi.yaml what it promises and what it does not: with the document's
examples, at the edges of each schema, and with data made up, valid and not; as nobody, as an account, as an
administrator. No answer is a 5xx, none is undocumented, each has the headers, type and shape it should have, what
breaks the schema is refused, and nobody gets in without a credential.

PIERROT_OPENAPI_SEED makes up other data; PIERROT_OPENAPI_EXAMPLES more of it."""

import os

import pytest
import schemathesis
import yaml
from schemathesis import checks

from client import Client, Person
from routes import TOP

SEED = int(os.environ.get("PIERROT_OPENAPI_SEED", "4"))
EXAMPLES = int(os.environ.get("PIERROT_OPENAPI_EXAMPLES", "20"))


def strict_document():
    """Without `default`, so that an answer must be named by its status."""
    document = yaml.safe_load((TOP / "proto/openapi.yaml").read_text(encoding="utf-8"))
    for item in document["paths"].values():
        for method in item.keys() & {"get", "put", "post", "patch", "delete"}:
            item[method]["responses"] = {status: answer for status, answer in item[method]["responses"].items()
                                         if status != "default"}
    return document


# Of a body also 413: what is made up may be longer than any.
REFUSED = ["400", "401", "403", "404", "409", "413", "415", "422"]


def schema(**generation):
    config = schemathesis.Config.from_dict({
        "seed": SEED,
        "request-timeout": 30,
        "continue-on-failure": True,
        "generation": {"max-examples": EXAMPLES, "no-shrink": True, "database": "none", **generation},
        "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}},
    })
    return schemathesis.openapi.from_dict(strict_document(), config=config)


# The stream does not end: test_updates.py asks for it.
STRANGERS = schema().exclude(path="/api/updates")  # with credentials made up, too
ACCOUNTS = schema(**{"with-security-parameters": False}).exclude(path="/api/updates")

# What a schema cannot say (bytes of UTF-8, names that are reserved or taken, passwords everybody tries) makes valid
# data a 400 now and then.
NOT_OURS = [checks.positive_data_acceptance]


class Caller:
    """Somebody with a token of every scope, which is good whatever was deleted with it before."""

    def __init__(self, stack, role):
        self.stack, self.role = stack, role
        self.client = None

    def headers(self):
        if self.client is None or self.client.request("GET", "/api/accounts/me").status_code == 401:
            person = Person(self.stack)
            if self.role == "admin":
                administrator = Client(self.stack.gateway_url, self.stack.token)
                promoted = administrator.request("PATCH", f"/api/accounts/{person.id}", json={"role": "admin"})
                assert promoted.status_code == 200, promoted.text
            person.log_in()
            self.client = person.client("read", "write", *(["admin"] if self.role == "admin" else []))
        return {"Authorization": self.client.http.headers["authorization"]}

    def leave(self):
        if self.client:
            assert self.client.request("DELETE", "/api/accounts/me").status_code == 204


@pytest.fixture(scope="module")
def user(stack):
    caller = Caller(stack, "user")
    yield caller
    caller.leave()


@pytest.fixture(scope="module")
def administrator(stack):
    caller = Caller(stack, "admin")
    yield caller
    caller.leave()


def ask(case, stack, headers=None):
    case.call_and_validate(base_url=stack.gateway_url, headers=headers, excluded_checks=NOT_OURS)


@STRANGERS.parametrize()
def test_as_nobody(case, stack):
    ask(case, stack)


@ACCOUNTS.parametrize()
def test_as_an_account(case, stack, user):
    ask(case, stack, user.headers())


@ACCOUNTS.parametrize()
def test_as_an_administrator(case, stack, administrator):
    ask(case, stack, administrator.headers())


@pytest.fixture(scope="module", autouse=True)
def seed():
    print(f"PIERROT_OPENAPI_SEED={SEED}")  # a failed test shows it
