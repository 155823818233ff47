/*
 * blobs.c: see blobs.h.
 */
#include "platform/blobs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static void name_write(const unsigned char digest[static SHA256_DIGEST_LENGTH],
		char name[static BLOB_NAME_SIZE])
{
	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(name + 2 * i, 3, "%02x", digest[i]);
}

void blob_name(struct sv_bytes bytes, char name[static BLOB_NAME_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256(bytes.data, bytes.length, digest);
	name_write(digest, name);
}

bool blob_digest_end(EVP_MD_CTX *context, char name[static BLOB_NAME_SIZE], struct sv_error *error)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	if (EVP_DigestFinal_ex(context, digest, NULL) != 1)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot take a digest");
	name_write(digest, name);
	return true;
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
	blob_name(bytes, name);
	TRY(blobs_path(blobs, name, path, sizeof path, error));
	/* Written also if it is there: how long this takes does not say what others have. */
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

/* The folder, locked; -1 if it cannot be. */
static int folder_lock(const char *folder, int how)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, how) == 0)
		return fd;
	close(fd);
	return -1;
}

int blobs_keep(const char *folder, struct sv_error *error)
{
	int fd = folder_lock(folder, LOCK_SH);
	if (fd < 0)
		sv_fail_errno(error, "cannot open %s", folder);
	return fd;
}

void blobs_drop(struct blobs *blobs, const char *name)
{
	pthread_rwlock_wrlock(&blobs->lock);
	int folder = folder_lock(blobs->folder, LOCK_EX | LOCK_NB);
	if (folder >= 0 && !blobs->is_used(blobs->data, name))
		(void)unlinkat(folder, name, 0); /* the next sweep will */
	if (folder >= 0)
		close(folder);
	pthread_rwlock_unlock(&blobs->lock);
}

bool blobs_sweep(struct blobs *blobs, bool *is_clean, struct sv_error *error)
{
	DIR *folder = opendir(blobs->folder);
	if (!folder)
		return sv_fail_errno(error, "cannot read %s", blobs->folder);
	if (flock(dirfd(folder), LOCK_EX | LOCK_NB) != 0) {
		*is_clean = false;
		closedir(folder);
		return true;
	}
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
