/*
 * module_open.h: a module from a file in any of its forms, told apart by content: an artifact
 * (ELF), the binary format, or the text format.
 */
#ifndef SELVAGE_CLI_MODULE_OPEN_H
#define SELVAGE_CLI_MODULE_OPEN_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "cli/compile_flags.h"

struct sv_engine;
struct sv_artifact;

enum module_form {
	MODULE_ARTIFACT,
	MODULE_BINARY,
	MODULE_TEXT,
};

/* What these bytes are; what is neither of the three, or is a component, is refused. */
SV_MUST_USE bool module_find_form(struct sv_bytes bytes, enum module_form *form,
		struct sv_error *error);

/*
 * Read `path` ("-": standard input). Text becomes binary; what is neither of the three forms, or
 * is a component, is refused. `bytes` is an empty buffer; the caller finishes it in any case.
 */
SV_MUST_USE bool module_read_file(const char *path, struct buffer *bytes, enum module_form *form,
		struct sv_error *error);

/* The same where only a module will do: an artifact is refused. */
SV_MUST_USE bool module_read_binary(const char *path, struct buffer *bytes, struct sv_error *error);

/* What messages call the file at `path`. */
const char *module_label(const char *path);

/* The last part of a path, for the name of a module. */
const char *module_base_name(const char *path);

/* True if `path` is a regular file that begins like an artifact. */
bool module_is_artifact(const char *path);

/*
 * Load the artifact at `path`, or compile the module there and load the result without leaving
 * a file behind. The artifact is the caller's. NULL with `error` on failure; its text starts
 * with the path.
 */
struct sv_artifact *module_open(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct sv_error *error);

/* Compile a binary module, which messages name after `path`, to the end of `output`. */
SV_MUST_USE bool module_compile(const char *path, const struct compile_flags *flags,
		struct sv_bytes module, struct buffer *output, struct sv_error *error);

/* Load an artifact that is in memory; NULL with `error`. */
struct sv_artifact *module_load_bytes(struct sv_engine *engine, const char *path,
		struct sv_bytes bytes, struct sv_error *error);

#endif
