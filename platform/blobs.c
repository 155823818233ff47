/*
 * blobs.c: see blobs.h.
 */
#include "platform/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

void blob_name(struct sv_bytes bytes, char name[static BLOB_NAME_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256(bytes.data, bytes.length, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(name + 2 * i, 3, "%02x", digest[i]);
}

bool blobs_path(const struct blobs *blobs, const char *name, char *path, size_t size,
		struct sv_error *error)
{
	int length = snprintf(path, size, "%s/%s", blobs->folder, name);
	if (length < 0 || (size_t)length >= size)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	return true;
}

bool blobs_put(const struct blobs *blobs, struct sv_bytes bytes, char name[static BLOB_NAME_SIZE],
		struct sv_error *error)
{
	char path[4096];
	struct stat status;
	blob_name(bytes, name);
	TRY(blobs_path(blobs, name, path, sizeof path, error));
	if (stat(path, &status) == 0 && (size_t)status.st_size == bytes.length)
		return true;
	return file_write(path, bytes, 0600, error) && folder_sync(blobs->folder, error);
}

void blobs_init(struct blobs *blobs, const char *folder,
		bool (*is_used)(void *data, const char *name), void *data)
{
	*blobs = (struct blobs){.folder = folder, .is_used = is_used, .data = data};
	pthread_rwlock_init(&blobs->lock, NULL);
}

void blobs_finish(struct blobs *blobs)
{
	pthread_rwlock_destroy(&blobs->lock);
}

void blobs_hold(struct blobs *blobs)
{
	pthread_rwlock_rdlock(&blobs->lock);
}

void blobs_let_go(struct blobs *blobs)
{
	pthread_rwlock_unlock(&blobs->lock);
}

void blobs_drop(struct blobs *blobs, const char *name)
{
	char path[4096];
	if (!blobs_path(blobs, name, path, sizeof path, NULL))
		return;
	pthread_rwlock_wrlock(&blobs->lock);
	if (!blobs->is_used(blobs->data, name))
		(void)unlink(path); /* the next sweep will */
	pthread_rwlock_unlock(&blobs->lock);
}

bool blobs_sweep(struct blobs *blobs, bool *is_clean, struct sv_error *error)
{
	DIR *folder = opendir(blobs->folder);
	if (!folder)
		return sv_fail_errno(error, "cannot read %s", blobs->folder);
	struct dirent *entry;
	*is_clean = true;
	while ((entry = readdir(folder))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		/* The lock is for one file at a time, so that those who put do not wait. */
		if (pthread_rwlock_trywrlock(&blobs->lock) != 0) {
			*is_clean = false;
			continue;
		}
		if (!blobs->is_used(blobs->data, entry->d_name))
			*is_clean = unlinkat(dirfd(folder), entry->d_name, 0) == 0 && *is_clean;
		pthread_rwlock_unlock(&blobs->lock);
	}
	closedir(folder);
	return true;
}
