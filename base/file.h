/*
 * file.h: whole files in, whole files out.
 */
#ifndef SELVAGE_BASE_FILE_H
#define SELVAGE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/*
 * Append the contents of the file at `path` ("-" is standard input) to `buffer`,
 * whose limit holds. On failure the report names the file; the buffer may hold a part.
 */
SV_MUST_USE bool file_read(const char *path, struct buffer *buffer, struct sv_error *error);

/* The same of what is open, from where it is; `name` is for reports. */
SV_MUST_USE bool file_read_descriptor(int fd, const char *name, struct buffer *buffer,
		struct sv_error *error);

/*
 * Write a file so that `path` shows either what was there before or all of
 * `bytes`, never a part: a temporary file in the same folder, fsync, rename.
 * `mode` is that of open(2). On failure nothing is left behind.
 */
SV_MUST_USE bool file_write(const char *path, struct sv_bytes bytes, unsigned mode,
		struct sv_error *error);

/* A new name is durable when its folder is: have `folder` on the disk. */
SV_MUST_USE bool folder_sync(const char *folder, struct sv_error *error);

#endif
