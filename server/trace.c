/*
 * trace.c: see trace.h.
 */
#include "server/trace.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* "00-" trace-id "-" parent-id "-" flags */
enum { ID_AT = 3, ID_LENGTH = 32, PARENT_AT = 36, PARENT_LENGTH = 16, FLAGS_AT = 53, LENGTH = 55 };

/* Members of a tracestate. */
static const unsigned most_members = 32;

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool are_hex(const uint8_t *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_hex(text[i]))
			return false;
	}
	return true;
}

/* All zeros are no id. */
static bool is_id(const uint8_t *text, size_t length)
{
	bool has_digit = false;
	for (size_t i = 0; i < length; i++)
		has_digit |= text[i] != '0';
	return has_digit && are_hex(text, length);
}

bool trace_parent_is_valid(struct sv_bytes value)
{
	const uint8_t *text = value.data;
	if (value.length < LENGTH || !are_hex(text, 2) || memcmp(text, "ff", 2) == 0)
		return false;
	/* Later versions may have more behind another dash. */
	if (value.length > LENGTH && (memcmp(text, "00", 2) == 0 || text[LENGTH] != '-'))
		return false;
	return text[ID_AT - 1] == '-' && is_id(text + ID_AT, ID_LENGTH) &&
			text[PARENT_AT - 1] == '-' && is_id(text + PARENT_AT, PARENT_LENGTH) &&
			text[FLAGS_AT - 1] == '-' && are_hex(text + FLAGS_AT, 2);
}

/* ---- tracestate ---- */

static bool is_letter(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A part of a key: 1 to `most` characters, the first a letter, or a digit if that is allowed. */
static bool is_key_part(struct sv_bytes part, size_t most, bool may_be_digit)
{
	if (!part.length || part.length > most)
		return false;
	if (!is_letter(part.data[0]) && !(may_be_digit && is_digit(part.data[0])))
		return false;
	for (size_t i = 1; i < part.length; i++) {
		uint8_t c = part.data[i];
		if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-' && c != '*' && c != '/')
			return false;
	}
	return true;
}

/* A name, or a tenant's at a system's. */
static bool is_key(struct sv_bytes key)
{
	const uint8_t *at = memchr(key.data, '@', key.length);
	if (!at)
		return is_key_part(key, 256, false);
	struct sv_bytes tenant = {key.data, (size_t)(at - key.data)};
	struct sv_bytes system = {at + 1, key.length - tenant.length - 1};
	return is_key_part(tenant, 241, true) && is_key_part(system, 14, false);
}

/* 1 to 256 printable characters; a space is none at the end. Spaces around a member are not its. */
static bool is_value(struct sv_bytes value)
{
	for (size_t i = 0; i < value.length; i++) {
		uint8_t c = value.data[i];
		if (c < 0x20 || c > 0x7e || c == ',' || c == '=')
			return false;
	}
	return value.length && value.length <= 256;
}

static bool is_member(struct sv_bytes member)
{
	const uint8_t *equals = memchr(member.data, '=', member.length);
	if (!equals)
		return false;
	struct sv_bytes key = {member.data, (size_t)(equals - member.data)};
	return is_key(key) &&
			is_value((struct sv_bytes){equals + 1, member.length - key.length - 1});
}

/* The members of one field, counted. Empty ones are allowed. */
static bool is_list(struct sv_bytes rest, unsigned *count)
{
	while (rest.length) {
		const uint8_t *comma = memchr(rest.data, ',', rest.length);
		size_t length = comma ? (size_t)(comma - rest.data) : rest.length;
		struct sv_bytes member = bytes_trim((struct sv_bytes){rest.data, length});
		if (member.length && (++*count > most_members || !is_member(member)))
			return false;
		length += comma != NULL;
		rest.data += length;
		rest.length -= length;
	}
	return true;
}

static bool is_state(struct sv_bytes name)
{
	return host_name_equal(name, host_text("tracestate"));
}

static bool is_parent(struct sv_bytes name)
{
	return host_name_equal(name, host_text("traceparent"));
}

bool trace_state_is_valid(const struct host_request *request)
{
	unsigned count = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		if (is_state(request->headers[i].name) &&
				!is_list(request->headers[i].value, &count))
			return false;
	}
	return true;
}

/* ---- requests ---- */

static void fields_drop(struct exchange *exchange, bool (*is_dropped)(struct sv_bytes name))
{
	size_t kept = 0;
	for (size_t i = 0; i < exchange->request.header_count; i++) {
		if (!is_dropped(exchange->headers[i].name))
			exchange->headers[kept++] = exchange->headers[i];
	}
	exchange->request.header_count = kept;
}

/* The one traceparent that came; NULL if there is none, or more than one. */
static const struct host_header *parent_find(const struct host_request *request)
{
	const struct host_header *found = NULL;
	for (size_t i = 0; i < request->header_count; i++) {
		if (!is_parent(request->headers[i].name))
			continue;
		if (found)
			return NULL;
		found = &request->headers[i];
	}
	return found;
}

/* Random bytes, many for one call to the system. */
static void random_take(uint8_t *bytes, size_t length)
{
	static _Thread_local uint8_t pool[3072];
	static _Thread_local size_t left;
	while (left < length) {
		/* A signal may cut it short. */
		ssize_t count = getrandom(pool, sizeof pool, 0);
		check(count >= 0 || errno == EINTR);
		left = count > 0 ? (size_t)count : 0;
	}
	left -= length;
	memcpy(bytes, pool + left, length);
}

/* All zeros are no id. */
static bool are_zeros(const uint8_t *bytes, size_t length)
{
	size_t at = 0;
	while (at < length && !bytes[at])
		at++;
	return at == length;
}

static void hex_write(char *text, const uint8_t *bytes, size_t count)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < count; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
}

/* A new trace, not sampled: nobody has recorded anything of it. */
static void trace_start(struct exchange *exchange)
{
	char *text = exchange->trace_parent;
	struct sv_bytes value = {(const uint8_t *)text, LENGTH};
	uint8_t id[ID_LENGTH / 2], parent[PARENT_LENGTH / 2];
	fields_drop(exchange, is_parent);
	fields_drop(exchange, is_state);
	do {
		random_take(id, sizeof id);
		random_take(parent, sizeof parent);
	} while (are_zeros(id, sizeof id) || are_zeros(parent, sizeof parent));
	memcpy(text, "00-", ID_AT);
	hex_write(text + ID_AT, id, sizeof id);
	text[PARENT_AT - 1] = '-';
	hex_write(text + PARENT_AT, parent, sizeof parent);
	memcpy(text + FLAGS_AT - 1, "-00", sizeof "-00");
	exchange->headers[exchange->request.header_count++] =
			(struct host_header){host_text("traceparent"), value};
}

void trace_begin(struct exchange *exchange)
{
	struct host_request *request = &exchange->request;
	const struct host_header *parent = parent_find(request);
	struct sv_bytes value;
	if (parent && trace_parent_is_valid(parent->value)) {
		value = parent->value;
		if (!trace_state_is_valid(request))
			fields_drop(exchange, is_state);
	} else {
		trace_start(exchange);
		value = exchange->headers[request->header_count - 1].value;
	}
	memcpy(request->trace_id, value.data + ID_AT, ID_LENGTH);
	request->trace_id[ID_LENGTH] = '\0';
}
