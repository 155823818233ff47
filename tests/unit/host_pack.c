/*
 * host_pack.c: who gets answers compressed, which, and that what comes out is what went in.
 */
#include "host/pack.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "host/stream.h"
#include "tests/lib/test.h"

static struct host_header fields[4];
static struct host_request request;
static struct host_response response;

/* A request with these Accept-Encoding fields; NULL: none. */
static struct host_request *ask(const char *method, const char *first, const char *second)
{
	request = (struct host_request){.method = host_text(method), .headers = fields};
	if (first)
		fields[request.header_count++] = (struct host_header){
				host_text("accept-encoding"), host_text(first)};
	if (second)
		fields[request.header_count++] = (struct host_header){
				host_text("Accept-Encoding"), host_text(second)};
	return &request;
}

static void add(const char *name, const char *value)
{
	if (!host_response_add(&response, host_text(name), host_text(value), NULL))
		abort();
}

static char text[6000];

/* An answer of `length` bytes. */
static struct host_pack answer(const char *type, size_t length)
{
	host_response_reset(&response);
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i % 7);
	add("Content-Type", type);
	if (!buffer_append(&response.body, text, length, NULL))
		abort();
	return (struct host_pack){.request = &request, .response = &response, .from = 1000};
}

static const char *value_of(const char *name)
{
	static char value[200];
	for (size_t i = 0; i < response.field_count; i++) {
		struct host_header field = host_response_field(&response, i);
		if (!host_name_equal(field.name, host_text(name)))
			continue;
		snprintf(value, sizeof value, "%.*s", (int)field.value.length,
				(const char *)field.value.data);
		return value;
	}
	return "none";
}

/* The same of br. */
static long unpack_brotli(struct sv_bytes packed, char *to, size_t room, bool is_whole)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	size_t left = room;
	uint8_t *next = (uint8_t *)to;
	if (!state)
		abort();
	BrotliDecoderResult result = BrotliDecoderDecompressStream(state, &packed.length,
			&packed.data, &left, &next, NULL);
	BrotliDecoderDestroyInstance(state);
	BrotliDecoderResult wanted = is_whole ? BROTLI_DECODER_RESULT_SUCCESS
					      : BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT;
	return result == wanted && !packed.length ? (long)(room - left) : -1;
}

/* Bytes of gzip or, if the response says so, of br; how many came out, or -1. */
static long unpack(struct sv_bytes packed, char *to, size_t room, bool is_whole)
{
	if (strcmp(value_of("Content-Encoding"), "br") == 0)
		return unpack_brotli(packed, to, room, is_whole);
	z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.data, .avail_in = (uInt)packed.length,
			.next_out = (Bytef *)to, .avail_out = (uInt)room};
	if (inflateInit2(&z, 31) != Z_OK)
		abort();
	int result = inflate(&z, Z_SYNC_FLUSH);
	inflateEnd(&z);
	return result == (is_whole ? Z_STREAM_END : Z_OK) ? (long)(room - z.avail_out) : -1;
}

TEST(the_weights_of_the_client_decide)
{
	static const struct {
		const char *first, *second;
		enum host_coding coding;
	} cases[] = {
			{NULL, NULL, HOST_PLAIN}, {"", NULL, HOST_PLAIN}, {"gzip", NULL, HOST_GZIP},
			{"GZip", NULL, HOST_GZIP}, {"x-gzip", NULL, HOST_GZIP},
			{"deflate, gzip", NULL, HOST_GZIP}, {"zstd", "gzip", HOST_GZIP},
			{"deflate;q=1.0, gzip;q=0.8, *;q=0.1", NULL, HOST_GZIP},
			{"*", NULL, HOST_GZIP}, {"*;q=0", NULL, HOST_PLAIN},
			{"*;q=0, gzip", NULL, HOST_GZIP}, {"gzip;q=0", NULL, HOST_PLAIN},
			{"gzip;q=0, *", NULL, HOST_PLAIN}, {"gzip;q=0.000", NULL, HOST_PLAIN},
			{"gzip;q=0.001", NULL, HOST_GZIP}, {"gzip ; Q=0.5", NULL, HOST_GZIP},
			{"gzip;q=0.5, identity;q=0.6", NULL, HOST_PLAIN},
			{"gzip;q=0.5, identity;q=0.5", NULL, HOST_GZIP},
			{"identity", NULL, HOST_PLAIN}, {"identity;q=0", NULL, HOST_PLAIN},
			{"identity;q=0, *", NULL, HOST_GZIP}, {"gzip;q=", NULL, HOST_PLAIN},
			{"gzip;q=2", NULL, HOST_PLAIN}, {"gzip;q=1.001", NULL, HOST_PLAIN},
			{"gzip;q=0.1234", NULL, HOST_PLAIN}, {"gzip;q=-1", NULL, HOST_PLAIN},
			{"gzip;q=.5", NULL, HOST_PLAIN}, {"gzip;level=9", NULL, HOST_PLAIN},
			{"gzipped", NULL, HOST_PLAIN}, {",,", NULL, HOST_PLAIN},
			{";q=1", NULL, HOST_PLAIN}, {"deflate", "zstd", HOST_PLAIN},
			{"br", NULL, HOST_BROTLI}, {"Br", "gzip", HOST_BROTLI},
			{"gzip, deflate, br, zstd", NULL, HOST_BROTLI},
			{"br;q=0.5, gzip", NULL, HOST_GZIP}, {"br;q=0, *", NULL, HOST_GZIP},
			{"br, gzip;q=0", NULL, HOST_BROTLI}, {"br;q=0", NULL, HOST_PLAIN},
			{"br;q=0.4, *;q=0.5", NULL, HOST_GZIP},
			{"br;q=0.5, identity", NULL, HOST_PLAIN}, {"brotli", NULL, HOST_PLAIN},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		CHECK_MSG(host_pack_coding(ask("GET", cases[i].first, cases[i].second)) ==
						cases[i].coding,
				"%s", cases[i].first ? cases[i].first : "nothing");
}

TEST(who_likes_br_as_well_gets_it)
{
	char back[6000];
	ask("GET", "gzip, deflate, br", NULL);
	struct host_pack pack = answer("text/plain", sizeof text);
	add("ETag", "\"tag\"");
	host_pack_whole(&pack);
	CHECK_STR(value_of("Content-Encoding"), "br");
	CHECK_STR(value_of("Vary"), "Accept-Encoding");
	CHECK_STR(value_of("ETag"), "W/\"tag\"");
	CHECK(response.body.length < 200);
	CHECK_EQ(unpack(buffer_view(&response.body), back, sizeof back, true), sizeof back);
	CHECK(memcmp(back, text, sizeof back) == 0);
	ask("HEAD", "br", NULL);
	pack = answer("text/plain", 0);
	response.announced = 2000;
	host_pack_whole(&pack);
	CHECK_STR(value_of("Content-Encoding"), "br");
	CHECK(response.is_packed);
}

TEST(types_that_gain_by_it_are_packed)
{
	static const char *const packed[] = {"text/plain", "Text/HTML; charset=utf-8",
			"application/json", "application/problem+json", "image/svg+xml",
			"application/javascript;x", "application/wasm"};
	static const char *const left[] = {"image/png", "application/octet-stream", "", ";",
			"application/zip", "text/", "video/mp4", "xtext/plain", "+json"};
	ask("GET", "gzip", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(packed) + ARRAY_LENGTH(left); i++) {
		bool is_packed = i < ARRAY_LENGTH(packed);
		const char *type = is_packed ? packed[i] : left[i - ARRAY_LENGTH(packed)];
		struct host_pack pack = answer(type, 2000);
		char back[2100];
		host_pack_whole(&pack);
		CHECK_MSG((response.body.length < 2000) == is_packed, "%s", type);
		CHECK_STR(value_of("Content-Encoding"), is_packed ? "gzip" : "none");
		CHECK_STR(value_of("Vary"), is_packed ? "Accept-Encoding" : "none");
		if (is_packed)
			CHECK_EQ(unpack(buffer_view(&response.body), back, sizeof back, true),
					2000);
	}
}

TEST(clients_that_do_not_take_it_are_told_that_others_do)
{
	ask("GET", "zstd", NULL);
	struct host_pack pack = answer("text/plain", 2000);
	add("Vary", "Origin");
	add("ETag", "\"tag\"");
	host_pack_whole(&pack);
	CHECK_EQ(response.body.length, 2000);
	CHECK_EQ(response.field_count, 4);
	CHECK_STR(value_of("ETag"), "\"tag\"");
	pack = answer("text/plain", 2000);
	add("Vary", "origin, accept-encoding");
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 2);
	pack = answer("text/plain", 999);
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 1);
}

TEST(answers_that_must_stay_stay)
{
	static const char *const stays[][2] = {{"Content-Encoding", "br"},
			{"Content-Encoding", "identity"}, {"Content-Range", "bytes 0-1/2"},
			{"Cache-Control", "max-age=1, no-transform"}, {"Content-Digest", "x"}};
	ask("GET", "gzip", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(stays); i++) {
		struct host_pack pack = answer("text/plain", 2000);
		add(stays[i][0], stays[i][1]);
		host_pack_whole(&pack);
		CHECK_MSG(response.body.length == 2000 && response.field_count == 2, "%s",
				stays[i][0]);
	}
	struct host_pack pack = answer("text/plain", 2000);
	pack.from = 0;
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 1);
	/* Who makes it can raise the least, not lower it. */
	pack = answer("text/plain", 2000);
	pack.own_from = 2001;
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 1);
	pack = answer("text/plain", 999);
	pack.own_from = 1;
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 1);
	pack = answer("text/plain", 2000);
	response.status = 206;
	host_pack_whole(&pack);
	CHECK_EQ(response.field_count, 1);
}

TEST(what_does_not_become_smaller_goes_as_it_is)
{
	ask("GET", "gzip", NULL);
	struct host_pack pack = answer("text/plain", 2000);
	for (unsigned i = 0; i < 2000; i++)
		response.body.data[i] = (uint8_t)(rand() >> 7);
	host_pack_whole(&pack);
	CHECK_EQ(response.body.length, 2000);
	CHECK_STR(value_of("Content-Encoding"), "none");
	CHECK_STR(value_of("Vary"), "Accept-Encoding");
}

TEST(tags_become_weak_and_ranges_are_not_offered)
{
	ask("GET", "gzip", NULL);
	struct host_pack pack = answer("text/plain", 2000);
	add("ETag", "\"tag\"");
	add("Accept-Ranges", "bytes");
	host_pack_whole(&pack);
	CHECK_STR(value_of("ETag"), "W/\"tag\"");
	CHECK_STR(value_of("Accept-Ranges"), "none");
	pack = answer("text/plain", 2000);
	add("ETag", "W/\"tag\"");
	host_pack_whole(&pack);
	CHECK_STR(value_of("ETag"), "W/\"tag\"");
}

TEST(a_weak_tag_that_a_client_shows_stays_weak)
{
	static const char *const shown[] = {"\"a\", W/\"tag\"", "\"tag\"", "W/\"other\"", "*"};
	for (size_t i = 0; i < ARRAY_LENGTH(shown); i++) {
		ask("GET", "gzip", NULL);
		fields[request.header_count++] = (struct host_header){
				host_text("If-None-Match"), host_text(shown[i])};
		struct host_pack pack = answer("text/plain", 0);
		response.status = 304;
		add("ETag", "\"tag\"");
		host_pack_whole(&pack);
		CHECK_STR(value_of("ETag"), i == 0 ? "W/\"tag\"" : "\"tag\"");
		CHECK_STR(value_of("Content-Encoding"), "none");
	}
}

TEST(an_answer_to_head_has_the_fields_and_no_length)
{
	ask("HEAD", "gzip", NULL);
	struct host_pack pack = answer("text/plain", 0);
	response.announced = 2000;
	add("ETag", "\"tag\"");
	host_pack_whole(&pack);
	CHECK_STR(value_of("Content-Encoding"), "gzip");
	CHECK_STR(value_of("ETag"), "W/\"tag\"");
	CHECK(response.is_packed);
	pack = answer("text/plain", 0);
	response.announced = 20;
	host_pack_whole(&pack);
	CHECK_STR(value_of("Content-Encoding"), "none");
	CHECK(!response.is_packed);
}

/* ---- streams ---- */

static void stir(struct host_stream *stream)
{
	(void)stream;
}

/* Append what has come; how many plain bytes all of it is. */
static long plain_bytes(struct host_stream *stream, struct buffer *all, bool is_whole)
{
	static char back[16384];
	struct buffer taken = {0};
	(void)host_stream_take(stream, &taken);
	if (taken.length && !buffer_append(all, taken.data, taken.length, NULL))
		abort();
	buffer_finish(&taken);
	return unpack(buffer_view(all), back, sizeof back, is_whole);
}

static void stream_in(const char *coding)
{
	struct host_stream stream;
	struct buffer all = {0};
	size_t count;
	ask("GET", coding, NULL);
	struct host_pack pack = answer("text/plain", 10);
	response.announced = 3010;
	host_stream_init(&stream, 4096, &response);
	host_stream_join(&stream, NULL, stir);
	stream.pack = pack;
	host_stream_begin(&stream, 3000);
	CHECK_STR(value_of("Content-Encoding"), coding);
	CHECK_EQ(response.announced, -1);
	CHECK(buffer_append(&all, response.body.data, response.body.length, NULL));
	host_stream_flush(&stream);
	CHECK_EQ(plain_bytes(&stream, &all, false), 10);
	CHECK_EQ(host_stream_write(&stream, (struct sv_bytes){(uint8_t *)text, 1000}, &count),
			HOST_STREAM_READY);
	CHECK_EQ(count, 1000);
	CHECK_EQ(plain_bytes(&stream, &all, false), 10);
	host_stream_flush(&stream);
	CHECK_EQ(plain_bytes(&stream, &all, false), 1010);
	size_t before = all.length;
	host_stream_flush(&stream);
	CHECK_EQ(plain_bytes(&stream, &all, false), 1010);
	CHECK_EQ(all.length, before);
	CHECK_EQ(host_stream_write(&stream, (struct sv_bytes){(uint8_t *)text, 2000}, &count),
			HOST_STREAM_READY);
	CHECK_EQ(host_stream_write(&stream, host_text("x"), &count), HOST_STREAM_TOO_LONG);
	CHECK_EQ(host_stream_end(&stream), HOST_STREAM_READY);
	CHECK_EQ(plain_bytes(&stream, &all, true), 3010);
	CHECK_EQ(stream.total + response.body.length, all.length);
	CHECK(!stream.pack.coder);
	buffer_finish(&all);
	host_stream_finish(&stream);
}

TEST(streams_are_packed_and_flushed_when_the_guest_waits)
{
	stream_in("gzip");
	stream_in("br");
}

TEST(a_stream_that_is_shorter_than_announced_is_broken)
{
	struct host_stream stream;
	struct buffer all = {0};
	ask("GET", "gzip", NULL);
	struct host_pack pack = answer("text/plain", 10);
	host_stream_init(&stream, 4096, &response);
	host_stream_join(&stream, NULL, stir);
	stream.pack = pack;
	host_stream_begin(&stream, 3000);
	CHECK_EQ(host_stream_end(&stream), HOST_STREAM_LOST);
	CHECK_EQ(host_stream_take(&stream, &all), HOST_STREAM_BROKEN);
	buffer_finish(&all);
	host_stream_finish(&stream);
	host_response_finish(&response);
}

TEST_MAIN()
