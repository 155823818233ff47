/*
 * types.h: value types, the same numbers in compiler, artifact and runtime.
 *
 * A type is one number. Its low byte is its code in the binary format. References have the
 * code of "nullable" or "not nullable" there and a heap type in the bits above: an abstract
 * one by its code, or SV_HEAP_DEFINED plus the index of a type of the module at hand (in the
 * runtime, where a record of the type stands beside it, plus 0).
 */
#ifndef SELVAGE_ABI_TYPES_H
#define SELVAGE_ABI_TYPES_H

#include <stdint.h>
#include <stdio.h>

/* Codes of the low byte that carry a heap type. */
#define SV_CODE_REF 0x64u
#define SV_CODE_REF_NULL 0x63u

#define SV_REF(heap) (SV_CODE_REF | (uint32_t)(heap) << 8)
#define SV_REF_NULL(heap) (SV_CODE_REF_NULL | (uint32_t)(heap) << 8)

enum sv_heap {
	SV_HEAP_BOTTOM = 0, /* below all: in the validator, of code that is not reached */
#define SV_HEAP(name, code, text, above, top) SV_HEAP_##name = (code),
#include "abi/heaps.def"
#undef SV_HEAP
	SV_HEAP_DEFINED = 0x100, /* first of the defined types */
};

/*
 * The constant of a number type is its byte in the binary format. Other references than the
 * constants are values of this type too: see SV_REF.
 */
enum sv_type {
	SV_TYPE_NONE = 0,
	SV_TYPE_I16 = 0x77, /* packed, in fields only */
	SV_TYPE_I8 = 0x78,
#define SV_TYPE(letter, name, code, text, size) SV_TYPE_##name = (code),
#include "abi/types.def"
#undef SV_TYPE
	SV_TYPE_LARGEST = 0x7fffffff, /* room for every heap type */
};

/* Signature letter of references without a row in types.def. */
#define SV_TYPED_REFERENCE_LETTER 'R'

/* What a type of a module describes. */
enum sv_type_kind {
	SV_KIND_FUNCTION = 0,
	SV_KIND_STRUCT = 1,
	SV_KIND_ARRAY = 2,
};

/* What can be imported or exported; the numbers of the binary format. */
enum sv_extern_kind {
	SV_EXTERN_FUNCTION = 0,
	SV_EXTERN_TABLE = 1,
	SV_EXTERN_MEMORY = 2,
	SV_EXTERN_GLOBAL = 3,
	SV_EXTERN_TAG = 4,
	SV_EXTERN_KINDS
};

/* Name of a kind for messages; constant string. */
static inline const char *sv_extern_kind_name(enum sv_extern_kind kind)
{
	static const char *const names[] = {"function", "table", "memory", "global", "tag"};
	return (unsigned)kind < SV_EXTERN_KINDS ? names[kind] : "unknown";
}

static inline enum sv_type sv_ref(uint32_t heap)
{
	return (enum sv_type)SV_REF(heap);
}

static inline enum sv_type sv_ref_null(uint32_t heap)
{
	return (enum sv_type)SV_REF_NULL(heap);
}

static inline int sv_type_is_reference(enum sv_type type)
{
	uint32_t code = (uint32_t)type & 0xff;
	return code == SV_CODE_REF || code == SV_CODE_REF_NULL;
}

static inline int sv_type_is_nullable(enum sv_type type)
{
	return ((uint32_t)type & 0xff) == SV_CODE_REF_NULL;
}

/* Heap type of a reference: enum sv_heap, or SV_HEAP_DEFINED and above. */
static inline uint32_t sv_type_heap(enum sv_type type)
{
	return (uint32_t)type >> 8;
}

/* True for references to a type of the module, whose index is sv_type_index. */
static inline int sv_type_is_defined(enum sv_type type)
{
	return sv_type_is_reference(type) && sv_type_heap(type) >= SV_HEAP_DEFINED;
}

static inline uint32_t sv_type_index(enum sv_type type)
{
	return sv_type_heap(type) - SV_HEAP_DEFINED;
}

/* Text name of a type with a row ("i32"), "ref" for other references, "?" if there is no such
 * type; constant string. */
static inline const char *sv_type_name(enum sv_type type)
{
	switch ((uint32_t)type) {
#define SV_TYPE(letter, name, code, text, size) \
	case (code): \
		return text;
#include "abi/types.def"
#undef SV_TYPE
	case SV_TYPE_I8:
		return "i8";
	case SV_TYPE_I16:
		return "i16";
	default:
		return sv_type_is_reference(type) ? "ref" : "?";
	}
}

/* Text name of an abstract heap type ("any"), "?" if it is none; constant string. */
static inline const char *sv_heap_name(uint32_t heap)
{
	switch (heap) {
#define SV_HEAP(name, code, text, above, top) \
	case (code): \
		return text;
#include "abi/heaps.def"
#undef SV_HEAP
	default:
		return "?";
	}
}

struct sv_type_text {
	char text[40];
};

/* Text of any type, as the text format writes it: "i32", "(ref null 5)". */
static inline struct sv_type_text sv_type_text(enum sv_type type)
{
	struct sv_type_text result;
	const char *name = sv_type_name(type);
	if (!sv_type_is_reference(type) || name[0] != 'r')
		snprintf(result.text, sizeof result.text, "%s", name);
	else if (sv_type_is_defined(type))
		snprintf(result.text, sizeof result.text, "(ref %s%u)",
				sv_type_is_nullable(type) ? "null " : "", sv_type_index(type));
	else
		snprintf(result.text, sizeof result.text, "(ref %s%s)",
				sv_type_is_nullable(type) ? "null " : "",
				sv_heap_name(sv_type_heap(type)));
	return result;
}

/* The type of a signature letter, SV_TYPE_NONE if there is none. */
static inline enum sv_type sv_type_of_letter(char letter)
{
	switch (letter) {
#define SV_TYPE(letter, name, code, text, size) \
	case letter: \
		return SV_TYPE_##name;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return SV_TYPE_NONE;
	}
}

/* Letter of a value type in signatures, '?' if it is none. */
static inline char sv_type_letter(enum sv_type type)
{
	switch ((uint32_t)type) {
#define SV_TYPE(letter, name, code, text, size) \
	case (code): \
		return letter;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return sv_type_is_reference(type) ? SV_TYPED_REFERENCE_LETTER : '?';
	}
}

/* Bytes of a type in memory, packed ones too; 0 if there is no such type. */
static inline uint32_t sv_type_size(enum sv_type type)
{
	switch ((uint32_t)type) {
#define SV_TYPE(letter, name, code, text, size) \
	case (code): \
		return size;
#include "abi/types.def"
#undef SV_TYPE
	case SV_TYPE_I8:
		return 1;
	case SV_TYPE_I16:
		return 2;
	default:
		return sv_type_is_reference(type) ? 8 : 0;
	}
}

#endif
