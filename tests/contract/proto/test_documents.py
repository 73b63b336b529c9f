"""openapi.yaml and asyncapi.yaml are what they say they are: valid, every reference leads somewhere, every
example fits its schema, and the golden messages, read by another library than ours, fit theirs."""

import base64
import pathlib
import re
import uuid

import jsonschema
import msgpack
import pytest
import yaml
from openapi_spec_validator import validate as validate_openapi
from referencing import Registry
from referencing.jsonschema import DRAFT7, DRAFT202012

TOP = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = sorted((TOP / "tests/support/golden").glob("*.msgpack"))
OPENAPI = yaml.safe_load((TOP / "proto/openapi.yaml").read_text())
ASYNCAPI = yaml.safe_load((TOP / "proto/asyncapi.yaml").read_text())


def pointer(*path):
    """A JSON pointer as a URI fragment, in a document named urn:document."""
    return "urn:document#/" + "/".join(str(p).replace("~", "~0").replace("/", "~1") for p in path)


def check(document, dialect, path, instance):
    """Validates instance by the schema at path."""
    validators = {DRAFT7: jsonschema.Draft7Validator, DRAFT202012: jsonschema.Draft202012Validator}
    registry = Registry().with_resource("urn:document", dialect.create_resource(document))
    validators[dialect](
        {"$ref": pointer(*path)}, registry=registry, format_checker=jsonschema.FormatChecker()
    ).validate(instance)


def follow(document, ref):
    """What a local reference leads to."""
    node = document
    for part in ref.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def walk(node, path=()):
    yield path, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, path + (key,))


def examples():
    """Every media type of openapi.yaml that has an example: path, example."""
    for path, node in walk(OPENAPI):
        if isinstance(node, dict) and "schema" in node and "example" in node:
            yield pytest.param(path, node["example"], id=".".join(map(str, path)))


def in_json(value, schema):
    """A msgpack value as the schema shows it, its wire type and its length in bytes checked on the way."""
    kinds = {"map": dict, "array": list, "bin": bytes, "str": str, "int": int, "bool": bool}
    assert type(value) is kinds[schema["x-msgpack"]]
    raw = value.encode() if isinstance(value, str) else value
    if isinstance(raw, bytes):
        assert schema["x-min-bytes"] <= len(raw) <= schema["x-max-bytes"]
    if isinstance(value, bytes):
        is_uuid = schema.get("format") == "uuid"
        return str(uuid.UUID(bytes=value)) if is_uuid else base64.b64encode(value).decode()
    if isinstance(value, list):
        return [in_json(item, schema["items"]) for item in value]
    if isinstance(value, dict):
        return {key: in_json(item, schema["properties"][key]) for key, item in value.items()}
    return value


def test_openapi_is_valid():
    validate_openapi(OPENAPI)


@pytest.mark.parametrize("path, example", list(examples()))
def test_openapi_examples_fit(path, example):
    check(OPENAPI, DRAFT202012, path + ("schema",), example)


def test_openapi_errors_are_problems():
    for path, node in walk(OPENAPI):
        is_answer = len(path) > 1 and path[-2] == "responses" and isinstance(node, dict)
        if not is_answer:
            continue
        answer = follow(OPENAPI, node["$ref"]) if "$ref" in node else node
        assert "x-request-id" in answer["headers"], path
        if re.match("[45]", str(path[-1])) and path[1] != "/readyz":
            assert list(answer["content"]) == ["application/problem+json"], path


def test_documents_have_one_version():
    assert OPENAPI["info"]["version"] == ASYNCAPI["info"]["version"]


@pytest.mark.parametrize("document", [OPENAPI, ASYNCAPI], ids=["openapi", "asyncapi"])
def test_references_lead_somewhere(document):
    refs = [node["$ref"] for _, node in walk(document) if isinstance(node, dict) and "$ref" in node]
    assert refs
    for ref in refs:
        assert ref.startswith("#/")
        follow(document, ref)


def test_asyncapi_schemas_are_schemas():
    for schema in ASYNCAPI["components"]["schemas"].values():
        jsonschema.Draft7Validator.check_schema(schema)


def test_asyncapi_examples_fit():
    for name, message in ASYNCAPI["components"]["messages"].items():
        for example in message.get("examples", []):
            check(ASYNCAPI, DRAFT7, ("components", "schemas", name), example["payload"])
    for example in ASYNCAPI["components"]["schemas"]["headers"]["examples"]:
        check(ASYNCAPI, DRAFT7, ("components", "schemas", "headers"), example)


def test_asyncapi_messages_are_sent_once_and_by_whom_they_say():
    sent = {}
    for operation in ASYNCAPI["operations"].values():
        channel = follow(ASYNCAPI, operation["channel"]["$ref"])
        for message in operation["messages"]:
            assert message["$ref"].startswith(operation["channel"]["$ref"] + "/messages/")
        if operation["action"] == "send":
            sent.setdefault(channel["address"], []).append(operation["tags"][0]["name"])
    assert set(sent) == {channel["address"] for channel in ASYNCAPI["channels"].values()}
    for name, message in ASYNCAPI["components"]["messages"].items():
        if name != "dead_letter":
            source = message["headers"]["allOf"][1]["properties"]["ce_source"]["const"]
            topic = name.replace("_", ".")
            assert [f"pierrot/{service}" for service in sent[topic]] == [source]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_messages_fit(path):
    name = path.name.split(".")[0].replace("_video", "")
    schema = ASYNCAPI["components"]["schemas"][name]
    payload = in_json(msgpack.unpackb(path.read_bytes()), schema)
    check(ASYNCAPI, DRAFT7, ("components", "schemas", name), payload)


def test_every_message_has_a_golden_file():
    versions = {
        message["name"].removeprefix("pierrot.").replace(".", "_").replace("_v", ".v")
        for message in ASYNCAPI["components"]["messages"].values()
        if message["name"] != "dead_letter"
    }
    assert versions <= {path.stem for path in GOLDEN}
