/*
 * emit.c: the binary format's bytes.
 */
#include "tests/fuzz/generator.h"

#include <string.h>

void put_bytes(struct buffer *to, const void *data, size_t length)
{
	struct sv_error error = SV_ERROR_INIT;
	check(buffer_append(to, data, length, &error));
}

void put_byte(struct buffer *to, unsigned byte)
{
	uint8_t one = (uint8_t)byte;
	put_bytes(to, &one, 1);
}

void put_unsigned(struct buffer *to, uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		put_byte(to, (unsigned)(number & 0x7f) | 0x80);
	put_byte(to, (unsigned)number);
}

void put_signed(struct buffer *to, int64_t number)
{
	while (number < -64 || number > 63) {
		put_byte(to, (unsigned)(number & 0x7f) | 0x80);
		number >>= 7;
	}
	put_byte(to, (unsigned)number & 0x7f);
}

void put_heap(struct buffer *to, uint32_t type)
{
	uint32_t heap = type >> TYPE_HEAP_SHIFT;
	if (heap & TYPE_ABSTRACT)
		put_byte(to, heap & 0xff);
	else
		put_signed(to, heap);
}

void put_type(struct buffer *to, uint32_t type)
{
	static const struct {
		char letter;
		uint8_t code;
	} codes[] = {{'i', 0x7f}, {'I', 0x7e}, {'f', 0x7d}, {'F', 0x7c}, {'v', 0x7b}};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		if (type == (uint8_t)codes[i].letter) {
			put_byte(to, codes[i].code);
			return;
		}
	}
	check(type_is_reference(type));
	bool is_short = (type & TYPE_NULLABLE) && type >> TYPE_HEAP_SHIFT & TYPE_ABSTRACT;
	if (!is_short)
		put_byte(to, type & TYPE_NULLABLE ? 0x63 : 0x64);
	put_heap(to, type);
}

void put_buffer(struct buffer *to, const struct buffer *from)
{
	put_unsigned(to, from->length);
	put_bytes(to, from->data, from->length);
}

void emit_op(struct generator *g, enum op op)
{
	struct buffer *code = &g->body->code;
	uint32_t number = op_info(op)->code;
	g->coverage[op]++;
	g->body->budget--;
	if (number < 0x100) {
		put_byte(code, number);
		return;
	}
	put_byte(code, number >> 12);
	put_unsigned(code, number & 0xfff);
}

void emit_index(struct generator *g, enum op op, uint32_t index)
{
	emit_op(g, op);
	put_unsigned(&g->body->code, index);
}

void emit_i32(struct generator *g, int32_t value)
{
	emit_op(g, OP_i32_const);
	put_signed(&g->body->code, value);
}

void emit_i64(struct generator *g, int64_t value)
{
	emit_op(g, OP_i64_const);
	put_signed(&g->body->code, value);
}

void emit_f32(struct generator *g, uint32_t bits)
{
	emit_op(g, OP_f32_const);
	put_bytes(&g->body->code, &bits, sizeof bits);
}

void emit_f64(struct generator *g, uint64_t bits)
{
	emit_op(g, OP_f64_const);
	put_bytes(&g->body->code, &bits, sizeof bits);
}
