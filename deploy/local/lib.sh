# shellcheck shell=bash disable=SC2034 # used by those who read this file
# What every command of the local stack shares: where things are, how they speak and fail.

set -euo pipefail
umask 022

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LOCAL=$ROOT/deploy/local
JARS=$ROOT/var/jars # shared by every stack of this checkout
VAR=$(realpath -m "${PIERROT_VAR:-$ROOT/var}")
BIN=${PIERROT_BIN:-$ROOT/build/release/bin}
SELF="deploy/local/$(basename "$0")"

SERVERS=(postgres kafka s3 redis)
SERVICES=(gateway media tags sync publisher thumbnailer)
# What listens where, counted from the port base.
declare -A OFFSET=(
    [gateway]=80 [media]=81 [tags]=82 [sync]=83 [publisher]=84 [thumbnailer]=85
    [postgres]=432 [kafka]=92 [kafka-controller]=93 [s3]=900 [redis]=379
)

# fd 3 is for people: stderr, or inside a step the line that the step ends with.
exec 3>&2

say() { printf '%s\n' "$*" >&3; }

die() {
    say "$SELF: $*"
    exit 1
}

# The base a stack was started on stays its base until it is purged.
port_base() {
    local kept=
    [ ! -r "$VAR/port-base" ] || kept=$(<"$VAR/port-base")
    echo "${PIERROT_PORT_BASE:-${kept:-28000}}"
}
PORT_BASE=$(port_base)
# Above the last base the kernel gives ports to outgoing connections: one of those could hold ours.
read -r LAST_PORT_BASE _ </proc/sys/net/ipv4/ip_local_port_range
((LAST_PORT_BASE -= 1000))
[[ $PORT_BASE =~ ^[1-9][0-9]{3,4}$ && $PORT_BASE -ge 1024 && $PORT_BASE -le $LAST_PORT_BASE ]] ||
    die "PIERROT_PORT_BASE must be a number from 1024 to $LAST_PORT_BASE, not '$PORT_BASE'"

port() { echo $((PORT_BASE + OFFSET[$1])); }
url() { echo "http://127.0.0.1:$(port "$1")"; }

is_one_of() { # is_one_of WORD CANDIDATE...
    local word=$1 candidate
    shift
    for candidate; do
        [ "$word" != "$candidate" ] || return 0
    done
    return 1
}

require_name() {
    is_one_of "$1" "${SERVERS[@]}" "${SERVICES[@]}" ||
        die "no such part: '$1' (one of: ${SERVERS[*]} ${SERVICES[*]})"
}

# put MODE FILE: standard input becomes FILE, whole or not at all; an equal file is left alone,
# so that a file's age says when its content last changed.
put() {
    local mode=$1 file=$2 new=$2.new
    rm -f "$new"
    (umask 077 && cat >"$new")
    if [ -f "$file" ] && cmp -s "$new" "$file"; then
        rm "$new"
    else
        chmod "$mode" "$new"
        mv "$new" "$file"
    fi
}

# render FILE NAME=VALUE...: prints FILE with each @NAME@ replaced.
render() {
    local text pair
    text=$(<"$1")
    shift
    for pair; do
        text=${text//"@${pair%%=*}@"/${pair#*=}}
    done
    printf '%s\n' "$text"
}

private_folder() { install -d -m 700 "$@"; }

# Takes the stack for this command: one at a time changes it, the others wait for it. Processes
# that we start close fd 9. The lock file outlives even a purge, for those who wait on it.
take_var() {
    mkdir -p "$VAR"
    [ -O "$VAR" ] || die "$VAR belongs to $(stat -c %U "$VAR"): run as that user, or set PIERROT_VAR"
    exec 9>"$VAR/lock"
    if ! flock -n 9; then
        say "$SELF: waiting for another command at work on $VAR"
        flock 9
    fi
    mkdir -p "$VAR/run"
    private_folder "$VAR/log" "$VAR/secrets" "$VAR/env"
}

now_us() { echo "${EPOCHREALTIME/[.,]/}"; }

seconds_since() { # seconds_since MICROSECONDS: prints 1.2
    local tenths=$((($(now_us) - $1) / 100000))
    echo "$((tenths / 10)).$((tenths % 10))"
}
