/*
 * frontend_fixture.h: modules put together byte by byte, for the tests of the front end.
 */
#ifndef SELVAGE_TESTS_FRONTEND_FIXTURE_H
#define SELVAGE_TESTS_FRONTEND_FIXTURE_H

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "compiler/body.h"
#include "compiler/compiler.h"
#include "compiler/module.h"

/* Bytes of a literal, without its NUL. */
#define BYTES(literal) ((struct sv_bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline void add_bytes(struct buffer *buffer, const void *data, size_t length)
{
	if (!buffer_append(buffer, data, length, NULL))
		abort();
}

static inline void add_byte(struct buffer *buffer, unsigned byte)
{
	uint8_t value = (uint8_t)byte;
	add_bytes(buffer, &value, 1);
}

static inline void add_u32(struct buffer *buffer, uint32_t value)
{
	for (; value >= 0x80; value >>= 7)
		add_byte(buffer, (value & 0x7f) | 0x80);
	add_byte(buffer, value);
}

/* Append a size and the contents, and empty the latter. */
static inline void add_sized(struct buffer *buffer, struct buffer *contents)
{
	add_u32(buffer, (uint32_t)contents->length);
	add_bytes(buffer, contents->data, contents->length);
	buffer_finish(contents);
}

static inline void add_section(struct buffer *module, unsigned id, struct buffer *contents)
{
	add_byte(module, id);
	add_sized(module, contents);
}

static inline void add_header(struct buffer *module)
{
	add_bytes(module, "\0asm\1\0\0\0", 8);
}

static inline void add_operator(struct buffer *buffer, uint32_t code)
{
	if (code < 0x1000) {
		add_byte(buffer, code);
		return;
	}
	add_byte(buffer, code >> 12);
	add_u32(buffer, code & 0xfff);
}

/* A value type in its short form. */
static inline void add_type(struct buffer *buffer, enum sv_type type)
{
	add_byte(buffer, sv_type_is_reference(type) ? sv_type_heap(type) : type);
}

/* A module of one function of the type "ii:f" with this body (locals and last end included). */
static inline struct buffer module_of_body(const char *signature, struct sv_bytes code)
{
	struct buffer module = {0}, part = {0}, body = {0};
	const char *colon = strchr(signature, ':');
	add_header(&module);
	add_bytes(&part, "\1\x60", 2);
	add_u32(&part, (uint32_t)(colon - signature));
	for (const char *letter = signature; letter != colon; letter++)
		add_type(&part, sv_type_of_letter(*letter));
	add_u32(&part, (uint32_t)strlen(colon + 1));
	for (const char *letter = colon + 1; *letter; letter++)
		add_type(&part, sv_type_of_letter(*letter));
	add_section(&module, 1, &part);
	add_bytes(&part, "\1\0", 2);
	add_section(&module, 3, &part);
	add_bytes(&part, "\1\0\1", 3); /* a memory of one page */
	add_section(&module, 5, &part);
	add_byte(&part, 1);
	add_bytes(&body, code.data, code.length);
	add_sized(&part, &body);
	add_section(&module, 10, &part);
	return module;
}

/* Validate with all features; what the error says is in *error. */
static inline bool validate_bytes(struct sv_bytes bytes, struct sv_error *error)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	return sv_validate(bytes, &options, error);
}

/* The same from text, with `off` taken from the default features. */
static inline bool validate_text(const char *text, uint64_t off, struct sv_error *error)
{
	struct sv_compile_options options;
	struct buffer binary = {0};
	sv_compile_options_init(&options);
	options.features &= ~off;
	bool ok = sv_text_to_binary((struct sv_bytes){(const uint8_t *)text, strlen(text)}, "test",
				  &binary, error) &&
			sv_validate(buffer_view(&binary), &options, error);
	buffer_finish(&binary);
	return ok;
}

#endif
