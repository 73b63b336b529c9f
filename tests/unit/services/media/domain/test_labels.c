#include "services/media/domain/labels.h"

#include "shared/base/buf.h"
#include "tests/support/test.h"

/* What was read, one label a '|'; of a fault, its detail. */
static const char *read_n(const char *text, size_t n)
{
    static char out[4096];
    struct pr_arena arena = {0};
    struct pr_fault fault = {0};
    struct labels labels;
    size_t at = 0;
    if (labels_read(pr_str_n(text, n), &arena, &labels, &fault)) {
        assert_int_equal(fault.err, PR_ERR_INVALID);
        assert_string_equal(fault.field, "labels");
        memcpy(out, fault.detail, sizeof fault.detail);
    } else {
        for (size_t i = 0; i < labels.n; i++) {
            memcpy(out + at, labels.items[i].p, labels.items[i].n);
            at += labels.items[i].n;
            out[at++] = '|';
        }
        out[at] = 0;
    }
    pr_arena_fini(&arena);
    return out;
}

static const char *read_labels(const char *text)
{
    return read_n(text, strlen(text));
}

static void test_one_a_line(void **state)
{
    (void)state;
    assert_string_equal(read_labels("Anna"), "Anna|");
    assert_string_equal(read_labels("Anna\nBert\n"), "Anna|Bert|");
    assert_string_equal(read_labels("Anna\r\n\r\n  Bert \r\n\t\r\n"), "Anna|Bert|");
    assert_string_equal(read_labels("Anna\rBert"), "Anna|Bert|");
    assert_string_equal(read_labels("\xef\xbb\xbf"
                                    "Anna\nAnna"),
                        "Anna|Anna|");
}

/* Class lists have commas in the middle of names. */
static void test_a_line_is_whole_up_to_a_tab(void **state)
{
    (void)state;
    assert_string_equal(read_labels("M\xc3\xbcller, Anna\nSchmidt; Bert"),
                        "M\xc3\xbcller, Anna|Schmidt; Bert|");
    assert_string_equal(read_labels("Anna\t4b\tx\nBert\t\n\tnobody"), "Anna|Bert|");
    assert_string_equal(read_labels("\"Anna\"\nthe \"tall\" one"), "\"Anna\"|the \"tall\" one|");
    assert_string_equal(read_labels("labels\nlabel of Anna"), "labels|label of Anna|");
}

static void test_csv_with_its_header(void **state)
{
    (void)state;
    assert_string_equal(read_labels("label,table\nAnna,4\nBert,5\n"), "Anna|Bert|");
    assert_string_equal(read_labels("\xef\xbb\xbfLabel;Tisch\r\nAnna;4\r\n"), "Anna|");
    assert_string_equal(read_labels("LABEL\tx\nM\xc3\xbcller, Anna\t4"), "M\xc3\xbcller, Anna|");
    assert_string_equal(read_labels("\"label\",\"table\"\n\"M\xc3\xbcller, Anna\",\"4\"\n"),
                        "M\xc3\xbcller, Anna|");
    assert_string_equal(read_labels("label,note\n\"the \"\"tall\"\" one\",x\n\"\"\"\",y"),
                        "the \"tall\" one|\"|");
    assert_string_equal(read_labels("label,note\nAnna,\"two\nlines\"\nBert,\"a \"\"b\"\"\nc\"\n"),
                        "Anna|Bert|");
    assert_string_equal(read_labels("label\nM\xc3\xbcller, Anna\n\"Bert\"\n"),
                        "M\xc3\xbcller, Anna|Bert|");
    assert_string_equal(read_labels("label,a\n,1\n\"\",2\n\n  ,3\nAnna"), "Anna|");
}

static void test_broken_csv_is_read_as_far_as_it_goes(void **state)
{
    (void)state;
    assert_string_equal(read_labels("label,a\n\"Anna"), "Anna|");
    assert_string_equal(read_labels("label,a\n\"Anna\"x,1\nBert"), "Anna|Bert|");
    assert_string_equal(read_labels("label,a\nAn\"na\",1"), "An\"na\"|");
}

static void test_faults_name_the_line(void **state)
{
    (void)state;
    static const char none[] = "holds no label at all";
    assert_string_equal(read_n(NULL, 0), none);
    assert_string_equal(read_labels("\n \r\n"), none);
    assert_string_equal(read_labels("label"), none);
    assert_string_equal(read_labels("label,x\n"), none);
    assert_string_equal(read_labels("\xef\xbb\xbf"), none);
    assert_string_equal(read_labels("Anna\n\nB\xff"), "line 3: must be UTF-8");
    assert_string_equal(read_n("Anna\nB\0", 7), "line 2: must not hold control characters");
    assert_string_equal(read_labels("label,a\nAnna,\"1\n2\"\n\"a\nb\",2"),
                        "line 4: must not hold control characters");
    assert_string_equal(read_labels("label\n\"Anna\n\nBert"),
                        "line 2: must not hold control characters");
}

static void test_so_many_at_most(void **state)
{
    (void)state;
    struct pr_arena arena = {0};
    struct pr_fault fault;
    struct labels labels;
    struct pr_buf text;
    char label[CODE_LABEL_MAX + 1];
    memset(label, 'x', sizeof label);
    assert_int_equal(labels_read(pr_str_n(label, CODE_LABEL_MAX), &arena, &labels, &fault), PR_OK);
    assert_int_equal(labels_read(pr_str_n(label, sizeof label), &arena, &labels, &fault),
                     PR_ERR_INVALID);
    pr_buf_init(&text, 65536);
    for (size_t i = 0; i < CODES_AT_ONCE; i++)
        pr_buf_puts(&text, "Anna\n");
    assert_int_equal(labels_read(pr_buf_str(&text), &arena, &labels, &fault), PR_OK);
    assert_int_equal(labels.n, CODES_AT_ONCE);
    pr_buf_puts(&text, "\nBert");
    assert_int_equal(labels_read(pr_buf_str(&text), &arena, &labels, &fault), PR_ERR_INVALID);
    assert_string_equal(fault.detail, "must be at most 500");
    pr_buf_fini(&text);
    pr_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_a_line),
        cmocka_unit_test(test_a_line_is_whole_up_to_a_tab),
        cmocka_unit_test(test_csv_with_its_header),
        cmocka_unit_test(test_broken_csv_is_read_as_far_as_it_goes),
        cmocka_unit_test(test_faults_name_the_line),
        cmocka_unit_test(test_so_many_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
