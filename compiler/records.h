/*
 * records.h: the records of an artifact (abi/artifact.h), built from a module.
 */
#ifndef SELVAGE_COMPILER_RECORDS_H
#define SELVAGE_COMPILER_RECORDS_H

#include <stdio.h>

#include "abi/artifact.h"
#include "abi/layout.h"
#include "base/bytes.h"
#include "compiler/module.h"

/* Initial contents of the memories: page-aligned runs, and which segments they hold. */
struct image {
	struct buffer bytes;                /* multiple of SV_HOST_PAGE long */
	struct buffer extents;              /* struct sv_extent_record */
	struct sv_memory_record *memories;  /* owned; one per memory, limits not filled in */
	bool *folded;                       /* owned; by data segment: in the image */
};

/*
 * Lay out the image. Memories get one if all active segments of the module have constant places
 * inside the minimum sizes, so that instantiating could not have trapped.
 */
SV_MUST_USE bool image_build(struct image *image, const struct module *module,
		struct sv_error *error);
void image_finish(struct image *image);

struct effects;
struct profile_plan;
struct sv_compile_options;

/*
 * The header and everything it points to but code and image, as bytes; the header is at 0 and
 * the spans code, entries, thunks, image and the text bounds are left for the linker. Spans of
 * abi/state.def count from the start of `state` until then.
 */
struct records {
	struct buffer bytes;
	struct buffer state;
	struct buffer strings;
	struct sv_artifact_header header;
};

SV_MUST_USE bool records_build(struct records *records, const struct module *module,
		const struct image *image, const struct effects *effects,
		const struct profile_plan *plan, const struct sv_compile_options *options,
		struct sv_error *error);
void records_finish(struct records *records);

/* Print what the artifact's header says, a line each. */
void records_dump(const struct records *records, FILE *file);

#endif
