"""The project's own rules, those no compiler knows. Prints file:line: rule: why, and exits 1 when one
is broken. Each rule is a function that yields Finding; test_rules.py shows that each can fail."""

import os
import re
import subprocess
import sys
from collections import namedtuple

Finding = namedtuple("Finding", "file line rule why")
RULES = []


def rule(function):
    RULES.append(function)
    return function


class Tree:
    """The files of a checkout, by path from its top."""

    def __init__(self, top, files):
        self.top, self.files = top, sorted(files)
        self.texts = {}

    def text(self, file):
        if file not in self.texts:
            with open(os.path.join(self.top, file), encoding="utf-8", errors="replace") as stream:
                self.texts[file] = stream.read()
        return self.texts[file]

    def matching(self, pattern):
        return [file for file in self.files if re.search(pattern, file)]

    def sources(self):
        """C of the product itself, without tests."""
        return self.matching(r"^(shared|proto|services)/.*\.[ch]$")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code(text, keep_strings=False):
    """text with comments (and strings) blanked; every offset and line stays where it was."""
    def replace(match):
        return match.group() if keep_strings and match.group()[0] in "\"'" else blank(match)
    return TOKENS.sub(replace, text)


# --- layers ---

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Where a library's headers may be included: one home each.
HOMES = [
    (r"libpq|postgres_ext|pg_config", ["shared/pg/"]),
    (r"h2o(/|\.h)|wslay", ["shared/http/"]),
    (r"curl/", ["shared/http/"]),
    (r"librdkafka/", ["shared/kafka/"]),
    (r"hiredis", ["shared/redis/"]),
    (r"msgpack", ["proto/"]),
    (r"qrencode", ["services/media/adapters/"]),
    (r"utf8proc", ["shared/base/"]),
    (r"openssl/|libdeflate|zlib", ["shared/crypto/", "shared/http/"]),
    (r"vips/|turbojpeg|jpeglib|webp/|lcms2|libav|libsw|seccomp|glib|linux/landlock",
     ["services/thumbnailer/worker/"]),
]

# What pure code may use of C's library: nothing that reads a clock, a file or the network.
PURE = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "math.h", "search.h", "stdarg.h", "stdbool.h",
        "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "sys/queue.h"}

# layer -> prefixes its quoted includes may start with ({own}: services/<name>/); system headers: PURE.
LAYERS = {
    "domain": ["{own}domain/", "shared/base/", "shared/http/identity.h"],
    "usecases": ["{own}usecases/", "{own}domain/", "proto/", "shared/base/", "shared/flow/", "shared/log/",
                 "shared/crypto/", "shared/http/identity.h", "shared/limit/"],
}


def layer_fault(file, name, system):
    """Why this file may not include that header; None when it may."""
    if system:
        for pattern, homes in HOMES:
            if re.match(pattern, name) and not file.startswith(tuple(homes)):
                return f"<{name}> belongs to {' and '.join(homes)} alone"
    parts = file.split("/")
    if parts[0] != "services":
        if name.startswith("services/"):
            return f"{parts[0]} knows no service"
        if file.startswith("shared/base/") and not system and not name.startswith("shared/base/"):
            return "shared/base stands on nothing else"
        return None
    own = "/".join(parts[:2]) + "/"
    if name.startswith("services/") and not name.startswith(own):
        return "a service knows no other service"
    layer = parts[2] if len(parts) > 3 else None
    if layer not in LAYERS:
        return None
    if system:
        return None if name in PURE else f"{layer} does no I/O and reads no clock: not <{name}>"
    allowed = tuple(prefix.format(own=own) for prefix in LAYERS[layer])
    return None if name.startswith(allowed) else f"{layer} may include only {' '.join(allowed)}"


@rule
def layers(tree):
    for file in tree.sources():
        text = code(tree.text(file), keep_strings=True)
        for match in INCLUDE.finditer(text):
            name, system = match.group(2), match.group(1) == "<"
            why = layer_fault(file, name, system)
            if not system and "/" not in name:
                why = f'"{name}" must be named by its path from the top'
            if why:
                yield Finding(file, line_of(text, match.start()), "layers", why)


# --- functions ---

BANNED = {
    "strcpy strcat stpcpy strncpy strncat sprintf vsprintf gets": "knows no bounds: pr_str, pr_buf, snprintf",
    "strtok atoi atol atoll atof": "hides errors or state: pr_str_to_int, pr_str",
    "scanf sscanf fscanf": "hides errors and overflows: parse with pr_str",
    "rand srand random srandom drand48 rand_r": "is predictable: randombytes of libsodium",
    "system popen execlp execvp": "goes through a shell or PATH",
    "tmpnam tempnam mktemp": "races: memfd_create, mkstemp",
    "localtime gmtime ctime asctime localtime_r": "shared buffer or local time: pr_time",
    "alloca strdupa strndupa": "puts input's size on the stack",
}
CLOCKS = "time gettimeofday clock_gettime ftime"


def calls(text, names):
    """A call or a pointer to it, not a member or a longer name."""
    return re.finditer(r"(?<![\w.>])(?:" + "|".join(names.split()) + r")\s*\(", text)


@rule
def banned(tree):
    for file in tree.sources():
        text = code(tree.text(file))
        for names, why in BANNED.items():
            for match in calls(text, names):
                yield Finding(file, line_of(text, match.start()), "banned",
                              f"{match.group().rstrip('( ')} {why}")


@rule
def clock(tree):
    for file in tree.matching(r"^services/.*/(domain|usecases|adapters)/.*\.c$"):
        text = code(tree.text(file))
        for match in calls(text, CLOCKS):
            yield Finding(file, line_of(text, match.start()), "clock",
                          "time comes from the injected clock (pr_now_ms)")


# --- SQL ---

SQL = re.compile(r"\b(select\s+\S|insert\s+into\s|update\s+\S+\s+set\s|delete\s+from\s|"
                 r"(create|alter|drop)\s+(table|schema|role|index|function)\s)", re.I)
FORMATTED = re.compile(r"\b(v?snprintf|v?asprintf|pr_buf_printf|pr_buf_puts|pr_buf_append|pr_buf_str_add)\s*\(")


def argument_text(text, start):
    """From the opening parenthesis to its closing one."""
    depth = 0
    for match in re.compile(r'"(?:\\.|[^"\\\n])*"|[()]').finditer(text, start):
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
        if depth == 0:
            return text[start:match.end()]
    return text[start:]


@rule
def sql(tree):
    for file in tree.sources():
        text = code(tree.text(file), keep_strings=True)
        for match in FORMATTED.finditer(text):
            if SQL.search(" ".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', argument_text(text, match.end() - 1)))):
                yield Finding(file, line_of(text, match.start()), "sql",
                              "SQL is a constant with parameters, never put together from text")


# --- the tree ---

@rule
def readme(tree):
    folders = {"/".join(file.split("/")[:2]) for file in tree.matching(r"^(shared|services)/[^/]+/")}
    for folder in sorted(folders) + ["proto", "deploy", "tests"]:
        if tree.matching(f"^{folder}/") and f"{folder}/README.md" not in tree.files:
            yield Finding(folder, 1, "readme", "has no README.md: what it owns, how it is used, why it is so")


def registrations(text):
    """(path, line) of each pr_test, those in a foreach once for each of its words."""
    loops = [(match.start(), text.find("endforeach(", match.start()), match.group(1), match.group(2).split())
             for match in re.finditer(r"\bforeach\(\s*(\w+)\s+([^)]*)\)", text)]
    texts = {match.group(1): match.group(2) for match in re.finditer(r"\bset\(\s*(\w+)\s+([^\s)]+)\)", text)}
    for match in re.finditer(r"\bpr_test\(\s*([^\s)]+)", text):
        names = [re.sub(r"\$\{(\w+)\}", lambda name: texts.get(name.group(1), name.group()), match.group(1))]
        for start, end, variable, words in loops:
            if start < match.start() < end:
                names = [name.replace(f"${{{variable}}}", word) for name in names for word in words]
        for name in dict.fromkeys(names):
            yield name, line_of(text, match.start())


@rule
def mirror(tree):
    """tests/unit/shared/pg/test_pool.c tests something of shared/pg, and is registered there or above."""
    folders = {os.path.dirname(file) for file in tree.files}
    folders |= {folder[:i] for folder in set(folders) for i in range(len(folder)) if folder[i] == "/"}
    registered = set()
    for file in tree.matching(r"^tests/.*tests\.cmake$"):
        text = re.sub(r"#[^\n]*", "", tree.text(file))
        for path, here in registrations(text):
            registered.add(f"tests/{path}.c")
            kind, _, rest = path.partition("/")
            if kind not in ("unit", "contract", "integration"):
                yield Finding(file, here, "mirror", f"{path}: tests are unit, contract or integration")
            elif kind != "contract" and os.path.dirname(rest) not in folders:
                yield Finding(file, here, "mirror", f"{path}: there is no {os.path.dirname(rest)} to mirror")
            if not f"tests/{path}".startswith(os.path.dirname(file) + "/"):
                yield Finding(file, here, "mirror", f"{path} is registered in another folder than its own")
    for file in tree.matching(r"^tests/(unit|contract|integration)/(.*/)?test_[^/]*\.c$"):
        if file not in registered:
            yield Finding(file, 1, "mirror", "is in no tests.cmake: it never runs")


@rule
def unfinished(tree):
    for file in tree.matching(r"\.(c|h|sql|sh|cmake|js|css|html|def)$"):
        for match in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", tree.text(file)):
            yield Finding(file, line_of(tree.text(file), match.start()), "unfinished",
                          f"{match.group()}: what is missing is an issue, not a comment")


@rule
def length(tree):
    for file in tree.sources():
        lines = tree.text(file).count("\n")
        if lines > 500:
            yield Finding(file, 500, "length", f"{lines} lines: split it by what it does (400 are wished)")


def check(tree):
    return [finding for function in RULES for finding in function(tree)]


def main():
    top = subprocess.run(["git", "rev-parse", "--show-toplevel"], check=True, capture_output=True,
                         text=True).stdout.strip()
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=top, check=True, capture_output=True, text=True).stdout.split("\0")
    findings = check(Tree(top, [file for file in listed if os.path.isfile(os.path.join(top, file))]))
    for finding in findings:
        print(f"{finding.file}:{finding.line}: {finding.rule}: {finding.why}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
