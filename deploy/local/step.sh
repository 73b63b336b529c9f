# shellcheck shell=bash
# Progress: one line a step, alive while it runs on a terminal, plain otherwise.

STEP_SPINNER=

step_spin() { # step_spin LABEL BEGAN: until killed, or alone
    local frames='|/-+' i=0 last from
    exec 9>&-
    from=$(($(wc -c <"$STEP_LOG") + 1)) # what the steps before said is theirs
    while kill -0 $$ 2>/dev/null; do
        last=$(tail -c "+$from" "$STEP_LOG" | tail -n 1 | tr -cd '[:print:]')
        printf '\r\033[K%s %-12s %6s s  \033[2m%.50s\033[0m' \
            "${frames:i++%4:1}" "$1" "$(seconds_since "$2")" "$last"
        sleep 0.2
    done
}

step_spin_stop() {
    [ -n "$STEP_SPINNER" ] || return 0
    kill "$STEP_SPINNER" 2>/dev/null || true
    wait "$STEP_SPINNER" 2>/dev/null || true
    STEP_SPINNER=
    printf '\r\033[K'
}
trap step_spin_stop EXIT

# step LABEL COMMAND...: runs COMMAND with its output in the log. What it says on fd 3 stands
# on the step's line; after a failure it is the reason given.
step() {
    local label=$1 began said=$VAR/run/said status
    shift
    began=$(now_us)
    if [ -t 1 ]; then
        step_spin "$label" "$began" &
        STEP_SPINNER=$!
    fi
    set +e
    (
        set -e
        "$@"
    ) >>"$STEP_LOG" 2>&1 3>"$said"
    status=$?
    set -e
    step_spin_stop
    if [ "$status" -eq 0 ]; then
        printf '✓ %-12s %6s s  %s\n' "$label" "$(seconds_since "$began")" "$(<"$said")"
        return
    fi
    printf '✗ %-12s %6s s\n' "$label" "$(seconds_since "$began")"
    if [ -s "$said" ]; then
        cat "$said" >&2
    else
        echo "$SELF: $label failed; the end of $STEP_LOG:" >&2
        tail -n 8 "$STEP_LOG" | sed 's/^/    /' >&2
    fi
    exit 1
}
