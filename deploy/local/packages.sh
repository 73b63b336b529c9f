# shellcheck shell=bash
# Debian packages: a quick look at what is there, and apt for the rest.

PACKAGES=("$LOCAL/packages.txt") # tests/run adds its own
POLICY=/usr/sbin/policy-rc.d
POLICY_SAVED=$POLICY.before-pierrot
CLUSTER_CONF=/etc/postgresql-common/createcluster.d/pierrot.conf

check_system() {
    local ID='' VERSION_ID='' PRETTY_NAME='an unknown system'
    # shellcheck disable=SC1091
    [ ! -r /etc/os-release ] || . /etc/os-release
    [ "$ID $VERSION_ID" = "debian 12" ] || die "needs Debian 12 (bookworm); this is $PRETTY_NAME"
}

tool_there() {
    case $1 in
    '') return 1 ;;
    java) java_bin >/dev/null ;;
    /*) [ -x "$1" ] ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

java_bin() { # prints a java of version 17 or later
    local java version
    for java in /usr/lib/jvm/java-17-openjdk-*/bin/java "${JAVA_HOME:-/nowhere}/bin/java" \
        "$(command -v java || true)"; do
        [ -x "$java" ] || continue
        version=$("$java" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p')
        [ "${version:-0}" -ge 17 ] && echo "$java" && return
    done
    return 1
}

missing_packages() { # missing_packages GROUP...
    local group package tool _ installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
    while read -r group package tool _; do
        is_one_of "$group" "$@" || continue
        [[ $tool != \#* ]] || tool=
        grep -qxF "installed $package" <<<"$installed" || tool_there "$tool" || echo "$package"
    done < <(cat "${PACKAGES[@]}")
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# While apt runs no service starts by itself, and Debian makes no cluster of its own. An
# interrupted run leaves both files; the next one takes them away.
hold_services() {
    [ ! -e "$POLICY" ] || as_root mv "$POLICY" "$POLICY_SAVED"
    printf '#!/bin/sh\n# pierrot: while packages are installed\nexit 101\n' |
        as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
    as_root mkdir -p "$(dirname "$CLUSTER_CONF")"
    echo 'create_main_cluster = false' | as_root tee "$CLUSTER_CONF" >/dev/null
}

release_services() {
    [ ! -e "$CLUSTER_CONF" ] || as_root rm -f "$CLUSTER_CONF"
    ! grep -qs '^# pierrot:' "$POLICY" || as_root rm -f "$POLICY"
    [ ! -e "$POLICY_SAVED" ] || as_root mv "$POLICY_SAVED" "$POLICY"
}

ensure_packages() { # ensure_packages GROUP...
    local missing apt
    release_services
    mapfile -t missing < <(missing_packages "$@")
    if [ ${#missing[@]} -eq 0 ]; then
        say "all there"
        return
    fi
    [ "$(id -u)" -eq 0 ] || sudo -v ||
        die "missing packages and no sudo; as root: apt-get install ${missing[*]}"
    apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600)
    trap release_services EXIT
    hold_services
    "${apt[@]}" update || echo "apt-get update failed: going on with the lists there are"
    "${apt[@]}" install --no-install-recommends "${missing[@]}"
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -eq 0 ] || die "apt did not install: ${missing[*]}"
    say "installed"
}
