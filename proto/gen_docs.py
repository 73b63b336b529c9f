#!/usr/bin/env python3
"""Writes services/gateway/web/docs.html, the page of /api/docs, from openapi.yaml:

    proto/gen_docs.py           writes it
    proto/gen_docs.py --check   exits 1 when the one that is there is another

One static file, with no script or style within it, as the pages' content security policy wants it. Needs PyYAML."""

import html
import json
import pathlib
import re
import sys
from http import HTTPStatus

import yaml

TOP = pathlib.Path(__file__).resolve().parents[1]
SOURCE, PAGE = TOP / "proto/openapi.yaml", TOP / "services/gateway/web/docs.html"
METHODS = ("get", "post", "put", "patch", "delete")
PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}  # RFC 9110; older Pythons say otherwise
DOCUMENT = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))


def resolved(node):
    """What a node is, also when it is a reference."""
    while "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


# --- text: the part of Markdown that openapi.yaml uses ---

def inline(text):
    """`code`, *stress* and **more stress**, in one line of text."""
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    for i, part in enumerate(parts):
        part = html.escape(part, quote=False)
        if i % 2:
            parts[i] = f"<code>{part}</code>"
        else:
            part = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", part)
            parts[i] = re.sub(r"\*(.+?)\*", r"<em>\1</em>", part)
    return "".join(parts)


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def table(lines):
    head, _, *body = [[inline(cell) for cell in line.strip("| ").split("|")] for line in lines]
    cells = "".join(f'<th scope="col">{name.strip()}</th>' for name in head)
    rows = "".join("<tr>" + "".join(f'<td data-label="{label.strip()}"><span>{cell.strip()}</span></td>'
                                    for label, cell in zip(head, row)) + "</tr>" for row in body)
    return f"<table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table>"


def block(text):
    lines = text.split("\n")
    if text.startswith("    "):
        return f"<pre><code>{html.escape(text.strip(), quote=False)}</code></pre>"
    if text.startswith("## "):
        return f'<h3 id="{slug(text)}">{inline(text[3:])}</h3>'
    if text.startswith("|"):
        return table(lines)
    if text.startswith("* "):
        items = re.split(r"\n\* ", text[2:])
        return "<ul>" + "".join(f"<li>{inline(item)}</li>" for item in items) + "</ul>"
    return f"<p>{inline(text)}</p>"


def prose(text):
    return "\n".join(block(part) for part in re.split(r"\n{2,}", text.strip("\n")) if part)


# --- examples ---

TOKEN = re.compile(r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>\b(?:true|false|null|[\d.]+)\b)')


def coloured(value):
    """A value as JSON, its keys, strings and words in classes of their own."""
    def mark(match):
        return f'<span class="{match.lastgroup}">{html.escape(match.group(), quote=False)}</span>'
    return TOKEN.sub(mark, json.dumps(value, indent=2, ensure_ascii=False))


def code(title, body):
    return f'<figure><figcaption>{title}</figcaption><pre><code>{body}</code></pre></figure>'


def curl(path, method, parameters, operation):
    """The line that makes this request; $PIERROT and $TOKEN are set as the page says at its top."""
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", str(parameter["example"]))
    words = ["curl"]
    body = operation.get("requestBody")
    if method != "get" and not (method == "post" and body):
        words += ["-X", method.upper()]
    words.append(f'"$PIERROT{path}"')
    lines = [" ".join(words)]
    if operation.get("security", DOCUMENT["security"]):
        lines.append('-H "Authorization: Bearer $TOKEN"')
    if body:
        example = body["content"]["application/json"]["example"]
        lines.append("--json '" + json.dumps(example, ensure_ascii=False) + "'")
    return html.escape(" \\\n  ".join(lines), quote=False)


# --- schemas ---

def is_object(schema):
    return "properties" in schema or "allOf" in schema


def kind(schema):
    """The type of a value in a few words, with a link when it is an object of its own."""
    if "$ref" in schema and is_object(resolved(schema)):
        name = schema["$ref"].rsplit("/", 1)[1]
        return f'<a href="#{name}">{name}</a>'
    schema = resolved(schema)
    if "const" in schema:
        return f"<code>{html.escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return " · ".join(f"<code>{html.escape(value)}</code>" for value in schema["enum"])
    if "oneOf" in schema:
        return " or ".join(kind(choice) for choice in schema["oneOf"])
    if isinstance(schema.get("type"), list):
        return " or ".join(kind({"type": name}) for name in schema["type"])
    if schema.get("type") == "array":
        return f"array of {kind(schema['items'])}"
    if schema.get("type") == "string":
        return {"uuid": "UUID", "date-time": "time", "uri": "URL", "email": "e-mail address"}.get(
            schema.get("format"), "text")
    return schema.get("type", "anything")


def bounds(schema):
    """What the schema says beyond the type."""
    schema = resolved(schema)
    said = []
    for low, high, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters"),
                            ("minItems", "maxItems", " items")):
        if low in schema and high in schema:
            said.append(f"{schema[low]:,} to {schema[high]:,}{unit}")
        elif low in schema:
            said.append(f"at least {schema[low]:,}{unit}".replace(" 1 items", " one"))
        elif high in schema:
            said.append(f"at most {schema[high]:,}{unit}")
    if "default" in schema:
        said.append(f"<code>{html.escape(str(schema['default']))}</code> without it")
    return ", ".join(said)


def member(name, schema, required, description=None):
    description = description or schema.get("description") or resolved(schema).get("description", "")
    limits = bounds(schema)
    nested = schema if "properties" in schema else schema.get("items", {})
    parts = [f'<dt><code>{name}</code> <span class="kind">{kind(schema)}</span>']
    parts.append(' <span class="required">required</span></dt>' if required else "</dt>")
    text = prose(description) if description else ""
    text += f'<p class="hint">{limits}</p>' if limits else ""
    text += members(nested) if "properties" in nested else ""
    return "".join(parts) + f"<dd>{text}</dd>"


def members(schema):
    """The members of an object, as a list."""
    if "$ref" in schema or "properties" not in schema and "allOf" not in schema:
        return f"<p>{kind(schema)}</p>"
    parts = [resolved(part) for part in schema.get("allOf", [schema])]
    rows = [member(name, value, name in part.get("required", []))
            for part in reversed(parts) for name, value in part["properties"].items()]
    return f'<dl class="members">{"".join(rows)}</dl>'


# --- operations ---

def access(operation):
    security = operation.get("security", DOCUMENT["security"])
    if not security:
        return "Open to everybody."
    if "guest" in security[0]:
        return "Wants a guest's token, or the guest's cookie."
    scope = security[0]["token"][0]
    who = "an administrator's token" if scope == "admin" else "a token"
    return f"Wants {who} with the scope <code>{scope}</code>, or a session."


def headers(answer):
    rows = []
    for name, node in answer.get("headers", {}).items():
        if name.lower() != "x-request-id":
            header = resolved(node)
            rows.append(f"<dt><code>{name}</code></dt><dd>{prose(header['description'])}</dd>")
    return f'<dl class="headers">{"".join(rows)}</dl>' if rows else ""


def answer_name(status):
    return f"{status} {PHRASES.get(int(status)) or HTTPStatus(int(status)).phrase}"


def gist(text):
    """The first sentence, or what stands before its semicolon."""
    return inline(re.split(r"(?<=[.;:])\s", " ".join(text.split()))[0].rstrip(";:"))


def answer(title, status, found, name=""):
    body = [prose(found["description"])]
    for content_type, content in found.get("content", {}).items():
        schema = content["schema"]
        if "$ref" in schema:
            body.append(f'<p class="hint">{kind(schema)}, as <code>{content_type}</code></p>')
        elif is_object(schema):
            body.append(members(schema))
        else:
            body.append(f'<p class="hint"><code>{content_type}</code></p>')
        if "example" in content:
            body.append(f'<pre><code>{coloured(content["example"])}</code></pre>')
    body.append(headers(found))
    anchor = f' id="{name}"' if name else ""
    return (f'<details class="answer s{status[0]}"{anchor}><summary><b>{title}</b> '
            f'<span>{gist(found["description"])}</span></summary><div>{"".join(body)}</div></details>')


def answers(responses):
    """The operation's own; those that many have are told once, in a section of theirs."""
    own = [answer(answer_name(status), status, node) for status, node in responses.items() if "$ref" not in node]
    links = [f'<a href="#{node["$ref"].rsplit("/", 1)[1]}" title="{answer_name(status)}">{status}</a>'
             for status, node in responses.items() if "$ref" in node and status != "default"]
    return "".join(own) + (f'<p class="common">And as elsewhere: {", ".join(links)}.</p>' if links else "")


def common_answers():
    """Each once, in the order of their status."""
    used = {}
    for item in DOCUMENT["paths"].values():
        for method in item.keys() & set(METHODS):
            for status, node in item[method]["responses"].items():
                if "$ref" in node and status != "default":
                    used[node["$ref"].rsplit("/", 1)[1]] = status
    ordered = sorted(used.items(), key=lambda pair: (pair[1], list(DOCUMENT["components"]["responses"]).index(pair[0])))
    return "".join(answer(answer_name(status), status, DOCUMENT["components"]["responses"][name], name)
                   for name, status in ordered)


def first_example(operation):
    """The answer to show beside the request: status, example; None when there is nothing to see."""
    for status, node in operation["responses"].items():
        for content in resolved(node).get("content", {}).values():
            if status[0] == "2" and "example" in content:
                return status, content["example"]
    return None


def badge(method):
    return f'<span class="method {method}">{method.upper()}</span>'


def operation_article(path, method, item, operation):
    parameters = [resolved(node) for node in item.get("parameters", []) + operation.get("parameters", [])]
    text = [f'<p class="hint">{access(operation)}</p>', prose(operation.get("description", ""))]
    if parameters:
        rows = [member(p["name"], p["schema"], p.get("required"), p["description"]) for p in parameters]
        text.append(f'<h4>Parameters</h4><dl class="members">{"".join(rows)}</dl>')
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        text.append(f"<h4>Body</h4>{members(resolved(schema))}")
    text.append(f"<h4>Answers</h4>{answers(operation['responses'])}")
    figures = [code("Request", curl(path, method, parameters, operation))]
    shown = first_example(operation)
    if shown:
        figures.append(code(f"Answer {answer_name(shown[0])}", coloured(shown[1])))
    name = operation["operationId"]
    return f"""<article id="{name}" aria-labelledby="{name}-title">
<header><h3 id="{name}-title">{inline(operation['summary']).rstrip('.')}</h3>
<p class="route">{badge(method)} <code>{path.replace('/', '/<wbr>')}</code>
<a class="anchor" href="#{name}" aria-label="Link to {name}">#</a></p></header>
<div class="text">{"".join(text)}</div>
<div class="code">{"".join(figures)}</div>
</article>"""


def operations(tag):
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            if method in METHODS and item[method]["tags"] == [tag]:
                yield path, method, item, item[method]


def objects():
    return [(name, schema) for name, schema in DOCUMENT["components"]["schemas"].items() if is_object(schema)]


# --- the page ---

def contents():
    links = ["<li><a href=\"#start\">Start here</a></li>"]
    links += [f'<li><a href="#{slug(title)}">{title}</a></li>'
              for title in re.findall(r"^## (.+)$", DOCUMENT["info"]["description"], re.M)]
    groups = [f"<ul>{''.join(links)}</ul>"]
    for tag in DOCUMENT["tags"]:
        items = "".join(f'<li><a href="#{operation["operationId"]}">{badge(method)}'
                        f'<span>{inline(operation["summary"]).rstrip(".")}</span>'
                        f'<span class="visually-hidden"> {path}</span></a></li>'
                        for path, method, _, operation in operations(tag["name"]))
        groups.append(f'<h2>{tag["name"].capitalize()}</h2><ul>{items}</ul>')
    items = "".join(f'<li><a href="#{name}">{name}</a></li>' for name, _ in objects())
    return "".join(groups) + f'<h2>Also</h2><ul><li><a href="#answers">Common answers</a></li>{items}</ul>'


def page():
    info = DOCUMENT["info"]
    sections = []
    for tag in DOCUMENT["tags"]:
        articles = "\n".join(operation_article(*found) for found in operations(tag["name"]))
        sections.append(f'<section><header class="group"><h2 id="{tag["name"]}">{tag["name"].capitalize()}</h2>'
                        f'{prose(tag["description"])}</header>\n{articles}</section>')
    described = "\n".join(
        f'<article class="object" id="{name}"><h3>{name}</h3>'
        f'{prose(schema.get("description", ""))}{members(schema)}</article>' for name, schema in objects())
    setup = html.escape('export PIERROT=https://pierrot.example\nexport TOKEN=prt_…', quote=False)
    return TEMPLATE.format(
        title=info["title"], version=info["version"], summary=inline(info["summary"]), contents=contents(),
        introduction=prose(info["description"]), setup=code("Once, for the lines below", setup),
        sections="\n".join(sections), answers=common_answers(), objects=described)


TEMPLATE = """<!doctype html>
<!-- Written by proto/gen_docs.py from proto/openapi.yaml. -->
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>API reference · {title}</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <meta name="theme-color" content="#f7f5ef" media="(prefers-color-scheme: light)">
  <meta name="theme-color" content="#12141d" media="(prefers-color-scheme: dark)">
  <link rel="icon" href="/assets/pierrot.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/assets/app.css">
  <link rel="stylesheet" href="/assets/docs.css">
  <script type="module" src="/assets/docs.js"></script>
</head>
<body class="docs">
  <a class="skip" href="#main">Skip to content</a>
  <header class="top">
    <a class="brand" href="/"><img src="/assets/pierrot.svg" alt="" width="36" height="36">{title}</a>
    <nav aria-label="Site">
      <a href="/api/docs" aria-current="page">API reference</a>
      <a href="/api/openapi.yaml">OpenAPI</a>
      <a href="/account">Account</a>
    </nav>
  </header>
  <div class="columns">
    <nav class="contents" aria-label="Contents">
      <details open>
        <summary>Contents</summary>
        {contents}
      </details>
    </nav>
    <main id="main">
      <header class="intro" id="start">
        <h1>API reference</h1>
        <p class="lead">{summary} <span class="badge">{version}</span></p>
        {setup}
        {introduction}
      </header>
{sections}
      <section><header class="group"><h2 id="answers">Common answers</h2></header>
      <div class="answers">{answers}</div></section>
      <section><header class="group"><h2 id="objects">Objects</h2></header>
<div class="objects">
{objects}
</div></section>
    </main>
  </div>
</body>
</html>
"""


def main():
    text = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
        sys.exit(None if same else f"{PAGE.relative_to(TOP)} is another: run proto/gen_docs.py")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
