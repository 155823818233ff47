/*
 * artifact.h: a loaded artifact, and checked access to its records.
 */
#ifndef SELVAGE_RUNTIME_ARTIFACT_H
#define SELVAGE_RUNTIME_ARTIFACT_H

#include <pthread.h>
#include <sys/types.h>

#include "abi/artifact.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/profile.h"
#include "runtime/selvage.h"
#include "runtime/type.h"

struct defined_type;
struct symbols;

/* Loaded segments that an artifact may have; the linker makes four. */
#define ARTIFACT_LOADS 8

/* A part of the file that is mapped; what is between two of them is of no use. */
struct artifact_load {
	uint64_t address, size; /* counted from the bias */
	uint64_t offset;        /* in the file */
	bool is_code;
};

struct sv_artifact {
	struct sv_engine *engine;
	char *name;   /* owned: of the file, for messages */
	int fd;       /* owned: the sealed copy */
	const struct sv_artifact_header *header;
	uintptr_t bias;                 /* where it is mapped: address - address in the file */
	uint64_t mapped_size;           /* 0: not yet */
	uintptr_t text_start, text_end; /* of its code */
	struct artifact_load loads[ARTIFACT_LOADS];
	off_t image_offset;             /* of `image` in the file */
	const struct defined_type **types; /* owned; by the module's type index */
	struct sv_context_counts counts;
	struct sv_context_layout layout;
	bool has_active_data; /* some data segment is not in the image */
	pthread_mutex_t profile_lock;
	struct profile profile; /* counts of instances that have ended, under the lock: counts.c */
	pthread_mutex_t symbols_lock;
	struct symbols *symbols; /* owned, made at the first trap, under the lock */
};

/* What elf checking found: where things are in the file. */
struct artifact_elf {
	struct sv_artifact_note note;
	uint64_t note_address; /* of the descriptor, as all addresses here counted from the bias */
	uint64_t header_address; /* which may be anywhere */
	uint64_t image_address, image_offset, image_size; /* size 0: no image */
	uint64_t text_address, text_size;                 /* all executable segments */
	uint64_t high; /* end of all loaded segments; they begin at 0 */
	struct artifact_load loads[ARTIFACT_LOADS];
	unsigned load_count;
};

/*
 * Check that `bytes`, the whole file, may be mapped into the process: form, machine, note,
 * checksum, nothing that runs or binds at load. Nothing is executed or trusted. Whether this CPU
 * has what the code needs is cpu_check's part.
 */
SV_MUST_USE bool artifact_elf_check(struct sv_bytes bytes, struct artifact_elf *elf,
		struct sv_error *error);

/* True if these bytes are in one loaded segment of a mapped artifact. */
bool artifact_holds(const struct sv_artifact *artifact, uintptr_t start, uint64_t size);

/* Check that each record of a mapped artifact is inside it and refers to what exists. */
SV_MUST_USE bool artifact_records_check(const struct sv_artifact *artifact, struct sv_error *error);

/* Check the types in the records, which are known by now, against each other. */
SV_MUST_USE bool artifact_values_check(const struct sv_artifact *artifact, struct sv_error *error);

/* Check the note's feature list against this machine. */
SV_MUST_USE bool cpu_check(const char *features, struct sv_error *error);

static inline bool artifact_propagates(const struct sv_artifact *artifact)
{
	return artifact->header->flags & SV_ARTIFACT_PROPAGATES;
}

static inline enum propagation artifact_propagation(const struct sv_artifact *artifact)
{
	return artifact_propagates(artifact) ? PROPAGATION_YES : PROPAGATION_NO;
}

/* First element of a span. */
static inline const void *artifact_span(const struct sv_artifact *artifact, struct sv_span span)
{
	return (const char *)artifact->header + span.offset;
}

/* Typed access to the arrays: artifact_types(artifact)[index] and so on. */
#define ARTIFACT_ARRAY(name, type) \
	static inline const type *artifact_##name(const struct sv_artifact *artifact) \
	{ \
		return artifact_span(artifact, artifact->header->name); \
	}
#include "runtime/artifact_arrays.def"
#undef ARTIFACT_ARRAY

/* Code of function `index` (an own one), entry stub and host thunk of type `index`. */
void *artifact_function_code(const struct sv_artifact *artifact, uint32_t index);
sv_entry_stub artifact_entry(const struct sv_artifact *artifact, uint32_t type);
void *artifact_thunk(const struct sv_artifact *artifact, uint32_t type);
/* Code of a compiled constant expression. */
sv_entry_stub artifact_expression(const struct sv_artifact *artifact, uint32_t index);

/* Bytes of a name. */
const char *artifact_string(const struct sv_artifact *artifact, struct sv_name name);

/* Limits of the API in the form of a record, with pages of 64 KiB. */
struct sv_limits_record artifact_limits_record(struct sv_size_limits limits);

/* The export of this name and kind (`kind` -1: any), or NULL. */
const struct sv_export_record *artifact_find_export(const struct sv_artifact *artifact,
		const char *name, size_t length, int kind);

#endif
