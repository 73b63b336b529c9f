"""After all other tests: what they left behind."""

import os
import re

import pytest

import invariants
from client import PASSWORDS
from messages import Contract, read_all
from stack import SERVERS, SERVICES

pytestmark = [pytest.mark.last, pytest.mark.smoke]


def test_everything_adds_up(stack):
    faults = invariants.check(stack)
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:30])


def test_a_stranger_understands_every_message(stack):
    """With the AsyncAPI document, another client and another msgpack alone."""
    contract = Contract()
    topics, messages = read_all(stack.env["PIERROT_KAFKA_BROKERS"])
    assert set(topics) <= contract.by_topic.keys() | {f"{name}.dead-letters" for name in SERVICES}
    for message in messages:
        contract.check(message)
    seen = {message.topic for message in messages}
    assert {"media.created", "media.finalized", "media.rendered", "media.rejected", "media.deleted"} <= seen
    ids = {message.id for message in messages}
    assert len(ids) == len(messages) or len(messages) - len(ids) < len(ids) * 0.05, "repeats are rare"


def test_no_secret_is_in_any_log(stack):
    secrets = {name: open(f"{stack.var}/secrets/{name}", encoding="ascii").read().strip()
               for name in os.listdir(f"{stack.var}/secrets") if name != "s3-access"}
    wanted = re.compile("|".join(["X-Amz-Signature", "X-Amz-Credential", "pr[sti]_[A-Za-z0-9_-]{43}", "x-pierrot-identity: "]
                                 + [re.escape(secret) for secret in [*secrets.values(), *PASSWORDS]]))
    for name in SERVICES + SERVERS:
        for line in stack.log_text(name).splitlines():
            found = wanted.search(line)
            assert not found, f"{name}: {line[:found.start()][-200:]}<secret>"


def test_logs_are_json_lines(stack):
    for name in SERVICES:
        count = 0
        for line in stack.log_lines(name):
            assert "raw" not in line, f"{name}: {line['raw'][:300]}"
            assert {"time", "level", "service", "msg"} <= line.keys() and line["service"] == name
            count += 1
        assert count > 0


def test_nothing_crashed(stack):
    """Sanitizers, assertions and aborts speak on stderr, which is the same log."""
    bad = re.compile(r"AddressSanitizer|LeakSanitizer|runtime error:|Assertion|SUMMARY:|Segmentation|terminate called")
    for name in SERVICES:
        found = [line for line in stack.log_text(name).splitlines() if bad.search(line)]
        assert not found, f"{name}: " + "\n".join(found[:5])


def test_levels_are_honest(stack):
    """Nothing of these tests is our own fault: no line is an error of ours, but for the objects test_zip.py damages."""
    for name in SERVICES:
        found = [line for line in stack.log_lines(name)
                 if line.get("level") == "error" and line["msg"] != "an archive is broken off"]
        assert not found, f"{name}: {found[:3]}"
