/*
 * http_stored.c: see http_stored.h.
 */
#include "host/fastly/http_stored.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "host/fastly/fields.h"
#include "host/fastly/flow.h"
#include "host/fastly/http_rules.h"

/* ---- keys ---- */

bool http_method_is_kept(struct sv_bytes method)
{
	return host_name_equal(method, host_text("GET")) ||
			host_name_equal(method, host_text("HEAD"));
}

/* The authority of an address; no data if it has none. */
static struct sv_bytes uri_authority(struct sv_bytes uri)
{
	const uint8_t *scheme = uri.length ? memmem(uri.data, uri.length, "://", 3) : NULL;
	struct sv_bytes authority = {scheme ? scheme + 3 : NULL, 0};
	const uint8_t *end = uri.data + uri.length;
	while (scheme && authority.data + authority.length < end &&
			!memchr("/?#", authority.data[authority.length], 3))
		authority.length++;
	return authority;
}

bool http_key_make(const struct fastly_message *request, uint8_t key[HTTP_KEY_BYTES])
{
	struct sv_bytes uri = buffer_view(&request->uri);
	struct sv_bytes host = http_field(&request->fields.head, "Host");
	const uint8_t *fragment = uri.length ? memchr(uri.data, '#', uri.length) : NULL;
	size_t length = fragment ? (size_t)(fragment - uri.data) : uri.length;
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool is_made = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1 &&
			EVP_DigestUpdate(hash, uri.data, length) == 1;
	/* Behind a byte that no address has. */
	if (is_made && host.length && !host_name_equal(host, uri_authority(uri)))
		is_made = EVP_DigestUpdate(hash, "", 1) == 1 &&
				EVP_DigestUpdate(hash, host.data, host.length) == 1;
	is_made = is_made && EVP_DigestFinal_ex(hash, key, NULL) == 1;
	EVP_MD_CTX_free(hash);
	return is_made;
}

/* ---- bytes ---- */

struct stored_field {
	uint32_t name_length, value_length;
};

/* Fields of one connection (RFC 9110, 7.6.1), and the age, which is known better. */
static bool field_is_kept(struct sv_bytes name)
{
	static const char *const dropped[] = {"Connection", "Keep-Alive", "Proxy-Connection",
			"Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
			"Age"};
	for (size_t i = 0; i < ARRAY_LENGTH(dropped); i++) {
		if (host_name_equal(name, host_text(dropped[i])))
			return false;
	}
	return true;
}

bool http_head_write(const struct host_response *head, struct buffer *bytes)
{
	int32_t status = head->status;
	TRY(buffer_append(bytes, &status, sizeof status, NULL));
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		const struct stored_field lengths = {
				(uint32_t)field.name.length, (uint32_t)field.value.length};
		if (!field_is_kept(field.name))
			continue;
		TRY(buffer_append(bytes, &lengths, sizeof lengths, NULL));
		TRY(buffer_append(bytes, field.name.data, field.name.length, NULL));
		TRY(buffer_append(bytes, field.value.data, field.value.length, NULL));
	}
	return true;
}

/* Take so many bytes from the front; false if there are fewer. */
static bool part_take(struct sv_bytes *bytes, size_t length, struct sv_bytes *part)
{
	if (length > bytes->length)
		return false;
	*part = (struct sv_bytes){bytes->data, length};
	bytes->data += length;
	bytes->length -= length;
	return true;
}

/* What was written above. That it is whole is seen all the same. */
bool http_head_read(struct sv_bytes bytes, struct host_response *head)
{
	struct sv_bytes part, name, value;
	struct stored_field lengths;
	int32_t status;
	TRY(part_take(&bytes, sizeof status, &part));
	memcpy(&status, part.data, sizeof status);
	TRY(host_status_is_final(status));
	head->status = status;
	while (bytes.length) {
		TRY(part_take(&bytes, sizeof lengths, &part));
		memcpy(&lengths, part.data, sizeof lengths);
		TRY(part_take(&bytes, lengths.name_length, &name));
		TRY(part_take(&bytes, lengths.value_length, &value));
		TRY(host_response_add(head, name, value, NULL));
	}
	return true;
}

/* RFC 9111, 3.2: but for what tells of the body that is stored. */
static bool field_is_updated(struct sv_bytes name)
{
	return field_is_kept(name) && !host_name_equal(name, host_text("Content-Length")) &&
			!host_name_equal(name, host_text("Content-Encoding")) &&
			!host_name_equal(name, host_text("Content-Type")) &&
			!host_name_equal(name, host_text("Content-Range"));
}

bool http_head_merge(struct host_response *stored, const struct host_response *news)
{
	for (size_t i = 0; i < news->field_count; i++) {
		struct host_header field = host_response_field(news, i);
		if (field_is_updated(field.name))
			host_response_remove(stored, field.name, stored->field_count);
	}
	for (size_t i = 0; i < news->field_count; i++) {
		struct host_header field = host_response_field(news, i);
		if (field_is_updated(field.name))
			TRY(host_response_add(stored, field.name, field.value, NULL));
	}
	return true;
}

/* ---- for a backend ---- */

bool http_suggest(const struct cache_lookup *lookup, struct host_response *head)
{
	const struct host_response *request = &lookup->request;
	struct host_response stored = {0};
	bool is_made = true;
	for (size_t i = 0; is_made && i < request->field_count; i++) {
		struct host_header field = host_response_field(request, i);
		if (!http_is_conditional(field.name))
			is_made = host_response_add(head, field.name, field.value, NULL);
	}
	if (is_made && lookup->object && lookup->claim)
		is_made = http_head_read(lookup->object->metadata, &stored);
	struct sv_bytes tag = http_field(&stored, "ETag");
	struct sv_bytes modified = http_field(&stored, "Last-Modified");
	if (is_made && tag.data)
		is_made = host_response_add(head, host_text("If-None-Match"), tag, NULL);
	if (is_made && modified.data)
		is_made = host_response_add(head, host_text("If-Modified-Since"), modified, NULL);
	host_response_finish(&stored);
	return is_made;
}

/* ---- for a client ---- */

/* What part of the body goes with it. */
struct part {
	uint64_t from, end;
	bool is_empty;
};

static bool field_set(struct host_response *head, const char *name, const char *value)
{
	host_response_remove(head, host_text(name), head->field_count);
	return host_response_add(head, host_text(name), host_text(value), NULL);
}

static bool range_answer(struct host_response *head, const struct host_response *request,
		int64_t length, struct part *part)
{
	char text[96];
	if (length < 0)
		return true;
	uint64_t size = (uint64_t)length;
	switch (http_range_of(request, head, size, &part->from, &part->end)) {
	case HTTP_RANGE_NONE:
		part->from = 0;
		part->end = UINT64_MAX;
		return true;
	case HTTP_RANGE_OUTSIDE:
		head->status = 416;
		part->is_empty = true;
		host_response_remove(head, host_text("Content-Length"), head->field_count);
		snprintf(text, sizeof text, "bytes */%llu", (unsigned long long)size);
		return field_set(head, "Content-Range", text);
	case HTTP_RANGE_FOUND:
		break;
	}
	head->status = 206;
	snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)part->from,
			(unsigned long long)part->end - 1, (unsigned long long)size);
	TRY(field_set(head, "Content-Range", text));
	snprintf(text, sizeof text, "%llu", (unsigned long long)(part->end - part->from));
	return field_set(head, "Content-Length", text);
}

static bool client_answer(struct host_response *head, const struct http_found *found,
		struct part *part)
{
	const struct host_response *request = found->request;
	struct cache_object *object = found->object;
	char text[32];
	snprintf(text, sizeof text, "%lld",
			(long long)(cache_object_age(object, host_now()) / 1000000000));
	TRY(field_set(head, "Age", text));
	if (http_is_not_modified(request, head)) {
		head->status = 304;
		part->is_empty = true;
		host_response_remove(head, host_text("Content-Length"), head->field_count);
		return true;
	}
	TRY(range_answer(head, request, cache_object_length(object), part));
	part->is_empty |= found->is_head;
	return true;
}

enum fastly_status http_found_make(struct fastly_guest *guest, const struct http_found *found,
		struct fastly_message **message, struct fastly_body **body)
{
	struct cache_object *object = found->object;
	struct part part = {.end = UINT64_MAX};
	if (!fastly_may_hold(guest, object->metadata.length + 256))
		return FASTLY_LIMITEXCEEDED;
	*message = fastly_new_message(guest, FASTLY_RESPONSE);
	*body = *message ? fastly_new_body(guest) : NULL;
	struct host_response *head = *message ? &(*message)->fields.head : NULL;
	bool is_made = *body && http_head_read(object->metadata, head) &&
			(!found->is_for_client || client_answer(head, found, &part));
	if (*message)
		fastly_fields_count(guest, &(*message)->fields);
	if (!is_made) {
		if (*message)
			fastly_close_message(guest, *message);
		if (*body)
			fastly_close_body(guest, *body);
		return FASTLY_LIMITEXCEEDED;
	}
	if (!part.is_empty)
		flow_from_cache(guest, *body, cache_object_use(object), part.from, part.end);
	return FASTLY_OK;
}
