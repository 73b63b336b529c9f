# shellcheck shell=bash
# build/venv: the Python that tests and benchmarks run with.

PYTHON=$ROOT/build/venv/bin/python

make_venv() {
    local sum=$ROOT/build/venv/requirements.sum
    mkdir -p "$ROOT/build"
    if [ -f "$sum" ] && sha256sum --status -c "$sum"; then
        return
    fi
    rm -rf "$ROOT/build/venv"
    /usr/bin/python3 -m venv "$ROOT/build/venv" || return
    "$PYTHON" -m pip install --disable-pip-version-check -q -r "$ROOT/tests/requirements.txt" || return
    sha256sum "$ROOT/tests/requirements.txt" >"$sum"
}
