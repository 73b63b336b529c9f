# shellcheck shell=bash
# Postgres, Kafka, S3 and Redis: private copies under var/, all on 127.0.0.1.
# For each: X_prepare makes its files, X_start starts the process, X_is_ready asks it.

PG_BIN=/usr/lib/postgresql/15/bin
PG_DATA=$VAR/postgres/data

secret() { printf '%s' "$(<"$VAR/secrets/$1")"; }

ensure_secrets() {
    local name
    ensure_secret s3-access 10 # an access key's usual 20 characters
    for name in identity redis s3-secret postgres "${SERVICES[@]/#/postgres-}"; do
        ensure_secret "$name" 32
    done
}

ensure_secret() { # ensure_secret NAME BYTES: random, in hex
    [ -s "$VAR/secrets/$1" ] || od -An -v -N"$2" -tx1 /dev/urandom | tr -d ' \n' |
        put 600 "$VAR/secrets/$1"
}

# --- Postgres ---

# Postgres refuses to run as root; then the system's postgres user runs it.
AS_POSTGRES=()
[ "$(id -u)" -ne 0 ] || AS_POSTGRES=(setpriv --reuid=postgres --regid=postgres --init-groups)

# The folder of the cluster, owned by who runs it. Where that user cannot come (a checkout below
# /root, say) the folder is in /var/lib, and var/postgres leads there.
postgres_folder() {
    local folder=$VAR/postgres
    [ ! -e "$folder" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        mkdir -m 700 "$folder"
    elif "${AS_POSTGRES[@]}" test -x "$VAR"; then
        install -d -m 700 -o postgres -g postgres "$folder"
    else
        install -d -m 700 -o postgres -g postgres "$(postgres_away)"
        ln -sfn "$(postgres_away)" "$folder"
    fi
}

postgres_away() { echo "/var/lib/pierrot-postgres-$(printf %s "$VAR" | sha256sum | cut -c1-12)"; }

postgres_prepare() {
    local folder
    postgres_folder
    folder=$(realpath "$VAR/postgres")
    if [ ! -f "$folder/data/PG_VERSION" ]; then
        rm -rf "$folder/new"
        secret postgres | "${AS_POSTGRES[@]}" tee "$folder/password" >/dev/null
        "${AS_POSTGRES[@]}" "$PG_BIN/initdb" -D "$folder/new" -U postgres --auth=scram-sha-256 \
            --pwfile="$folder/password" -E UTF8 --locale=C.UTF-8 --data-checksums
        rm "$folder/password"
        mv "$folder/new" "$folder/data"
    fi
    render "$LOCAL/postgres/postgresql.conf.in" "PORT=$(port postgres)" |
        put 644 "$folder/data/postgresql.conf"
    postgres_forget_stale_pid "$folder/data"
}

# Postgres refuses to start while the process of its old pid file exists, be it a zombie or by now
# somebody else's. Its processes work inside the cluster's folder: when none does, the file is stale.
postgres_forget_stale_pid() { # postgres_forget_stale_pid FOLDER
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [ ! "$cwd" -ef "$1" ] || return 0
    done
    rm -f "$1/postmaster.pid"
}

postgres_start() {
    proc_start postgres "${AS_POSTGRES[@]}" "$PG_BIN/postgres" -D "$(realpath "$PG_DATA")"
}

postgres_is_ready() { "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$(port postgres)" -t 2; }

as_superuser() { # as_superuser DATABASE PSQL_ARGUMENT...
    PGPASSWORD=$(secret postgres) "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
        -h 127.0.0.1 -p "$(port postgres)" -U postgres -d "$@"
}

# Roles and schemas, when their SQL or a password changed since they were made; the sum of what
# was applied is the comment on the database.
postgres_populate() {
    local sum service
    sum=$(cat "$LOCAL"/postgres/*.sql "$VAR"/secrets/postgres* | sha256sum | cut -d' ' -f1)
    [ "$(as_superuser postgres -c "select shobj_description(oid, 'pg_database')
        from pg_database where datname = 'pierrot'")" != "$sum" ] || return 0
    as_superuser postgres -c 'create database pierrot' || as_superuser pierrot -c 'select 1'
    as_superuser pierrot -f "$LOCAL/postgres/database.sql"
    for service in "${SERVICES[@]}"; do
        as_superuser pierrot -v "service=$service" -v "password=$(secret "postgres-$service")" \
            -f "$LOCAL/postgres/service.sql"
    done
    as_superuser pierrot -c "comment on database pierrot is '$sum'"
}

# --- Kafka ---

KAFKA_JAVA=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$JARS/kafka/*"
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.showDateTime=true)

kafka_prepare() {
    local dir=$VAR/kafka
    private_folder "$dir"
    render "$LOCAL/kafka/server.properties.in" "PORT=$(port kafka)" "DIR=$dir" \
        "CONTROLLER_PORT=$(port kafka-controller)" | put 600 "$dir/server.properties"
    [ -f "$dir/data/meta.properties" ] && return
    rm -rf "$dir/data"
    "$(java_bin)" -Xmx128m "${KAFKA_JAVA[@]}" kafka.tools.StorageTool format --standalone \
        -t AAAAAAAAQACAAAAAAAAAAQ -c "$dir/server.properties"
}

kafka_start() {
    proc_start kafka "$(java_bin)" -Xms64m -Xmx256m "${KAFKA_JAVA[@]}" \
        kafka.Kafka "$VAR/kafka/server.properties"
}

# The port is open before the broker can serve: it can when it lists itself.
kafka_is_ready() {
    kcat -b "127.0.0.1:$(port kafka)" -L -m 2 -X log_level=0 2>/dev/null | grep -q '^ 1 brokers:'
}

# --- S3 ---

s3_prepare() {
    local dir=$VAR/s3
    private_folder "$dir" "$dir/data" "$dir/data/pierrot" # the last: the bucket
    setfattr -n user.pierrot -v 1 "$dir/data" ||
        die "S3Proxy keeps checksums in user attributes, which the file system of $dir lacks"
    render "$LOCAL/s3/s3proxy.conf.in" "PORT=$(port s3)" "GATEWAY_PORT=$(port gateway)" \
        "ACCESS_KEY=$(secret s3-access)" "SECRET_KEY=$(secret s3-secret)" "DIR=$dir" |
        put 600 "$dir/s3proxy.conf"
}

# S3Proxy with the full JIT: hashing is four times slower without.
s3_start() {
    proc_start s3 "$(java_bin)" -Xmx256m -XX:+UseSerialGC -cp "$JARS/s3/*" \
        "-Dlogback.configurationFile=$LOCAL/s3/logback.xml" \
        org.gaul.s3proxy.Main --properties "$VAR/s3/s3proxy.conf"
}

s3_is_ready() { curl -s -o /dev/null -m 2 "$(url s3)/"; }

# --- Redis ---

redis_prepare() {
    private_folder "$VAR/redis"
    render "$LOCAL/redis/redis.conf.in" "PORT=$(port redis)" "PASSWORD=$(secret redis)" \
        "DIR=$VAR/redis" | put 600 "$VAR/redis/redis.conf"
}

redis_start() { proc_start redis redis-server "$VAR/redis/redis.conf"; }

redis_is_ready() {
    [ "$(REDISCLI_AUTH=$(secret redis) redis-cli -h 127.0.0.1 -p "$(port redis)" ping)" = PONG ]
}

# --- all four ---

server_conf() { # the file that, changed, asks for a restart
    case $1 in
    postgres) echo "$PG_DATA/postgresql.conf" ;;
    kafka) echo "$VAR/kafka/server.properties" ;;
    s3) echo "$VAR/s3/s3proxy.conf" ;;
    redis) echo "$VAR/redis/redis.conf" ;;
    esac
}

launch_servers() { # the slow ones first: they start while Postgres makes its cluster
    local name
    for name in s3 kafka redis postgres; do
        launch_server "$name"
    done
}

launch_server() { # launch_server NAME: running and up to date, not yet ready
    "${1}_prepare"
    proc_current "$1" "$(server_conf "$1")" && return
    proc_stop "$1"
    check_ports "$1"
    "${1}_start"
}

await_server() { # await_server NAME
    proc_wait "$1" 60
    [ "$1" != postgres ] || postgres_populate
    say "127.0.0.1:$(port "$1")"
}
