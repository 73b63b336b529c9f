/* values: parameters and columns in Postgres' binary formats: integers big-endian, a timestamp as
 * microseconds since 2000-01-01 UTC, a uuid as its 16 bytes. */
#include "shared/pg/internal.h"

#include "shared/base/alloc.h"

#include <assert.h>
#include <endian.h>

/* Types of pg_type.dat: their numbers never change. */
enum {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_TIMESTAMPTZ = 1184,
    OID_UUID = 2950,
    OID_UUID_ARRAY = 2951,
};

#define POSTGRES_EPOCH_MS INT64_C(946684800000) /* 2000-01-01 */
#define QUERY_BYTES_MAX ((size_t)8 << 20)

static void put(struct pg_query *query, Oid type, struct pr_str value)
{
    assert(query->n_parts > 0);
    struct pg_part *part = &query->parts[query->n_parts - 1];
    assert(part->n_params < PG_PARAMS_MAX);
    if (query->n_params == query->cap_params) {
        query->cap_params = query->cap_params ? 2 * query->cap_params : 8;
        query->params = pr_realloc(query->params, query->cap_params * sizeof *query->params);
    }
    if (value.n > QUERY_BYTES_MAX - query->bytes) {
        query->too_large = true;
        value.n = 0;
    }
    query->bytes += value.n;
    query->params[query->n_params++] = (struct pg_param){
        .type = type,
        .value = value.p ? pr_arena_copy(&query->arena, value) : value,
    };
    part->n_params++;
}

static void bind_int8(struct pg_query *query, Oid type, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    put(query, type, pr_str_n(&wire, sizeof wire));
}

void pg_bind_uuid(struct pg_query *query, const struct pr_uuid *value)
{
    put(query, OID_UUID, pr_str_n(value, value ? sizeof value->b : 0));
}

/* An array on the wire: dimensions, whether it has nulls, its elements' type, their count and the
 * first's number; then each with its size before it. */
void pg_bind_uuids(struct pg_query *query, const struct pr_uuid *values, size_t n)
{
    struct pr_arena arena = {0};
    const uint32_t head[] = {htobe32(1), 0, htobe32(OID_UUID), htobe32((uint32_t)n), htobe32(1)};
    const uint32_t size = htobe32(sizeof values->b);
    size_t step = sizeof size + sizeof values->b;
    char *at, *wire;
    if (!values) {
        put(query, OID_UUID_ARRAY, pr_str_n(NULL, 0));
        return;
    }
    wire = at = pr_arena_alloc(&arena, sizeof head + n * step);
    memcpy(at, head, sizeof head);
    at += sizeof head;
    for (size_t i = 0; i < n; i++, at += step) {
        memcpy(at, &size, sizeof size);
        memcpy(at + sizeof size, values[i].b, sizeof values[i].b);
    }
    put(query, OID_UUID_ARRAY, pr_str_n(wire, sizeof head + n * step));
    pr_arena_fini(&arena);
}

void pg_bind_text(struct pg_query *query, struct pr_str value)
{
    put(query, OID_TEXT, value);
}

void pg_bind_bytes(struct pg_query *query, struct pr_str value)
{
    put(query, OID_BYTEA, value);
}

void pg_bind_int(struct pg_query *query, int64_t value)
{
    bind_int8(query, OID_INT8, value);
}

void pg_bind_bool(struct pg_query *query, bool value)
{
    put(query, OID_BOOL, pr_str_n(value ? "\1" : "\0", 1));
}

void pg_bind_time(struct pg_query *query, int64_t at_ms)
{
    bind_int8(query, OID_TIMESTAMPTZ, (at_ms - POSTGRES_EPOCH_MS) * 1000);
}

size_t pg_count(const struct pg_result *result)
{
    return (size_t)PQntuples(result);
}

size_t pg_affected(const struct pg_result *result)
{
    int64_t n = 0;
    /* libpq asks for a result it may change; it does not. */
    const char *text = PQcmdTuples((PGresult *)(uintptr_t)result);
    return pr_str_to_int(pr_str(text), 0, INT64_MAX, &n) ? (size_t)n : 0;
}

bool pg_is_null(const struct pg_result *result, size_t row, int column)
{
    return PQgetisnull(result, (int)row, column);
}

static _Noreturn void wrong_column(const struct pg_result *result, int column, const char *wanted)
{
    const char *name = PQfname(result, column);
    log_at(LOG_ERROR, "a column is missing, null or of another type than the code expects",
           LOG_TEXT("column", name ? name : "?"), LOG_INT("index", column),
           LOG_INT("type_oid", PQftype(result, column)), LOG_TEXT("wanted", wanted));
    abort();
}

static struct pr_str value_at(const struct pg_result *result, size_t row, int column)
{
    return pr_str_n(PQgetvalue(result, (int)row, column),
                    (size_t)PQgetlength(result, (int)row, column));
}

/* Checks what the reader expects, and gives the bytes. */
static struct pr_str typed(const struct pg_result *result, size_t row, int column, Oid type,
                           const char *wanted)
{
    if (PQftype(result, column) != type || PQgetisnull(result, (int)row, column))
        wrong_column(result, column, wanted);
    return value_at(result, row, column);
}

static int64_t read_int8(struct pr_str value)
{
    uint64_t wire;
    memcpy(&wire, value.p, sizeof wire);
    return (int64_t)be64toh(wire);
}

int64_t pg_int(const struct pg_result *result, size_t row, int column)
{
    struct pr_str value = value_at(result, row, column);
    uint16_t wire2;
    uint32_t wire4;
    if (PQgetisnull(result, (int)row, column))
        wrong_column(result, column, "integer");
    switch (PQftype(result, column)) {
    case OID_INT2:
        memcpy(&wire2, value.p, sizeof wire2);
        return (int16_t)be16toh(wire2);
    case OID_INT4:
        memcpy(&wire4, value.p, sizeof wire4);
        return (int32_t)be32toh(wire4);
    case OID_INT8:
        return read_int8(value);
    default:
        wrong_column(result, column, "integer");
    }
}

bool pg_bool(const struct pg_result *result, size_t row, int column)
{
    return typed(result, row, column, OID_BOOL, "boolean").p[0] != 0;
}

int64_t pg_time_ms(const struct pg_result *result, size_t row, int column)
{
    int64_t us = read_int8(typed(result, row, column, OID_TIMESTAMPTZ, "timestamptz"));
    int64_t ms = us / 1000 - (us % 1000 < 0);
    return ms + POSTGRES_EPOCH_MS;
}

struct pr_uuid pg_uuid(const struct pg_result *result, size_t row, int column)
{
    struct pr_uuid uuid;
    memcpy(uuid.b, typed(result, row, column, OID_UUID, "uuid").p, sizeof uuid.b);
    return uuid;
}

struct pr_str pg_text(const struct pg_result *result, size_t row, int column)
{
    Oid type = PQftype(result, column);
    bool is_text =
        type == OID_TEXT || type == OID_VARCHAR || type == OID_BPCHAR || type == OID_NAME;
    return typed(result, row, column, is_text ? type : OID_TEXT, "text");
}

struct pr_str pg_bytes(const struct pg_result *result, size_t row, int column)
{
    return typed(result, row, column, OID_BYTEA, "bytea");
}
