/*
 * ustar.h: the archives that backups are: tar, in POSIX' first format, regular files only. Written
 * and read from the beginning to the end, by a descriptor. Not by libarchive, as uploads are: to
 * that an archive which was cut between two files is a whole one, and a backup must not be.
 */
#ifndef SELVAGE_PLATFORM_USTAR_H
#define SELVAGE_PLATFORM_USTAR_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct ustar_entry {
	char name[101];
	uint64_t size;
};

/*
 * Add a file of `size` bytes, read from `from`; `digest` (may be NULL) gets to see them. False with
 * `error`, also if there are fewer.
 */
SV_MUST_USE bool ustar_add(int archive, const struct ustar_entry *entry, int from,
		EVP_MD_CTX *digest, struct sv_error *error);

/* The end of it. */
SV_MUST_USE bool ustar_end(int archive, struct sv_error *error);

/* The next file; `found` false at the end. */
SV_MUST_USE bool ustar_next(int archive, struct ustar_entry *entry, bool *found,
		struct sv_error *error);

/* What it holds, written to `to`, once behind each ustar_next. */
SV_MUST_USE bool ustar_extract(int archive, const struct ustar_entry *entry, int to,
		EVP_MD_CTX *digest, struct sv_error *error);

#endif
