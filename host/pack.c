/*
 * pack.c: see pack.h.
 */
#include "host/pack.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/lend.h"

/* Bodies that are whole are packed at once: larger ones would take a thread for too long. */
static const size_t whole_most = 4 * 1024 * 1024;

/* The same for what a stream begins with: that is packed in a host function of the guest. */
static const size_t first_most = 1024 * 1024;

static const char *const types[] = {
#define PACK_TYPE(name) name,
#include "host/pack_types.def"
#undef PACK_TYPE
};

/* ---- lists in fields ---- */

/* Take what is in front of the next `mark` off; false: there was nothing. */
static bool part_take(struct sv_bytes *rest, uint8_t mark, struct sv_bytes *part)
{
	if (!rest->length)
		return false;
	const uint8_t *end = memchr(rest->data, mark, rest->length);
	size_t length = end ? (size_t)(end - rest->data) : rest->length;
	*part = bytes_trim((struct sv_bytes){rest->data, length});
	length += end != NULL;
	rest->data += length;
	rest->length -= length;
	return true;
}

/* One of the words of a list is this, in any case. */
static bool list_has(struct sv_bytes list, const char *word)
{
	struct sv_bytes part;
	while (part_take(&list, ',', &part)) {
		if (host_name_equal(part, host_text(word)))
			return true;
	}
	return false;
}

/* ---- what the client takes ---- */

/* A weight in thousandths: "0", "1", up to three digits behind a point. -1: it is none. */
static int weight_read(struct sv_bytes text)
{
	int weight = 0, unit = 1000;
	if (!text.length || text.length > 5 || (text.length > 1 && text.data[1] != '.'))
		return -1;
	for (size_t i = 0; i < text.length; i++) {
		if (i == 1)
			continue;
		if (text.data[i] < '0' || text.data[i] > '9')
			return -1;
		weight += unit * (text.data[i] - '0');
		unit /= 10;
	}
	return weight <= 1000 ? weight : -1;
}

/* The weight of a coding with parameters; what cannot be read is not wanted. */
static int weight_of(struct sv_bytes parameters)
{
	struct sv_bytes part;
	while (part_take(&parameters, ';', &part)) {
		bool is_weight = part.length > 2 && (part.data[0] | 0x20) == 'q' &&
				part.data[1] == '=';
		int weight = is_weight
				? weight_read((struct sv_bytes){part.data + 2, part.length - 2})
				: -1;
		return weight < 0 ? 0 : weight;
	}
	return 1000;
}

/* Weights that were found, by coding; -1: not named. */
struct wanted {
	int of[HOST_BROTLI + 1], any;
};

static void wanted_add(struct wanted *wanted, struct sv_bytes list)
{
	struct sv_bytes element, coding;
	while (part_take(&list, ',', &element)) {
		if (!part_take(&element, ';', &coding))
			continue;
		int weight = weight_of(element);
		if (host_name_equal(coding, host_text("gzip")) ||
				host_name_equal(coding, host_text("x-gzip")))
			wanted->of[HOST_GZIP] = weight;
		else if (host_name_equal(coding, host_text("br")))
			wanted->of[HOST_BROTLI] = weight;
		else if (host_name_equal(coding, host_text("identity")))
			wanted->of[HOST_PLAIN] = weight;
		else if (host_name_equal(coding, host_text("*")))
			wanted->any = weight;
	}
}

enum host_coding host_pack_coding(const struct host_request *request)
{
	struct wanted wanted = {{-1, -1, -1}, -1};
	for (size_t i = 0; i < request->header_count; i++) {
		if (host_name_equal(request->headers[i].name, host_text("Accept-Encoding")))
			wanted_add(&wanted, request->headers[i].value);
	}
	/* Who takes anything gets what everybody can read: br has to be named. */
	if (wanted.of[HOST_GZIP] < 0)
		wanted.of[HOST_GZIP] = wanted.any;
	enum host_coding best = HOST_PLAIN;
	for (enum host_coding coding = HOST_GZIP; coding <= HOST_BROTLI; coding++) {
		if (wanted.of[coding] > 0 && wanted.of[coding] >= wanted.of[best])
			best = coding;
	}
	return best;
}

/* ---- what can be packed ---- */

static bool type_is_packable(struct sv_bytes value)
{
	static const char *const ends[] = {"+json", "+xml", "+text"};
	struct sv_bytes type;
	if (!part_take(&value, ';', &type))
		return false;
	if (type.length > 5 && strncasecmp((const char *)type.data, "text/", 5) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		size_t length = strlen(ends[i]);
		if (type.length > length &&
				strncasecmp((const char *)type.data + type.length - length, ends[i],
						length) == 0)
			return true;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		if (host_name_equal(type, host_text(types[i])))
			return true;
	}
	return false;
}

/* Fields of answers that are packed already, are parts, or say something about the bytes. */
static bool name_forbids(struct sv_bytes name)
{
	static const char *const names[] = {"Content-Encoding", "Content-Range", "Content-MD5",
			"Content-Digest", "Repr-Digest", "Digest"};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		if (host_name_equal(name, host_text(names[i])))
			return true;
	}
	return false;
}

/* Whether an answer could be packed, for this client or another. */
static bool response_is_packable(const struct host_response *response)
{
	bool is_packable = false;
	if (response->status == 204 || response->status == 206 || response->status == 304)
		return false;
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		if (name_forbids(field.name))
			return false;
		if (host_name_equal(field.name, host_text("Cache-Control")) &&
				list_has(field.value, "no-transform"))
			return false;
		is_packable |= host_name_equal(field.name, host_text("Content-Type")) &&
				type_is_packable(field.value);
	}
	return is_packable;
}

/* ---- its fields ---- */

static bool field_find(const struct host_response *response, const char *name,
		struct sv_bytes *value)
{
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		*value = field.value;
		if (host_name_equal(field.name, host_text(name)))
			return true;
	}
	return false;
}

/* Caches have to know that others may get it in another form. */
static bool add_vary(struct host_response *response)
{
	for (size_t i = 0; i < response->field_count; i++) {
		struct host_header field = host_response_field(response, i);
		if (host_name_equal(field.name, host_text("Vary")) &&
				(list_has(field.value, "*") ||
						list_has(field.value, "Accept-Encoding")))
			return true;
	}
	return host_response_add(response, host_text("Vary"), host_text("Accept-Encoding"), NULL);
}

/* Other bytes than those a strong tag is for (RFC 9110, 8.8.3.3). */
static bool weaken_tag(struct host_response *response)
{
	struct sv_bytes tag;
	struct buffer weak = {0};
	if (!field_find(response, "ETag", &tag) || (tag.length > 1 && tag.data[0] == 'W'))
		return true;
	bool done = buffer_append(&weak, "W/", 2, NULL) &&
			buffer_append(&weak, tag.data, tag.length, NULL);
	if (done) {
		host_response_remove(response, host_text("ETag"), response->field_count);
		done = host_response_add(response, host_text("ETag"), buffer_view(&weak), NULL);
	}
	buffer_finish(&weak);
	return done;
}

/*
 * An answer that says that what the client has is still good: a client that shows a weak tag has
 * what was packed, and its tag stays that.
 */
static void keep_weak_tag(struct host_pack *pack)
{
	struct sv_bytes tag, shown;
	const struct host_header *field = host_request_header(pack->request, "If-None-Match");
	if (!field || !field_find(pack->response, "ETag", &tag))
		return;
	shown = field->value;
	for (struct sv_bytes part; part_take(&shown, ',', &part);) {
		if (part.length == tag.length + 2 && memcmp(part.data, "W/", 2) == 0 &&
				memcmp(part.data + 2, tag.data, tag.length) == 0)
			(void)!weaken_tag(pack->response);
	}
}

/* It is packed from here on; ranges would be of the bytes as they were. */
static bool fields_change(const struct host_pack *pack)
{
	struct host_response *response = pack->response;
	host_response_remove(response, host_text("Accept-Ranges"), response->field_count);
	return weaken_tag(response) &&
			host_response_add(response, host_text("Content-Encoding"),
					host_text(coding_name(host_pack_coding(pack->request))),
					NULL);
}

/* ---- packing ---- */

bool host_pack_add(struct host_pack *pack, struct sv_bytes bytes)
{
	pack->has_pending |= bytes.length > 0;
	return coder_run(pack->coder, bytes, CODER_ADD, &pack->ready);
}

bool host_pack_flush(struct host_pack *pack)
{
	if (!pack->has_pending)
		return true;
	pack->has_pending = false;
	return coder_run(pack->coder, (struct sv_bytes){0}, CODER_FLUSH, &pack->ready);
}

/* After pack_chooses. */
static bool pack_begin_coder(struct host_pack *pack)
{
	pack->coder = coder_new(host_pack_coding(pack->request));
	return pack->coder != NULL;
}

static void pack_end_coder(struct host_pack *pack)
{
	coder_free(pack->coder);
	pack->coder = NULL;
}

bool host_pack_end(struct host_pack *pack)
{
	bool done = coder_run(pack->coder, (struct sv_bytes){0}, CODER_END, &pack->ready);
	pack_end_coder(pack);
	return done;
}

void host_pack_reset(struct host_pack *pack)
{
	pack->own_from = 0;
	pack_end_coder(pack);
	pack->has_pending = false;
	buffer_finish(&pack->ready);
}

/* What was packed becomes the body, within the same limit. */
static void body_replace(struct host_pack *pack)
{
	struct buffer *body = &pack->response->body;
	pack->ready.limit = body->limit;
	host_response_lend(pack->response, (struct sv_bytes){0}, NULL, NULL);
	buffer_finish(body);
	*body = pack->ready;
	pack->ready = (struct buffer){0};
	pack->response->body_start = 0;
	pack->response->announced = -1;
}

/* True if the client is to get it packed; its fields tell of that only if it may be either. */
static bool pack_chooses(struct host_pack *pack, int64_t length)
{
	if (!pack->from || !pack->request)
		return false;
	if (pack->response->status == 304 && host_pack_coding(pack->request) != HOST_PLAIN)
		keep_weak_tag(pack);
	uint64_t from = pack->own_from > pack->from ? pack->own_from : pack->from;
	if ((length >= 0 && (uint64_t)length < from) || !response_is_packable(pack->response))
		return false;
	return add_vary(pack->response) && host_pack_coding(pack->request) != HOST_PLAIN;
}

static bool pack_is_for_head(struct host_pack *pack)
{
	if (!host_name_equal(pack->request->method, host_text("HEAD")))
		return false;
	/* Nobody makes the body, and so nobody knows how long it would be. */
	pack->response->is_packed = fields_change(pack);
	return true;
}

void host_pack_begin(struct host_pack *pack, int64_t more)
{
	struct host_response *response = pack->response;
	if (!response)
		return;
	int64_t length = response->announced >= 0 ? response->announced : more;
	if (response->announced < 0 && more >= 0)
		length += (int64_t)host_response_body(response).length;
	if (host_response_body(response).length > first_most || !pack_chooses(pack, length) ||
			pack_is_for_head(pack) || !pack_begin_coder(pack))
		return;
	if (host_pack_add(pack, host_response_body(response)) && fields_change(pack))
		body_replace(pack);
	else
		host_pack_reset(pack);
}

void host_pack_whole(struct host_pack *pack)
{
	struct host_response *response = pack->response;
	size_t length = host_response_body(response).length;
	int64_t known = length || response->announced < 0 ? (int64_t)length : response->announced;
	if (length > whole_most || !pack_chooses(pack, known) || pack_is_for_head(pack) ||
			!pack_begin_coder(pack))
		return;
	bool is_done = host_pack_add(pack, host_response_body(response)) && host_pack_end(pack);
	if (is_done && pack->ready.length < length && fields_change(pack))
		body_replace(pack);
	host_pack_reset(pack);
}
