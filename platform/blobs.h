/*
 * blobs.h: files named by the SHA-256 of what they hold, in one folder. A name says all there is
 * to know of a file, so none is ever changed. A file is put first, then referred to; between
 * blobs_hold and blobs_let_go, nothing is swept. Any thread.
 */
#ifndef SELVAGE_PLATFORM_BLOBS_H
#define SELVAGE_PLATFORM_BLOBS_H

#include <openssl/types.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* A name in hexadecimal, NUL-terminated. */
#define BLOB_NAME_SIZE 65

struct blobs {
	const char *folder;    /* borrowed */
	pthread_rwlock_t lock; /* shared by those who put, for one alone who sweeps */
	/* Is it referred to? */
	bool (*is_used)(void *data, const char *name);
	void *data; /* borrowed */
};

void blobs_init(struct blobs *blobs, const char *folder,
		bool (*is_used)(void *data, const char *name), void *data);
void blobs_finish(struct blobs *blobs);

/* From before a blob is put until it is referred to. */
void blobs_hold(struct blobs *blobs);
void blobs_let_go(struct blobs *blobs);

/* The name of `bytes`. */
void blob_name(struct sv_bytes bytes, char name[static BLOB_NAME_SIZE]);

/* The name of what a SHA-256 digest has seen. */
SV_MUST_USE bool blob_digest_end(EVP_MD_CTX *digest, char name[static BLOB_NAME_SIZE],
		struct sv_error *error);

/*
 * Keep `bytes`: on the disk, file and folder, when this returns true. A file of that name is
 * replaced, by the same unless it was damaged, and those who have it open keep it.
 */
SV_MUST_USE bool blobs_put(const struct blobs *blobs, struct sv_bytes bytes,
		char name[static BLOB_NAME_SIZE], struct sv_error *error);

/* The path of a blob into `path`; false if it would not fit. */
SV_MUST_USE bool blobs_path(const struct blobs *blobs, const char *name, char *path, size_t size,
		struct sv_error *error);

/* Remove one that nothing refers to, such as after a failure. Not while this thread holds. */
void blobs_drop(struct blobs *blobs, const char *name);

/*
 * Have no process remove any of this folder until the descriptor that is returned is closed; -1
 * with `error`.
 */
int blobs_keep(const char *folder, struct sv_error *error);

/*
 * Remove all that nothing refers to, and what writing left behind when it was cut short;
 * `*is_clean` false if some were left because others put at that time, or keep them.
 */
SV_MUST_USE bool blobs_sweep(struct blobs *blobs, bool *is_clean, struct sv_error *error);

#endif
