# shellcheck shell=bash
# The six services: their settings (var/env/NAME.env), migrations and processes.

write_env() {
    local name
    for name in "${SERVICES[@]}"; do
        service_env "$name" | put 600 "$VAR/env/$name.env"
    done
    stack_env | put 600 "$VAR/env/stack.env"
}

service_env() { # service_env NAME
    cat <<EOF
PIERROT_LISTEN=127.0.0.1:$(port "$1")
PIERROT_DATABASE_URL=$(database_url "$1" "$(secret "postgres-$1")")
PIERROT_KAFKA_BROKERS=127.0.0.1:$(port kafka)
PIERROT_IDENTITY_SECRET=$(secret identity)
PIERROT_LOG_LEVEL=${PIERROT_LOG_LEVEL:-info}
EOF
    case $1 in
    media)
        store_env
        echo "PIERROT_PUBLIC_URL=$(url gateway)"
        ;;
    thumbnailer) store_env ;;
    gateway) gateway_env ;;
    esac
}

# Who runs `up` may set the limits, and who may sign up.
gateway_env() {
    local name
    cat <<EOF
PIERROT_PUBLIC_URL=$(url gateway)
PIERROT_MEDIA_URL=$(url media)
PIERROT_S3_PUBLIC_ENDPOINT=$(url s3)
PIERROT_REDIS_URL=$(redis_url)
PIERROT_SIGNUP=${PIERROT_SIGNUP:-open}
EOF
    for name in "${!PIERROT_LIMIT_@}"; do
        echo "$name=${!name}"
    done
}

redis_url() { echo "redis://:$(secret redis)@127.0.0.1:$(port redis)/0"; }

store_env() {
    cat <<EOF
PIERROT_S3_ENDPOINT=$(url s3)
PIERROT_S3_PUBLIC_ENDPOINT=$(url s3)
PIERROT_S3_REGION=us-east-1
PIERROT_S3_BUCKET=pierrot
PIERROT_S3_ACCESS_KEY=$(secret s3-access)
PIERROT_S3_SECRET_KEY=$(secret s3-secret)
PIERROT_REDIS_URL=$(redis_url)
EOF
}

# What tests and curious people need to look at the whole stack; Postgres as its superuser.
stack_env() {
    cat <<EOF
PIERROT_GATEWAY_URL=$(url gateway)
PIERROT_API_TOKEN_FILE=$VAR/secrets/api-token
PIERROT_DATABASE_URL=$(database_url postgres "$(secret postgres)")
PIERROT_KAFKA_BROKERS=127.0.0.1:$(port kafka)
EOF
    store_env
}

database_url() { echo "postgresql://$1:$2@127.0.0.1:$(port postgres)/pierrot"; }

build_services() {
    if [ -n "${PIERROT_BIN:-}" ]; then
        say "skipped: PIERROT_BIN is set"
        return
    fi
    cd "$ROOT" || return
    [ -f build/release/build.ninja ] || cmake --preset release ||
        die "configuring failed; see $STEP_LOG"
    cmake --build --preset release || die "the build failed; see $STEP_LOG"
    say "build/release/bin"
}

# in_env NAME COMMAND...: COMMAND with the settings of service NAME.
in_env() {
    local name=$1
    shift
    (
        set -a
        # shellcheck disable=SC1090
        . "$VAR/env/$name.env"
        set +a
        exec "$@"
    )
}

migrate_service() {
    in_env "$1" "$BIN/pierrot-$1" migrate >>"$(log_file "$1")" 2>&1 ||
        proc_fault "$1" "could not migrate its schema"
}

service_start() { # service_start NAME
    local env
    mapfile -t env <"$VAR/env/$1.env"
    proc_start "$1" env "${env[@]}" "$BIN/pierrot-$1" serve
}

service_current() { # service_current NAME: it runs, with today's settings and executable
    local pid
    proc_current "$1" "$VAR/env/$1.env" && pid=$(proc_pid "$1") &&
        [ "/proc/$pid/exe" -ef "$BIN/pierrot-$1" ]
}

launch_services() {
    local name
    for name in "${SERVICES[@]}"; do
        [ -x "$BIN/pierrot-$name" ] || die "$BIN/pierrot-$name is not there"
        service_current "$name" && continue
        proc_stop "$name"
        check_ports "$name"
        migrate_service "$name"
        service_start "$name"
    done
}

await_services() {
    local name
    launch_services
    for name in "${SERVICES[@]}"; do
        proc_wait "$name" 60
    done
    say "${SERVICES[*]}"
}

# The administrator's token, made once; made anew when the gateway does not know it any more.
ensure_token() {
    local file=$VAR/secrets/api-token token
    if [ -s "$file" ] && [ "$(token_status "$file")" != 401 ]; then
        return
    fi
    token=$(in_env gateway "$BIN/pierrot-gateway" admin-token | grep -o -m 1 'prt_[A-Za-z0-9_-]*') ||
        die "pierrot-gateway admin-token gave no token; see $STEP_LOG"
    put 600 "$file" <<<"$token"
}

token_status() { # token_status FILE: the HTTP status the gateway answers to it
    curl -s -o /dev/null -m 5 -w '%{http_code}' -H @- "$(url gateway)/api/media?limit=1" \
        <<<"Authorization: Bearer $(<"$1")"
}

# A link for the first administrator to sign up with, made once, and anew when it has expired.
ensure_invite() {
    local file=$VAR/secrets/admin-invite link
    [ "$(invite_state "$file")" = none ] || return 0
    link=$(in_env gateway "$BIN/pierrot-gateway" invite --admin | grep -o -m 1 'http.*#invite=pri_[A-Za-z0-9_-]*') ||
        die "pierrot-gateway invite gave no link; see $STEP_LOG"
    put 600 "$file" <<<"$link"
}

invite_state() { # invite_state FILE: open, used, or none when it was not made or has expired
    local state=
    [ ! -s "$1" ] || state=$(as_superuser pierrot <<<"
        select case when used_at is null then 'open' else 'used' end from gateway.invite
        where hash = sha256('$(sed 's/.*#invite=//' "$1")') and (used_at is not null or expires_at > now())")
    echo "${state:-none}"
}

# The way in, for people.
show_way_in() {
    local file=$VAR/secrets/admin-invite
    printf 'Sign up  %s/signup\n' "$(url gateway)"
    [ "$(invite_state "$file")" != open ] || printf '   as the administrator, once: %s\n' "$(<"$file")"
}
