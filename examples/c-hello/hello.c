/*
 * hello.c: answers every request with what it asked for: method, path, headers, body.
 * No C library: what it needs of one, an allocator, is here.
 */
#include "http_hostcalls.h"

/* The linker's: where the module's own data ends. */
extern char __heap_base[];

static size_t used;

/*
 * An instance lives for one request, so memory is only handed out, in order, and never
 * taken back.
 */
static void *take(size_t size)
{
	const size_t page = 65536;
	size_t at = ((size_t)__heap_base + used + 7) & ~(size_t)7;
	size_t have = __builtin_wasm_memory_size(0) * page;

	if (size > SIZE_MAX - page || at > SIZE_MAX - page - size)
		return NULL;
	if (at + size > have) {
		size_t pages = (at + size - have + page - 1) / page;

		if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX)
			return NULL;
	}
	used = at + size - (size_t)__heap_base;
	return (void *)at;
}

static void leave(void *block)
{
	(void)block;
}

/* Text that grows at its end. Its room doubles, so each byte is copied twice at most. */
struct text {
	char *data;
	size_t length;
	size_t room;
};

static size_t string_length(const char *string)
{
	size_t length = 0;

	while (string[length])
		length++;
	return length;
}

static void fail(const char *why)
{
	hostcall_panic_hook(why, string_length(why));
	__builtin_trap();
}

static void text_add(struct text *text, const void *data, size_t length)
{
	if (length > text->room - text->length) {
		size_t room = 2 * text->room + length;
		char *larger = room < length ? NULL : take(room);

		if (!larger)
			fail("out of memory");
		if (text->length)
			__builtin_memcpy(larger, text->data, text->length);
		text->data = larger;
		text->room = room;
	}
	if (length)
		__builtin_memcpy(text->data + text->length, data, length);
	text->length += length;
}

static void text_add_string(struct text *text, const char *string)
{
	text_add(text, string, string_length(string));
}

static void text_add_header(struct text *text, struct string_slice name)
{
	struct string_slice *values;
	size_t count;

	hostcall_req_get_header(&values, &count, REQUEST_INCOMING, name.ptr, name.len);
	for (size_t i = 0; i < count; i++) {
		text_add(text, name.ptr, name.len);
		text_add_string(text, ": ");
		text_add(text, values[i].ptr, values[i].len);
		text_add_string(text, "\n");
	}
}

static void text_add_request(struct text *text)
{
	struct string_slice *names;
	char *data;
	uint8_t *body;
	size_t length;

	hostcall_req_get_method(&data, &length, REQUEST_INCOMING);
	text_add(text, data, length);
	text_add_string(text, " ");
	hostcall_req_get_path(&data, &length, REQUEST_INCOMING);
	text_add(text, data, length);
	text_add_string(text, "\n");
	hostcall_req_get_headers(&names, &length, REQUEST_INCOMING);
	for (size_t i = 0; i < length; i++)
		text_add_header(text, names[i]);
	hostcall_req_get_body(&body, &length, REQUEST_INCOMING);
	text_add_string(text, "\n");
	text_add(text, body, length);
}

__attribute__((export_name("run"))) void run(void)
{
	struct string_slice type = {"text/plain", 10};
	struct text text = {NULL, 0, 0};

	hostcall_init_mm(take, leave);
	text_add_string(&text, "Hello from C.\n");
	text_add_request(&text);
	hostcall_resp_set_header(RESPONSE_OUTGOING, "content-type", 12, &type, 1);
	hostcall_resp_set_body(RESPONSE_OUTGOING, text.data, text.length);
}
