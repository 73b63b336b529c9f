/* account_check_password: length, and what everybody tries first. No rule about digits or signs:
 * they make passwords that are alike (NIST SP 800-63B, section 5.1.1.2). */
#include "services/gateway/domain/account.h"

#include "shared/base/alloc.h"
#include "shared/base/utf8.h"

/* Those long enough to come here. */
static const char *const tried_first[] = {
    "00000000",    "01234567",     "0123456789", "11111111",      "1111111111", "11112222",
    "11223344",    "112233445566", "12121212",   "123123123",     "12312312",   "12341234",
    "12344321",    "1234567890",   "123456789",  "12345678",      "123456789a", "1234567a",
    "12345abc",    "1234abcd",     "1234qwer",   "123qweasd",     "147258369",  "159753456",
    "1q2w3e4r",    "1q2w3e4r5t",   "1qaz2wsx",   "1qazxsw2",      "22222222",   "55555555",
    "66666666",    "77777777",     "87654321",   "88888888",      "987654321",  "99999999",
    "a1234567",    "a1b2c3d4",     "aa123456",   "aaaaaaaa",      "abc12345",   "abcd1234",
    "abcdefgh",    "admin123",     "admin1234",  "administrator", "adminadmin", "asdf1234",
    "asdfasdf",    "asdfghjk",     "asdfghjkl",  "babygirl",      "baseball",   "basketball",
    "blink182",    "butterfly",    "changeme",   "changeme123",   "charlie1",   "chocolate",
    "computer",    "corvette",     "default1",   "dragon123",     "elephant",   "football",
    "football1",   "hello123",     "hellohello", "iloveyou",      "iloveyou1",  "internet",
    "jennifer",    "jordan23",     "letmein1",   "letmein123",    "liverpool",  "master123",
    "michelle",    "midnight",     "mustang1",   "p@ssw0rd",      "p@ssword",   "pa55word",
    "pass1234",    "passw0rd",     "password",   "password!",     "password1",  "password12",
    "password123", "password1234", "photo123",   "pierrot1",      "princess",   "princess1",
    "q1w2e3r4",    "qazwsxedc",    "qwer1234",   "qwerty12",      "qwerty123",  "qwerty1234",
    "qwertyui",    "qwertyuiop",   "qwertz123",  "samsung1",      "secret123",  "starwars",
    "sunshine",    "sunshine1",    "superman",   "test1234",      "testtest",   "trustno1",
    "welcome1",    "welcome123",   "whatever",   "zaq12wsx",      "zxcvbnm1",   "zxcvbnm123",
};

static bool is_tried_first(struct pr_str password)
{
    for (unsigned i = 0; i < PR_COUNT(tried_first); i++) {
        if (pr_str_is_nocase(password, tried_first[i]))
            return true;
    }
    return false;
}

static size_t count_characters(struct pr_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((uint8_t)s.p[i] & 0xc0) != 0x80; /* every byte that begins a code point */
    return n;
}

enum pr_err account_check_password(struct pr_str password, const char *field,
                                   const struct account *of, struct pr_fault *fault)
{
    size_t n = count_characters(password);
    if (!pr_utf8_valid(password))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be UTF-8");
    if (n < ACCOUNT_PASSWORD_MIN || n > ACCOUNT_PASSWORD_MAX)
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must be %d to %d characters",
                            ACCOUNT_PASSWORD_MIN, ACCOUNT_PASSWORD_MAX);
    if (is_tried_first(password))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "is one that everybody tries first");
    if (pr_str_is_nocase(password, of->name) || pr_str_is_nocase(password, of->email))
        return pr_fault_set(fault, PR_ERR_INVALID, field, "must not be the name or the address");
    return PR_OK;
}
