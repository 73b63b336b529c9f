#include "tests/support/fake_password_hasher.h"

#include "shared/base/alloc.h"
#include "shared/base/encode.h"
#include "shared/crypto/crypto.h"

static const struct pr_str prefix = PR_STR("fake$");

struct args {
    struct fake_password_hasher *hasher;
    char hash[PASSWORD_HASH_TEXT]; /* of the password, which is not lent beyond the call */
    const char *other;
    char *out;
    bool *same;
};

void fake_password_hash(struct pr_str password, char out[PASSWORD_HASH_TEXT])
{
    uint8_t digest[SHA256_BYTES];
    sha256(password, digest);
    memcpy(out, prefix.p, prefix.n);
    pr_hex_encode(digest, sizeof digest, out + prefix.n);
}

static void pass(const char *name, gate_effect_fn effect, struct args *args, struct pr_str password,
                 struct pr_done done)
{
    fake_password_hash(password, args->hash);
    gate_pass(args->hasher->gate, name, effect, args, sizeof *args, done);
}

static enum pr_err hash_effect(const void *arg)
{
    const struct args *args = arg;
    args->hasher->hashed++;
    memcpy(args->out, args->hash, sizeof args->hash);
    return PR_OK;
}

static void hash(struct password_hasher *port, struct pr_str password, char out[PASSWORD_HASH_TEXT],
                 struct pr_done done)
{
    struct fake_password_hasher *hasher = PR_CONTAINER(port, struct fake_password_hasher, port);
    pass("hash_password", hash_effect, &(struct args){.hasher = hasher, .out = out}, password,
         done);
}

static enum pr_err verify_effect(const void *arg)
{
    const struct args *args = arg;
    args->hasher->verified++;
    *args->same = args->other && strcmp(args->other, args->hash) == 0;
    return PR_OK;
}

static void verify(struct password_hasher *port, struct pr_str password, const char *other,
                   bool *same, struct pr_done done)
{
    struct fake_password_hasher *hasher = PR_CONTAINER(port, struct fake_password_hasher, port);
    pass("verify_password", verify_effect,
         &(struct args){.hasher = hasher, .other = other, .same = same}, password, done);
}

void fake_password_hasher_init(struct fake_password_hasher *hasher, struct gate *gate)
{
    *hasher = (struct fake_password_hasher){.port = {hash, verify}, .gate = gate};
}
