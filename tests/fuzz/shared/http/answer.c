/* An upstream's answer: its head, and what follows as chunks. */
#include "shared/http/answer.h"

#include "shared/base/alloc.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size ? size : 1);
    struct answer answer;
    assert(bytes);
    memcpy(bytes, data, size);
    int head = answer_parse(bytes, size, false, &answer);
    assert(head <= (int)size);
    if (head > 0) {
        assert(answer.headers_count <= ANSWER_HEADERS_MAX);
        for (size_t i = 0; i < answer.headers_count; i++) {
            const struct phr_header *h = &answer.headers[i];
            assert(h->name >= bytes && h->name + h->name_len <= bytes + head);
            assert(h->value_len == 0 ||
                   (h->value >= bytes && h->value + h->value_len <= bytes + head));
            assert(!memchr(h->name, '\n', h->name_len) && !memchr(h->name, '\r', h->name_len));
            assert(h->value_len == 0 || !memchr(h->value, '\n', h->value_len));
        }
        if (answer.body == ANSWER_CHUNKED) {
            struct phr_chunked_decoder decoder = {.consume_trailer = 1};
            size_t n = size - (size_t)head;
            phr_decode_chunked(&decoder, bytes + head, &n);
            assert(n <= size - (size_t)head);
        }
    }
    free(bytes);
    return 0;
}
