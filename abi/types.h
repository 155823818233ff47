/*
 * types.h: value types, the same numbers in compiler, artifact and runtime.
 */
#ifndef SELVAGE_ABI_TYPES_H
#define SELVAGE_ABI_TYPES_H

#include <stdint.h>

/* The constant of a type is its byte in the binary format. */
enum sv_type {
	SV_TYPE_NONE = 0,
#define SV_TYPE(letter, name, code, text, size) SV_TYPE_##name = (code),
#include "abi/types.def"
#undef SV_TYPE
};

/* What can be imported or exported; the numbers of the binary format. */
enum sv_extern_kind {
	SV_EXTERN_FUNCTION = 0,
	SV_EXTERN_TABLE = 1,
	SV_EXTERN_MEMORY = 2,
	SV_EXTERN_GLOBAL = 3,
};

/* Name of a kind for messages; constant string. */
static inline const char *sv_extern_kind_name(enum sv_extern_kind kind)
{
	static const char *const names[] = {"function", "table", "memory", "global"};
	return (unsigned)kind < 4 ? names[kind] : "unknown";
}

/* Text name of a type ("i32"), "?" if there is no such type; constant string. */
static inline const char *sv_type_name(enum sv_type type)
{
	switch (type) {
#define SV_TYPE(letter, name, code, text, size) \
	case SV_TYPE_##name: \
		return text;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return "?";
	}
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

static inline int sv_type_is_reference(enum sv_type type)
{
	return type == SV_TYPE_FUNCREF || type == SV_TYPE_EXTERNREF;
}

#endif
