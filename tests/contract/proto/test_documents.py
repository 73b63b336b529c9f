"""openapi.yaml and asyncapi.yaml are what they say they are: valid, every reference leads somewhere, every
example fits its schema, every route of the public door is there and no other, and the golden messages, read
by another library than ours, fit theirs. docs.html is made of today's openapi.yaml."""

import base64
import pathlib
import re
import subprocess
import sys
import uuid
from html.parser import HTMLParser

import jsonschema
import msgpack
import pytest
import yaml
from openapi_spec_validator import validate as validate_openapi
from referencing import Registry
from referencing.jsonschema import DRAFT7, DRAFT202012

from routes import public_routes

TOP = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = sorted((TOP / "tests/support/golden").glob("*.msgpack"))
OPENAPI = yaml.safe_load((TOP / "proto/openapi.yaml").read_text())
ASYNCAPI = yaml.safe_load((TOP / "proto/asyncapi.yaml").read_text())
METHODS = ("get", "put", "post", "delete", "patch")
ROUTES = {(route.path, route.method.lower()): route for route in public_routes()}
OPERATIONS = {(path, method): operation for path, item in OPENAPI["paths"].items()
              for method, operation in item.items() if method in METHODS}


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
    """Every media type, parameter and header of openapi.yaml that has an example: path, example."""
    for path, node in walk(OPENAPI):
        if isinstance(node, dict) and "schema" in node and "example" in node:
            yield pytest.param(path, node["example"], id=".".join(map(str, path)))


def resolved(node):
    return follow(OPENAPI, node["$ref"]) if "$ref" in node else node


def each_operation(test):
    return pytest.mark.parametrize("path, method", OPERATIONS, ids=[f"{m} {p}" for p, m in OPERATIONS])(test)


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


def test_openapi_has_every_route_and_no_other():
    assert set(OPERATIONS) == set(ROUTES)


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(names)) == len(names)
    groups = [tag["name"] for tag in OPENAPI["tags"]]
    for operation in OPERATIONS.values():
        assert operation["summary"].endswith((".", "?"))
        assert len(operation["tags"]) == 1 and operation["tags"][0] in groups


@each_operation
def test_operations_say_who_may(path, method):
    """A token's scope is the one the route asks for; a session is always as good."""
    security = OPERATIONS[path, method].get("security", OPENAPI["security"])
    scope = "admin" if ROUTES[path, method].access == "ADMIN" else "read" if method == "get" else "write"
    wanted = {"PUBLIC": [], "GUEST": [{"guest": []}, {"guest_cookie": []}]}
    assert security == wanted.get(ROUTES[path, method].access, [{"token": [scope]}, {"session": []}])


@each_operation
def test_operations_name_every_parameter_and_body(path, method):
    item, operation = OPENAPI["paths"][path], OPERATIONS[path, method]
    parameters = [resolved(node) for node in item.get("parameters", []) + operation.get("parameters", [])]
    assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    assert all(p["description"] for p in parameters)
    assert ("requestBody" in operation) == ROUTES[path, method].takes_body
    if "requestBody" in operation:
        assert all("example" in content for content in operation["requestBody"]["content"].values())


@each_operation
def test_operations_name_the_errors_that_can_come(path, method):
    route, operation = ROUTES[path, method], OPERATIONS[path, method]
    headers = [resolved(node)["name"] for node in operation.get("parameters", [])]
    expected = {"400", "413", "default"}
    if path not in ("/healthz", "/readyz", "/metrics", "/debug/vars"):
        expected |= {"429"}
    if route.access == "GUEST":
        expected |= {"401", "410", "502", "503", "504"}
    elif route.access != "PUBLIC":
        expected |= {"401", "403", "503", "504"}
    if route.takes_body:
        expected |= {"415", "503", "504"}
    if path.startswith(("/api/media", "/api/events")):
        expected |= {"502"}
    if "Idempotency-Key" in headers:
        expected |= {"409", "410", "422"}
    if "If-None-Match" in headers:
        expected |= {"304"}
    assert expected <= set(operation["responses"])


@each_operation
def test_answers(path, method):
    """Whatever comes has its request id; what is counted tells how much is left; errors are problems."""
    for status, node in OPERATIONS[path, method]["responses"].items():
        answer = resolved(node)
        headers = {name.lower() for name in answer["headers"]}
        assert "x-request-id" in headers, status
        if path.startswith("/api/") and status[0] == "2" or status == "429":
            assert {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= headers, status
        if status == "429":
            assert "retry-after" in headers
        if status[0] in "45d" and status != "416" and (path, status) != ("/readyz", "503"):
            assert list(answer["content"]) == ["application/problem+json"], status
        if status in ("204", "304"):
            assert "content" not in answer
        for content_type, content in answer.get("content", {}).items():
            free = content["schema"] in ({"type": "string"}, {"type": "object"})
            assert free or "example" in content, (status, content_type)


def test_every_component_is_used():
    refs = {node["$ref"] for _, node in walk(OPENAPI) if isinstance(node, dict) and "$ref" in node}
    for kind in ("schemas", "responses", "parameters", "headers"):
        for name in OPENAPI["components"][kind]:
            assert f"#/components/{kind}/{name}" in refs


# --- the page of /api/docs ---

def test_the_page_is_of_today():
    done = subprocess.run([sys.executable, TOP / "proto/gen_docs.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class Page(HTMLParser):
    """What the policy of the pages and their links depend on."""

    def __init__(self):
        super().__init__()
        self.ids, self.links, self.foreign = [], [], []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        target = attributes.get("href") or attributes.get("src") or ""
        self.links += [target[1:]] if target.startswith("#") else []
        inline = tag == "style" or tag == "script" and "src" not in attributes or "style" in attributes
        handler = any(name.startswith("on") for name in attributes)
        if inline or handler or target and not re.match("[/#](?!/)", target):
            self.foreign.append((tag, attributes))


def test_the_page_has_all_operations_and_nothing_from_elsewhere():
    page = Page()
    page.feed((TOP / "services/gateway/web/docs.html").read_text())
    assert not page.foreign
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)
    assert {operation["operationId"] for operation in OPERATIONS.values()} <= set(page.ids)


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
    name = re.sub("_(video|crc32)$", "", path.name.split(".")[0])
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
