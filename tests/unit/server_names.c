/*
 * server_names.c: host names, and the table of certificates that were issued for them.
 */
#include "server/dns_name.h"
#include "server/issued.h"

#include <stdio.h>
#include <string.h>

#include "tests/lib/test.h"

static bool reads(const char *text, char name[DNS_NAME_MOST + 1])
{
	return dns_name_read((struct sv_bytes){(const uint8_t *)text, strlen(text)}, name);
}

TEST(names_are_read_in_lower_case)
{
	static const char *const names[] = {"localhost", "a.localhost", "a-b.c--d.example",
			"1.example", "x", "3com", "xn--bcher-kva.example", "127.0.0.1.example"};
	char name[DNS_NAME_MOST + 1];
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		CHECK_MSG(reads(names[i], name), "%s is refused", names[i]);
		CHECK_STR(name, names[i]);
	}
	CHECK(reads("LocalHOST.Example", name));
	CHECK_STR(name, "localhost.example");
}

TEST(what_is_no_name_is_refused)
{
	static const char *const texts[] = {"", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a-.b",
			"a_b", "*.a", "a b", "a/b", "a:1", "b\xc3\xbc", "127.0.0.1", "a.1", "1",
			"[::1]", "@", "a\n"};
	char name[DNS_NAME_MOST + 1];
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		CHECK_MSG(!reads(texts[i], name), "\"%s\" is taken for a name", texts[i]);
	CHECK(!dns_name_read((struct sv_bytes){(const uint8_t *)"a\0b", 3}, name));
}

TEST(lengths_of_names_and_labels_are_limited)
{
	char text[300], name[DNS_NAME_MOST + 1];
	memset(text, 'a', sizeof text);
	for (size_t i = 63; i < 253; i += 64)
		text[i] = '.';
	text[253] = '\0';
	CHECK(reads(text, name));
	CHECK_EQ(strlen(name), 253);
	text[253] = 'a';
	text[254] = '\0';
	CHECK(!reads(text, name));
	memset(text, 'a', 64);
	text[63] = '\0';
	CHECK(reads(text, name));
	text[63] = 'a';
	text[64] = '\0';
	CHECK(!reads(text, name));
}

TEST(names_are_within_their_domain)
{
	CHECK(dns_name_is_within("localhost", "localhost"));
	CHECK(dns_name_is_within("a.localhost", "localhost"));
	CHECK(dns_name_is_within("b.a.localhost", "a.localhost"));
	CHECK(!dns_name_is_within("notlocalhost", "localhost"));
	CHECK(!dns_name_is_within("localhost", "a.localhost"));
	CHECK(!dns_name_is_within("localhost.a", "localhost"));
}

/* A certificate that can be told from others by its serial number. */
static struct certificate numbered(long number)
{
	struct certificate certificate = {.leaf = X509_new()};
	check(certificate.leaf);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate.leaf), number);
	return certificate;
}

/* The number of what is found, or -1. */
static long found(struct issued *issued, long number, int64_t now)
{
	char name[40];
	snprintf(name, sizeof name, "n%ld.localhost", number);
	const struct issued_entry *entry = issued_find(issued, name, now);
	return entry ? ASN1_INTEGER_get(X509_get0_serialNumber(entry->certificate.leaf)) : -1;
}

static bool add(struct issued *issued, long number, int64_t renew)
{
	char name[40];
	struct certificate certificate = numbered(number);
	snprintf(name, sizeof name, "n%ld.localhost", number);
	return issued_add(issued, name, &certificate, renew) != NULL;
}

TEST(the_name_not_asked_for_the_longest_gives_way)
{
	static struct issued issued;
	for (long i = 0; i < (long)ISSUED_MOST; i++)
		CHECK(add(&issued, i, 100));
	for (long i = 0; i < (long)ISSUED_MOST; i++)
		CHECK_EQ(found(&issued, i, 0), i);
	CHECK_EQ(found(&issued, 0, 0), 0);
	CHECK(add(&issued, 5000, 100));
	CHECK(add(&issued, 5001, 100));
	CHECK_EQ(issued.count, ISSUED_MOST);
	CHECK_EQ(found(&issued, 0, 0), 0);
	CHECK_EQ(found(&issued, 1, 0), -1);
	CHECK_EQ(found(&issued, 2, 0), -1);
	for (long i = 3; i < (long)ISSUED_MOST; i++)
		CHECK_EQ(found(&issued, i, 0), i);
	CHECK_EQ(found(&issued, 5001, 0), 5001);
	issued_finish(&issued);
	CHECK_EQ(issued.count, 0);
	CHECK_EQ(found(&issued, 5001, 0), -1);
}

TEST(certificates_are_dropped_when_they_are_to_be_renewed)
{
	static struct issued issued;
	CHECK(add(&issued, 1, 100));
	CHECK(add(&issued, 2, 101));
	CHECK_EQ(found(&issued, 1, 99), 1);
	CHECK_EQ(found(&issued, 1, 100), -1);
	CHECK_EQ(issued.count, 1);
	CHECK_EQ(found(&issued, 2, 100), 2);
	issued_finish(&issued);
}

TEST_MAIN()
