/*
 * bundle.h: the files of a project, one behind the other: what an archive becomes when it is
 * unpacked, so that whoever reads it afterwards needs no reader of archives.
 */
#ifndef SELVAGE_PLATFORM_BUNDLE_H
#define SELVAGE_PLATFORM_BUNDLE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Longest path that a bundle has, with its NUL. */
#define BUNDLE_PATH_SIZE 1025

struct bundle_file {
	char path[BUNDLE_PATH_SIZE]; /* relative, without "." and ".." */
	struct sv_bytes content;     /* a view */
};

/*
 * Begin a file of `size` bytes, which the caller appends. What a path has too much ("./", "//") is
 * left out. INVALID for one that is absolute, empty or leads out, or has a control character.
 */
SV_MUST_USE bool bundle_begin(struct buffer *bundle, const char *path, uint64_t size,
		struct sv_error *error);

/* The same with its content. */
SV_MUST_USE bool bundle_add(struct buffer *bundle, const char *path, struct sv_bytes content,
		struct sv_error *error);

/* Take the next file off `rest`; `found` false at the end. INVALID if that is no bundle. */
SV_MUST_USE bool bundle_next(struct sv_bytes *rest, struct bundle_file *file, bool *found,
		struct sv_error *error);

/* The first file with this path; false if there is none. */
bool bundle_find(struct sv_bytes bundle, const char *path, struct bundle_file *file);

#endif
