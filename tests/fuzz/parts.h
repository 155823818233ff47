/*
 * parts.h: a module in the making, and what is known about it.
 */
#ifndef SELVAGE_TESTS_FUZZ_PARTS_H
#define SELVAGE_TESTS_FUZZ_PARTS_H

#include "base/bytes.h"
#include "compiler/op.h"
#include "tests/fuzz/random.h"

/*
 * A value type is a uint32_t: the letter of abi/types.def for numbers and vectors; for
 * references 'R' with a bit for null and the heap type above.
 */
#define TYPE_NULLABLE 0x100u
#define TYPE_HEAP_SHIFT 16
#define TYPE_ABSTRACT 0x8000u /* heap type: | the byte of the binary format; else a type index */
#define TYPE_REF(null, heap) \
	('R' | ((null) ? TYPE_NULLABLE : 0) | (uint32_t)(heap) << TYPE_HEAP_SHIFT)
#define TYPE_FUNCREF TYPE_REF(1, TYPE_ABSTRACT | 0x70)
#define TYPE_EXTERNREF TYPE_REF(1, TYPE_ABSTRACT | 0x6f)

static inline bool type_is_reference(uint32_t type)
{
	return (type & 0xff) == 'R';
}

enum {
	MAX_ARITY = 5,
	MAX_TYPES = 60,
	MAX_FUNCTIONS = 40,
	MAX_GLOBALS = 60,
	MAX_TABLES = 3,
	MAX_MEMORIES = 3,
	MAX_SEGMENTS = 4,
	MAX_BODY_LOCALS = 64,
	MAX_LABELS = 40,
	MAX_ELEMENTS = 12,
	FAVOURITES = 4,
	MAX_FIELDS = 5,
	MAX_COMPOSITES = 8,
	MAX_TAGS = 3,
};

struct function_type {
	uint8_t parameter_count, result_count;
	uint32_t parameters[MAX_ARITY], results[MAX_ARITY];
};

/* A field of a structure, or the elements of an array. */
struct field {
	uint32_t type; /* a value type, or 'b' and 'h' for those packed in 8 and 16 bits */
	bool is_mutable;
};

/* A structure or array type; its index is a type's. */
struct composite {
	bool is_array, is_final;
	int super;     /* index of the type it extends; -1: none */
	uint8_t group; /* length of the recursive group that begins here; 0: none does */
	uint8_t field_count;
	struct field fields[MAX_FIELDS];
};

/* The parts of a body's state that are open at a place: block, loop or function. */
struct label {
	uint8_t count; /* of the values a branch takes along */
	uint32_t types[MAX_ARITY];
	bool is_loop;
};

struct local {
	uint32_t type;
	bool reserved; /* a counter or scratch: never set at random */
	bool hidden;   /* scratch: never read at random either, for NaNs pass through it */
};

struct body {
	struct buffer code; /* owned until the module is put together */
	struct local locals[MAX_BODY_LOCALS];
	unsigned local_count, parameter_count;
	struct label labels[MAX_LABELS]; /* [0]: the function's results */
	unsigned label_count;
	int budget;       /* operators still to be spent */
	unsigned counted; /* nesting of counted loops: no calls, no fuel inside */
	unsigned counter; /* local of the innermost counted loop */
	unsigned scratch[128]; /* letter -> 1 + local for canonicalising and reordering; 0: none */
};

struct function {
	unsigned type;
	struct buffer code; /* complete entry of the code section; owned */
};

struct global {
	uint32_t type;
	bool is_mutable;
	uint64_t low, high; /* initial value: bits; references: function index + 1 or 0 */
	bool reserved; /* fuel and arguments: never set at random */
};

struct table {
	uint32_t type;
	uint32_t minimum, maximum;
	bool is_wide;
};

struct memory {
	uint32_t minimum, maximum; /* pages */
	bool is_wide, is_shared;
	unsigned page_shift;
};

struct data_segment {
	bool is_active;
	uint32_t memory, offset, length;
	uint8_t bytes[64];
};

struct element_segment {
	bool is_active;
	uint32_t table, offset, count;
	uint32_t type;
	uint32_t functions[MAX_ELEMENTS]; /* index + 1, 0: null */
};

/* What a module is about: percentages and switches drawn once, so that modules differ. */
struct profile {
	unsigned control, calls, memory, loops, floats, integers, references, vectors, objects;
	unsigned exceptions;
	unsigned traps;
	unsigned size; /* operators a function, about */
	bool is_legacy; /* exceptions as first proposed; the two do not mix */
	bool is_private; /* has what V8 has not, or what engines may choose: not compared */
};

struct generator {
	struct random random;
	struct profile profile;
	uint32_t *coverage; /* [OP_COUNT], borrowed */
	/* Operators this module has for certain: they go round by module number. */
	enum op favourites[FAVOURITES];
	struct composite composites[MAX_COMPOSITES];
	unsigned composite_count;
	unsigned tags[MAX_TAGS]; /* types */
	unsigned tag_count;
	struct function_type types[MAX_TYPES]; /* the first composite_count are not functions */
	unsigned type_count;
	struct function functions[MAX_FUNCTIONS]; /* imported first */
	unsigned function_count, imported_count;
	unsigned guest_first, guest_count; /* functions that may be called */
	struct global globals[MAX_GLOBALS];
	unsigned global_count;
	struct table tables[MAX_TABLES];
	unsigned table_count;
	struct memory memories[MAX_MEMORIES];
	unsigned memory_count;
	struct data_segment data[MAX_SEGMENTS];
	unsigned data_count;
	struct element_segment elements[MAX_SEGMENTS];
	unsigned element_count;
	unsigned call_count; /* wrappers c0, c1... */
	struct body *body; /* at hand; borrowed */
};

/* Imported functions, in this order: what they take is recorded. */
enum { RECORD_I32, RECORD_I64, RECORD_F32, RECORD_F64, HOST_MIX, IMPORT_COUNT };

/* Units of fuel a call from outside has: loops take one a turn, functions FUEL_FUNCTION. */
enum { FUEL = 300, FUEL_FUNCTION = 8, FUEL_LOOP = 1, GLOBAL_FUEL = 0 };

#endif
