/*
 * dns_name.c: reading host names strictly.
 */
#include "server/dns_name.h"

#include <string.h>

/* Most bytes of a label. */
static const size_t label_most = 63;

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool label_is_valid(const char *label, size_t length)
{
	if (!length || length > label_most || label[0] == '-' || label[length - 1] == '-')
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = label[i];
		if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-')
			return false;
	}
	return true;
}

/* No top-level domain is a number: that is an address. */
static bool label_is_number(const char *label)
{
	return label[strspn(label, "0123456789")] == '\0';
}

bool dns_name_read(struct sv_bytes text, char name[DNS_NAME_MOST + 1])
{
	if (!text.length || text.length > DNS_NAME_MOST)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		char c = (char)text.data[i];
		name[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	name[text.length] = '\0';
	const char *end = name + text.length, *label = name;
	for (;;) {
		const char *dot = memchr(label, '.', (size_t)(end - label));
		if (!label_is_valid(label, (size_t)((dot ? dot : end) - label)))
			return false;
		if (!dot)
			return !label_is_number(label);
		label = dot + 1;
	}
}

bool dns_name_is_within(const char *name, const char *domain)
{
	size_t length = strlen(name), below = strlen(domain);
	if (length < below || strcmp(name + length - below, domain) != 0)
		return false;
	return length == below || name[length - below - 1] == '.';
}
