"""The routes of the public door, read from the tables in the sources: what a document or a test must cover."""

import pathlib
import re
from collections import namedtuple

TOP = pathlib.Path(__file__).resolve().parents[2]

# access: PUBLIC, ACCOUNT or ADMIN; takes_body: False when any body is refused.
Route = namedtuple("Route", "method path access takes_body")

ROW = re.compile(r'\{\s*"(\*|[A-Z]+)",\s*"(/[^"]*)",\s*([^{}]*)\}')


def rows(path):
    """(method, path, the rest of the row as words) of each line of a route table."""
    for method, route, rest in ROW.findall((TOP / path).read_text(encoding="utf-8")):
        yield method, route, [word.strip() for word in rest.split(",")]


def template(path):
    """As OpenAPI writes it: {file...} is {file}."""
    return path.replace("...}", "}")


def gateway_rows():
    return list(rows("services/gateway/adapters/http_gateway.c"))


def forwarded():
    """What the gateway hands on, from the tables of those who answer it."""
    prefixes = {path.split("/{")[0] for method, path, _ in gateway_rows() if method == "*"}
    for table in sorted((TOP / "services").glob("*/adapters/http_*.c")):
        if table.parts[-3] == "gateway":
            continue
        for method, path, words in rows(table.relative_to(TOP)):
            if any(("/api" + path + "/").startswith(prefix + "/") for prefix in prefixes):
                yield Route(method, "/api" + template(path), "ACCOUNT", words[2] != "0")


def public_routes():
    """Every route but OPTIONS, which comes to each path of the API by itself."""
    own = [Route(method, template(path), words[1].removeprefix("ACCESS_"), words[3] != "0")
           for method, path, words in gateway_rows() if method != "*"]
    health = [Route(method, template(path), "PUBLIC", words[2] != "0")
              for method, path, words in rows("shared/service/health.c")]
    found = own + list(forwarded()) + health
    assert len(own) > 20 and len(health) >= 4 and len(found) == len(set(found)), "the tables are written otherwise now"
    return found
