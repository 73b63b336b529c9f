# shellcheck shell=bash
# Starting, finding and ending processes. A pid file holds "pid start-time": a pid that the
# kernel gave to somebody else since has another start time, and is left alone.

pid_file() { echo "$VAR/run/$1.pid"; }
log_file() { echo "$VAR/log/$1.log"; }

proc_pid() { # proc_pid NAME: prints its pid; 1 when it does not run
    local pid started line stat
    { read -r pid started <"$(pid_file "$1")"; } 2>/dev/null || return 1
    { read -r line <"/proc/$pid/stat"; } 2>/dev/null || return 1
    # After "pid (name)": the first field is the state, the twentieth the start time.
    read -r -a stat <<<"${line##*) }"
    [ "${stat[0]}" != Z ] && [ "${stat[19]}" = "$started" ] && echo "$pid"
}

# proc_start NAME COMMAND...: in a session of its own, output to its log. The process writes its
# pid file itself before it becomes COMMAND, so that no crash of ours leaves one unknown.
proc_start() {
    local name=$1 file log
    shift
    file=$(pid_file "$name")
    log=$(log_file "$name")
    rm -f "$file"
    if [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -gt $((16 << 20)) ]; then
        mv "$log" "$log.1"
    fi
    # shellcheck disable=SC2016 # expanded by the new shell
    (
        cd /
        exec setsid bash -c '
            read -r line </proc/$$/stat
            read -r -a stat <<<"${line##*) }"
            echo "$$ ${stat[19]}" >"$0.new" && mv "$0.new" "$0"
            exec "$@"' "$file" "$@"
    ) </dev/null >>"$log" 2>&1 3>&- 9>&- &
    while [ ! -f "$file" ]; do
        sleep 0.01
    done
}

proc_tree() { # proc_tree PID: the process and all it started, one pid a line
    local children child
    echo "$1"
    read -r -d '' -a children < <(cat "/proc/$1"/task/*/children 2>/dev/null) || true
    for child in "${children[@]}"; do
        proc_tree "$child"
    done
}

proc_gone() { # proc_gone NAME SECONDS: 1 when it is still there after that long
    local tries=$(($2 * 20))
    while proc_pid "$1" >/dev/null; do
        [ $((tries--)) -gt 0 ] || return 1
        sleep 0.05
    done
    rm -f "$(pid_file "$1")"
}

proc_kill() { # proc_kill NAME: SIGKILL to it, its process group and everything below it
    local pid tree
    pid=$(proc_pid "$1") || return 0
    tree=$(proc_tree "$pid")
    # shellcheck disable=SC2086 # one word a pid
    kill -KILL -- "-$pid" $tree 2>/dev/null || true
    proc_gone "$1" 10 || die "$1 (pid $pid) does not die"
}

proc_stop() { # proc_stop NAME: politely, then not
    local pid signal=TERM
    pid=$(proc_pid "$1") || return 0
    [ "$1" != postgres ] || signal=INT # "fast": ends sessions instead of waiting for them
    kill -"$signal" "$pid" 2>/dev/null || true
    proc_gone "$1" 30 || proc_kill "$1"
}

# proc_current NAME FILE...: it runs, and none of the FILEs changed since it was started.
proc_current() {
    local name=$1 file pid
    shift
    pid=$(proc_pid "$name") || return 1
    for file; do
        [ "$file" -nt "$(pid_file "$name")" ] && return 1
    done
    return 0
}

proc_fault() { # proc_fault NAME WHAT: gives up with the end of its log
    say "$SELF: $1 $2; the end of $(log_file "$1"):"
    tail -n 6 "$(log_file "$1")" | cut -c1-400 | sed 's/^/    /' >&3
    exit 1
}

# proc_wait NAME SECONDS: until it answers.
proc_wait() {
    local name=$1 limit=$2 began
    began=$SECONDS
    until is_ready "$name"; do
        proc_pid "$name" >/dev/null || proc_fault "$name" "ended before it was ready"
        [ $((SECONDS - began)) -lt "$limit" ] || proc_fault "$name" "is not ready after $limit s"
        sleep 0.1
    done
}

is_ready() {
    case $1 in
    postgres | kafka | s3 | redis) "${1}_is_ready" ;;
    *) curl -fs -o /dev/null -m 2 "$(url "$1")/readyz" ;;
    esac >/dev/null 2>&1
}

# The ports of what we are about to start must be free.
check_ports() { # check_ports NAME...
    local name holder
    for name; do
        proc_pid "${name%-controller}" >/dev/null && continue
        holder=$(ss -ltnpH "sport = :$(port "$name")")
        [ -z "$holder" ] || die "port $(port "$name") ($name) is taken$(port_holder "$holder"):" \
            "free it, or shift all ports: PIERROT_PORT_BASE=$((PORT_BASE + 2000)) $SELF"
    done
}

port_holder() { # port_holder SS_LINE: " by name (pid n)", or nothing when it is hidden from us
    [[ $1 =~ users:\(\(\"([^\"]+)\",pid=([0-9]+) ]] || return 0
    echo " by ${BASH_REMATCH[1]} (pid ${BASH_REMATCH[2]})"
}
