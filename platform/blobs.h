/*
 * blobs.h: files named by the SHA-256 of what they hold, in one folder. A name says all there is
 * to know of a file, so none is ever changed. Any thread.
 */
#ifndef SELVAGE_PLATFORM_BLOBS_H
#define SELVAGE_PLATFORM_BLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* A name in hexadecimal, NUL-terminated. */
#define BLOB_NAME_SIZE 65

struct blobs {
	const char *folder; /* borrowed */
};

/* The name of `bytes`. */
void blob_name(struct sv_bytes bytes, char name[static BLOB_NAME_SIZE]);

/* Keep `bytes`: on the disk, file and folder, when this returns true. */
SV_MUST_USE bool blobs_put(const struct blobs *blobs, struct sv_bytes bytes,
		char name[static BLOB_NAME_SIZE], struct sv_error *error);

/* The path of a blob into `path`; false if it would not fit. */
SV_MUST_USE bool blobs_path(const struct blobs *blobs, const char *name, char *path, size_t size,
		struct sv_error *error);

/* Remove all for which `is_used` says no, and what writing left behind when it was cut short. */
SV_MUST_USE bool blobs_sweep(const struct blobs *blobs,
		bool (*is_used)(void *data, const char *name), void *data, struct sv_error *error);

#endif
