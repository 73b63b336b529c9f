"""Each rule finds what it is for, and leaves alone what only looks like it."""

import pytest

import rules

README = {"shared/pg/README.md": "", "shared/base/README.md": "", "services/media/README.md": ""}


def findings(tmp_path, files, rule):
    for name, text in {**README, **files}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tree = rules.Tree(str(tmp_path), [*README, *files])
    return [(found.file, found.line) for found in rule(tree)]


@pytest.mark.parametrize("file, text, lines", [
    ("services/media/domain/a.c", '#include "shared/base/str.h"\n#include <string.h>\n', []),
    ("services/media/domain/a.c", '#include "shared/pg/pg.h"\n', [1]),
    ("services/media/domain/a.c", '\n#include <time.h>\n', [2]),
    ("services/media/domain/a.c", '#include "services/media/usecases/ports.h"\n', [1]),
    ("services/media/usecases/a.c", '#include "shared/flow/flow.h"\n#include "proto/messages.h"\n', []),
    ("services/media/usecases/a.c", '#include "services/media/adapters/media_pg.h"\n', [1]),
    ("services/media/usecases/a.c", '#include <uv.h>\n', [1]),
    ("services/media/adapters/a.c", '#include "services/tags/domain/tag.h"\n', [1]),
    ("services/media/adapters/a.c", '#include <libpq-fe.h>\n', [1]),
    ("services/media/adapters/a.c", '/*\n#include <libpq-fe.h>\n*/\n', []),
    ("services/media/adapters/a.c", '#include <vips/vips.h>\n', [1]),
    ("services/thumbnailer/worker/a.c", '#include <vips/vips.h>\n', []),
    ("shared/pg/a.c", '#include <libpq-fe.h>\n', []),
    ("shared/pg/a.c", '#include "services/media/domain/media.h"\n', [1]),
    ("shared/base/a.c", '#include "shared/log/log.h"\n', [1]),
    ("shared/pg/a.c", '#include "pg.h"\n', [1]),
])
def test_layers(tmp_path, file, text, lines):
    assert findings(tmp_path, {file: text}, rules.layers) == [(file, line) for line in lines]


@pytest.mark.parametrize("text, lines", [
    ("strcpy(a, b);", [1]), ("\n x = rand();", [2]), ("sprintf (a, f);", [1]), ("strtok(s, d);", [1]),
    ("snprintf(a, n, f);", []), ("/* strcpy(a, b) */", []), ('log("system(x)");', []),
    ("ops->system(x);", []), ("pr_system(x);", []),
])
def test_banned(tmp_path, text, lines):
    file = "shared/pg/a.c"
    assert findings(tmp_path, {file: text}, rules.banned) == [(file, line) for line in lines]


def test_clock(tmp_path):
    files = {"services/media/usecases/a.c": "now = time(NULL);\n", "shared/base/time.c": "time(NULL);\n"}
    assert findings(tmp_path, files, rules.clock) == [("services/media/usecases/a.c", 1)]


@pytest.mark.parametrize("text, lines", [
    ('snprintf(q, n, "select %s from t", what);', [1]),
    ('pr_buf_printf(&q,\n "delete from media "\n "where id = %d", id);', [1]),
    ('static const char q[] = "select 1";', []),
    ('snprintf(q, n, "please select one");\nrun("select 1");', [1]),
    ('snprintf(q, n, "selected");', []),
])
def test_sql(tmp_path, text, lines):
    file = "shared/pg/a.c"
    assert findings(tmp_path, {file: text}, rules.sql) == [(file, line) for line in lines]


def test_readme(tmp_path):
    files = {"shared/s3/s3.c": "", "services/tags/main.c": "", "shared/CMakeLists.txt": ""}
    assert findings(tmp_path, files, rules.readme) == [("services/tags", 1), ("shared/s3", 1)]


def test_mirror(tmp_path):
    folder = "tests/unit/shared/pg"
    files = {
        f"{folder}/tests.cmake": "pr_test(unit/shared/pg/test_pool DEPS pr_pg)\n"
                                 "# pr_test(unit/shared/pg/test_old)\n"
                                 "pr_test(unit/shared/nothing/test_x)\n"
                                 "pr_test(smoke/shared/pg/test_y)\n"
                                 "set(here unit/shared/pg)\n"
                                 "foreach(name jobs lock)\n pr_test(${here}/test_${name})\nendforeach()\n",
        "tests/unit/shared/s3/tests.cmake": "pr_test(unit/shared/pg/test_pool)\n",
        f"{folder}/test_pool.c": "", f"{folder}/test_forgotten.c": "", f"{folder}/test_jobs.c": "",
        f"{folder}/test_lock.c": "",
    }
    assert sorted(set(findings(tmp_path, files, rules.mirror))) == [
        (f"{folder}/test_forgotten.c", 1), (f"{folder}/tests.cmake", 3), (f"{folder}/tests.cmake", 4),
        ("tests/unit/shared/s3/tests.cmake", 1)]


def test_unfinished(tmp_path):
    file = "shared/pg/a.c"
    word = "TO" + "DO"
    assert findings(tmp_path, {file: f"\n/* {word}: later */\n"}, rules.unfinished) == [(file, 2)]


def test_length(tmp_path):
    files = {"shared/pg/a.c": "\n" * 501, "shared/pg/b.c": "\n" * 500}
    assert findings(tmp_path, files, rules.length) == [("shared/pg/a.c", 500)]


def test_every_rule_is_tested():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {function.__name__ for function in rules.RULES} <= tested
