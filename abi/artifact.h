/*
 * artifact.h: the records inside an artifact, an ELF shared object with one dynamic symbol,
 * `selvage_artifact`, which is a struct sv_artifact_header.
 *
 * Everything is read in place: plain little-endian records with offsets instead of pointers, so
 * that the object needs no dynamic relocation. A span's offset counts from the first byte of the
 * header. Strings are spans of bytes, not NUL-terminated (names may hold any character).
 *
 * The note section SV_NOTE_SECTION carries what must be checked before the object may be
 * mapped: struct sv_artifact_note.
 */
#ifndef SELVAGE_ABI_ARTIFACT_H
#define SELVAGE_ABI_ARTIFACT_H

#include <stdint.h>

#include "abi/limits.h"
#include "abi/profile.h"

#define SV_ARTIFACT_SYMBOL "selvage_artifact"
#define SV_ARTIFACT_MAGIC UINT64_C(0x31656761766c6573) /* "selvage1", little-endian */

#define SV_NOTE_SECTION ".note.selvage" /* SHT_NOTE */
#define SV_NOTE_OWNER "Selvage"
#define SV_NOTE_TYPE 1u

/* The last segment, read-only: the page-aligned image, mapped into memories, then state.def. */
#define SV_IMAGE_SECTION ".selvage.image"

#define SV_NO_INDEX UINT32_MAX

struct sv_span {
	int32_t offset; /* bytes from the start of the header */
	uint32_t count; /* elements; bytes where the element is a byte */
};

/* A name: bytes in `strings`. */
struct sv_name {
	uint32_t offset; /* into strings */
	uint32_t length;
};

/*
 * A type. Its codes are in `type_codes`, one enum sv_type each: parameters, then results; or
 * the fields, with SV_FIELD_MUTABLE where it applies; or the one field of an array. Types of
 * one recursive group follow each other and have the same `group`; heap types in the codes
 * are indices of the module's types, at most the last of the group.
 */
struct sv_type_record {
	uint32_t offset;          /* into type_codes */
	uint16_t parameter_count; /* or number of fields */
	uint16_t result_count;
	uint8_t kind; /* enum sv_type_kind */
	uint8_t is_final;
	uint16_t reserved;
	uint32_t supertype; /* index below its own, or SV_NO_INDEX */
	uint32_t group;     /* index of the first type of its group */
};

/* Beside the code of a field's type: no code has this bit. */
#define SV_FIELD_MUTABLE 0x80u

struct sv_limits_record {
	uint64_t minimum; /* pages or entries */
	uint64_t maximum;
	uint8_t has_maximum;
	uint8_t is_64;     /* addresses or indices are i64 */
	uint8_t is_shared; /* memories */
	uint8_t page_log2; /* memories: SV_WASM_PAGE_LOG2 or 0 */
	uint32_t reserved;
};

/* What a constant expression yields. */
enum sv_constant_kind {
	SV_CONSTANT_BITS = 0,       /* value: the bits of a number */
	SV_CONSTANT_GLOBAL = 1,     /* value: index of a global already initialised */
	SV_CONSTANT_FUNCTION = 2,   /* value: function index */
	SV_CONSTANT_NULL = 3,
	SV_CONSTANT_CODE = 4,       /* value: index into `constants`, code that computes it */
};

struct sv_constant {
	uint32_t kind;
	uint32_t type; /* enum sv_type; of a global, see there */
	uint64_t value;
	uint64_t high; /* upper half of a v128's bits */
};

struct sv_table_record {
	struct sv_limits_record limits;
	uint32_t element_type; /* enum sv_type */
	uint32_t has_initial;
	struct sv_constant initial; /* of all entries, if has_initial */
};

struct sv_memory_record {
	struct sv_limits_record limits;
	uint32_t first_extent; /* the initial image: extents[first .. first + count) */
	uint32_t extent_count;
};

struct sv_global_record {
	uint32_t type; /* enum sv_type */
	uint32_t mutable;
	struct sv_constant initial; /* own globals only */
};

struct sv_import_record {
	struct sv_name module;
	struct sv_name name;
	uint32_t kind;  /* enum sv_extern_kind */
	uint32_t index; /* function: type index; else index into tables/memories/globals */
};

struct sv_export_record {
	struct sv_name name;
	uint32_t kind;  /* enum sv_extern_kind */
	uint32_t index; /* in the module's index space of that kind */
};

struct sv_function_record {
	uint32_t type;       /* index into types */
	uint32_t reference;  /* index among functions that can be referred to, or SV_NO_INDEX */
	struct sv_name name; /* from the name section, else the first export; may be empty */
	uint32_t wasm_offset; /* of the body in the module; 0 for imports */
	uint32_t reserved;
};

enum sv_segment_mode {
	SV_SEGMENT_PASSIVE = 0,
	SV_SEGMENT_ACTIVE = 1,
	SV_SEGMENT_DECLARED = 2, /* element segments only */
	SV_SEGMENT_IMAGE = 3,    /* data segments only: active, already in the memory's image */
};

struct sv_data_record {
	uint32_t mode;
	uint32_t memory;
	struct sv_constant address; /* active only */
	uint32_t offset;            /* into segment_bytes */
	uint32_t length;
};

struct sv_tag_record {
	uint32_t type; /* index of a function type without results */
	uint32_t reserved;
};

struct sv_element_record {
	uint32_t mode;
	uint32_t table;
	struct sv_constant index; /* active only */
	uint32_t type;            /* enum sv_type of the items */
	uint32_t first_item;      /* items: items[first .. first + count) */
	uint32_t item_count;
	uint32_t reserved;
};

/* A run of pages of a memory's initial contents. */
struct sv_extent_record {
	uint64_t address;  /* guest address, multiple of SV_HOST_PAGE */
	uint32_t offset;   /* into image, multiple of SV_HOST_PAGE */
	uint32_t length;   /* bytes, multiple of SV_HOST_PAGE */
};

enum sv_artifact_flag {
	SV_ARTIFACT_OBJECTS = 1, /* code may hold references to objects: it needs a root stack */
	SV_ARTIFACT_PROPAGATES = 2, /* code looks for an exception behind calls that may throw */
	/* Of its segments only those are active that hold state, behind the module's own. */
	SV_ARTIFACT_SNAPSHOT = 4,
	SV_ARTIFACT_FUEL = 8, /* code counts its operators */
};

struct sv_artifact_header {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t header_size;
	uint32_t bounds; /* enum sv_bounds */
	uint32_t optimisation; /* 0..3 */
	uint32_t flags; /* enum sv_artifact_flag */
	uint32_t reserved;
	uint32_t start;  /* function index, or SV_NO_INDEX */
	uint32_t imported_functions, imported_tables, imported_memories, imported_globals;
	uint32_t imported_tags;
	uint32_t reference_count; /* functions with a reference number */
	struct sv_span types;         /* struct sv_type_record */
	struct sv_span type_codes; /* uint32_t */
	struct sv_span imports;       /* struct sv_import_record */
	struct sv_span exports;       /* struct sv_export_record */
	struct sv_span functions;     /* struct sv_function_record: imported, then own */
	struct sv_span tables;        /* struct sv_table_record: imported, then own */
	struct sv_span memories;      /* struct sv_memory_record: imported, then own */
	struct sv_span globals;       /* struct sv_global_record: imported, then own */
	struct sv_span tags;          /* struct sv_tag_record: imported, then own */
	struct sv_span data;          /* struct sv_data_record */
	struct sv_span elements;      /* struct sv_element_record */
	struct sv_span items;         /* struct sv_constant */
	struct sv_span extents;       /* struct sv_extent_record */
	struct sv_span profile; /* struct sv_profile_record: own functions, or none */
	struct sv_span profile_module; /* uint8_t: SV_PROFILE_DIGEST of the module, or none */
	struct sv_span strings;       /* uint8_t */
	struct sv_span segment_bytes; /* uint8_t */
	struct sv_span image;         /* uint8_t, page-aligned, in SV_IMAGE_SECTION */
	/*
	 * Code: arrays of int32_t, each the distance in bytes from its own array to code: of own
	 * functions; for each type; of compiled constant expressions.
	 */
	struct sv_span code;
	struct sv_span entries; /* sv_entry_stub */
	struct sv_span thunks;  /* host thunks */
	struct sv_span constants; /* sv_entry_stub; leaves the value in values[0] */
	/* Text of this artifact: [code_start, code_end) as distances from the header. */
	int32_t text_start, text_end;
	struct sv_name module_name; /* from the name section; may be empty */
};

/*
 * Descriptor of the ELF note. `checksum` is zlib's crc32 over the whole file with
 * these four bytes taken as zero. `cpu` is a comma-separated list of features the code
 * needs, as in /proc/cpuinfo terms of LLVM ("avx2,bmi2"), NUL-terminated.
 */
struct sv_artifact_note {
	uint32_t abi_version;
	uint32_t checksum;
	uint32_t bounds;
	uint32_t optimisation;
	char compiler[24]; /* version of Selvage that made it, NUL-terminated */
	char target[16];   /* "x86_64", NUL-terminated */
	char cpu[512];
};

#endif
