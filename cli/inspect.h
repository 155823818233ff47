/*
 * inspect.h: what a module or an artifact holds, as a JSON object with the same members for
 * both. cmd_inspect.c prints it, as JSON or to be read.
 *
 *   kind       "module" or "artifact"          name      from the name section
 *   imports    [{module, name, kind, type}]    exports   [{name, kind, type}]
 *   memories, tables, globals  [{index, imported, type}]
 *   functions  {imported, own}                 data      {segments, bytes}
 *   elements   number of segments              start     function index, if there is one
 *   code_bytes of all bodies, or of machine code
 *
 * Only a module has: valid, error (if not valid), features.
 * Only an artifact has: compiler, abi, target, cpu, bounds, level, image_bytes, snapshot.
 */
#ifndef SELVAGE_CLI_INSPECT_H
#define SELVAGE_CLI_INSPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/artifact.h"
#include "abi/types.h"
#include "base/bytes.h"
#include "base/error.h"

/* Describe a binary module; NULL with `error` if it can't be decoded. */
json_t *inspect_module(struct sv_bytes bytes, struct sv_error *error);

/* Describe an artifact without loading it; NULL with `error` if it is not one, or damaged. */
json_t *inspect_artifact(struct sv_bytes bytes, struct sv_error *error);

/* ---- parts of both ---- */

/* Text of a type is collected here; what does not fit is cut with "...". */
struct type_text {
	char text[512];
};

/* "(i32 i64) -> (f32)"; `code` yields the byte of a type. */
struct type_text inspect_function_type(const uint32_t *parameters, size_t parameter_count,
		const uint32_t *results, size_t result_count);

/* "1 to 16 pages (64 KiB to 1 MiB)" */
struct type_text inspect_memory_type(const struct sv_limits_record *limits);

/* "funcref, 2 to 10 entries" */
struct type_text inspect_table_type(enum sv_type element, const struct sv_limits_record *limits);

/* "mutable i32" */
struct type_text inspect_global_type(enum sv_type type, bool is_mutable);

json_t *inspect_import(struct sv_bytes module, struct sv_bytes name, enum sv_extern_kind kind,
		const struct type_text *type);
json_t *inspect_export(struct sv_bytes name, enum sv_extern_kind kind,
		const struct type_text *type);

/* Append a row about memory, table or global `index` to `list`. */
void inspect_append(json_t *list, uint32_t index, bool imported, const struct type_text *type);

#endif
