/*
 * test.h: a test program in about a dozen macros. Included by exactly one file of a program,
 * which defines tests and ends with TEST_MAIN():
 *
 *	TEST(grow_past_limit_leaves_memory_unchanged)
 *	{
 *		CHECK_EQ(memory_pages(m), 2);
 *		CHECK(!memory_grow(m, 5));
 *	}
 *	TEST_MAIN()
 *
 * A failed CHECK prints its place and ends the test (ASSERT semantics), so checks stand in the
 * test itself or in helpers that the test tolerates to return early. `program NAME...` runs
 * only the tests whose names contain one of the words. The last line of output is
 * `N passed, N failed, N skipped`; the exit code is 1 if any failed.
 */
#ifndef SELVAGE_TESTS_TEST_H
#define SELVAGE_TESTS_TEST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

static struct test *test_first, **test_last = &test_first;
static bool test_failed;
static const char *test_skip_reason;

static inline void test_add(struct test *test)
{
	*test_last = test;
	test_last = &test->next;
}

/* Define a test; its name is a sentence with underscores. Tests run in the order of the file. */
#define TEST(id) \
	static void test_##id(void); \
	static struct test test_entry_##id = {#id, test_##id, NULL}; \
	__attribute__((constructor)) static void test_add_##id(void) \
	{ \
		test_add(&test_entry_##id); \
	} \
	static void test_##id(void)

/* Report a failure with its place and leave the function. */
#define FAIL(...) \
	do { \
		test_failed = true; \
		printf("%s:%d: ", __FILE__, __LINE__); \
		printf(__VA_ARGS__); \
		putchar('\n'); \
		return; \
	} while (0)

/* End the test as skipped; `reason` says what is missing. */
#define SKIP(reason) \
	do { \
		test_skip_reason = (reason); \
		return; \
	} while (0)

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			FAIL("not true: %s", #condition); \
	} while (0)

/* The same, with a printf text that tells what was found. */
#define CHECK_MSG(condition, ...) \
	do { \
		if (!(condition)) \
			FAIL(__VA_ARGS__); \
	} while (0)

/* Two integers (of any type) are equal; both are shown, in decimal and in hexadecimal. */
#define CHECK_EQ(actual, expected) \
	do { \
		int64_t test_a = (int64_t)(actual), test_e = (int64_t)(expected); \
		if (test_a != test_e) \
			FAIL("%s is %" PRId64 " (0x%" PRIx64 "), not %" PRId64 " (0x%" PRIx64 ")", \
					#actual, test_a, (uint64_t)test_a, test_e, \
					(uint64_t)test_e); \
	} while (0)

/* Two doubles are the same number (bit for bit, so that NaN and -0 count). */
#define CHECK_DOUBLE(actual, expected) \
	do { \
		double test_a = (actual), test_e = (expected); \
		if (memcmp(&test_a, &test_e, sizeof test_a) != 0) \
			FAIL("%s is %.17g, not %.17g", #actual, test_a, test_e); \
	} while (0)

/* Two strings are equal; NULL equals nothing. */
#define CHECK_STR(actual, expected) \
	do { \
		const char *test_a = (actual), *test_e = (expected); \
		if (!test_a || strcmp(test_a, test_e) != 0) \
			FAIL("%s is \"%s\", not \"%s\"", #actual, test_a ? test_a : "(null)", \
					test_e); \
	} while (0)

/* A string has `part` in it. */
#define CHECK_HAS(actual, part) \
	do { \
		const char *test_a = (actual), *test_e = (part); \
		if (!test_a || !strstr(test_a, test_e)) \
			FAIL("%s is \"%s\", without \"%s\"", #actual, test_a ? test_a : "(null)", \
					test_e); \
	} while (0)

/* `length` bytes are equal. */
#define CHECK_BYTES(actual, expected, length) \
	do { \
		if (memcmp((actual), (expected), (length)) != 0) \
			FAIL("the %zu bytes at %s differ from %s", (size_t)(length), #actual, \
					#expected); \
	} while (0)

/* A call that takes an error report succeeded; needs `struct sv_error error` in scope. */
#define CHECK_OK(call) \
	do { \
		if (!(call)) \
			FAIL("%s failed: %s", #call, error.text); \
	} while (0)

/* A call failed with this enum sv_error_code and a text that contains `part`; clears `error`. */
#define CHECK_ERROR(call, expected_code, part) \
	do { \
		if ((call)) \
			FAIL("%s did not fail", #call); \
		if (error.code != (expected_code) || !strstr(error.text, (part))) \
			FAIL("%s failed with code %d, \"%s\"; wanted code %d, \"%s\"", #call, \
					(int)error.code, error.text, (int)(expected_code), \
					(part)); \
		sv_error_clear(&error); \
	} while (0)

/* In a quick run (tests/run --quick) a test that tries very many things may try some of them. */
static inline bool test_is_quick(void)
{
	const char *quick = getenv("QUICK");
	return quick && *quick;
}

static inline bool test_is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strstr(name, argv[i]))
			return true;
	}
	return argc < 2;
}

static inline int test_main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0, skipped = 0;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct test *test = test_first; test; test = test->next) {
		if (!test_is_wanted(test->name, argc, argv))
			continue;
		test_failed = false;
		test_skip_reason = NULL;
		test->run();
		if (test_failed)
			printf("FAIL %s\n", test->name);
		else if (test_skip_reason)
			printf("SKIP %s: %s\n", test->name, test_skip_reason);
		failed += test_failed;
		skipped += !test_failed && test_skip_reason;
		passed += !test_failed && !test_skip_reason;
	}
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed > 0;
}

#define TEST_MAIN() \
	int main(int argc, char **argv) \
	{ \
		return test_main(argc, argv); \
	}

#endif
