/*
 * assets.h: the static files of a version: one bundle, mapped, with a table of what is in it. They
 * never change, so any number of threads may read them.
 */
#ifndef SELVAGE_PLATFORM_ASSETS_H
#define SELVAGE_PLATFORM_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct assets;

/* Most files of a version. */
#define ASSETS_MOST 5000

struct asset {
	struct sv_bytes path;    /* without "assets/" in front */
	struct sv_bytes content;
	const char *type;        /* constant */
	char etag[36];           /* strong, with its quotes */
};

/* Bytes of the settings that a version brings. */
#define SETTINGS_FILES_MOST (8u * 1024 * 1024)

/*
 * Take the files below assets/ out of a project into a bundle of their own, with fastly.toml and
 * the files that it names; empty if there are none. LIMIT if there are more than ASSETS_MOST, one
 * is larger than `most` bytes, or the settings are larger than SETTINGS_FILES_MOST.
 */
SV_MUST_USE bool assets_collect(struct sv_bytes project, uint64_t most, struct buffer *bundle,
		struct sv_error *error);

/* Map the bundle in a file. NULL with `error`. */
struct assets *assets_open(const char *path, struct sv_error *error);
void assets_close(struct assets *assets); /* NULL is allowed */

/* A file of the version's settings; no request gets it. False: there is none of this path. */
SV_MUST_USE bool assets_setting(const struct assets *assets, const char *path,
		struct sv_bytes *content);

/*
 * The file for the path of a request, with "/" in front and its escapes; that of a path with "/" at
 * its end is index.html. NULL if there is none.
 */
const struct asset *assets_find(const struct assets *assets, struct sv_bytes path);

#endif
