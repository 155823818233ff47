/*
 * piece_cache.c: see piece_cache.h. A file is the SHA-256 of an object and the object; its name is
 * that of the key and of the compiler. One that is not what its digest says is removed.
 */
#include "cli/piece_cache.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/user_folder.h"

enum { DIGEST = 32, NAME = 2 * DIGEST + 2 };

static bool cache_digest(const void *first, size_t first_length, struct sv_bytes second,
		uint8_t digest[DIGEST])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
			EVP_DigestUpdate(context, first, first_length) == 1 &&
			EVP_DigestUpdate(context, second.data, second.length) == 1 &&
			EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	return done;
}

static bool cache_path(const struct piece_cache *cache, const uint8_t *key,
		char path[sizeof cache->folder + NAME + 2])
{
	uint8_t name[DIGEST];
	TRY(cache_digest(cache->compiler, DIGEST, (struct sv_bytes){key, DIGEST}, name));
	int length = sprintf(path, "%s/", cache->folder);
	for (size_t i = 0; i < DIGEST; i++)
		length += sprintf(path + length, "%02x", name[i]);
	strcpy(path + length, ".o");
	return true;
}

static bool cache_find(void *data, const uint8_t key[DIGEST], struct buffer *object)
{
	struct piece_cache *cache = data;
	char path[sizeof cache->folder + NAME + 2];
	uint8_t digest[DIGEST];
	struct buffer file = {0};
	bool found = cache_path(cache, key, path) && access(path, R_OK) == 0 &&
			file_read(path, &file, NULL);
	bool is_whole = found && file.length > DIGEST &&
			cache_digest(file.data + DIGEST, file.length - DIGEST,
					(struct sv_bytes){0}, digest) &&
			memcmp(digest, file.data, DIGEST) == 0;
	if (found && !is_whole)
		(void)!unlink(path);
	if (is_whole) {
		(void)!utimensat(AT_FDCWD, path, NULL, 0); /* when it was used last */
		is_whole = buffer_append(object, file.data + DIGEST, file.length - DIGEST, NULL);
	}
	buffer_finish(&file);
	atomic_fetch_add(&cache->found, is_whole);
	return is_whole;
}

/* What cannot be kept is made again. */
static void cache_keep(void *data, const uint8_t key[DIGEST], struct sv_bytes object)
{
	struct piece_cache *cache = data;
	char path[sizeof cache->folder + NAME + 2];
	uint8_t digest[DIGEST];
	struct buffer file = {0};
	if (cache_path(cache, key, path) &&
			cache_digest(object.data, object.length, (struct sv_bytes){0}, digest) &&
			buffer_append(&file, digest, DIGEST, NULL) &&
			buffer_append(&file, object.data, object.length, NULL))
		(void)!file_write(path, buffer_view(&file), 0600, NULL);
	atomic_fetch_add(&cache->made, 1);
	buffer_finish(&file);
}

/* ---- which compiler ---- */

static bool cache_identify(struct piece_cache *cache, const void *code, struct sv_error *error)
{
	Dl_info library;
	struct stat status;
	if (!dladdr(code, &library) || stat(library.dli_fname, &status) != 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot tell which compiler this is");
	long long facts[] = {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
	struct sv_bytes name = {(const uint8_t *)library.dli_fname, strlen(library.dli_fname)};
	return cache_digest(facts, sizeof facts, name, cache->compiler) ||
			sv_fail(error, SV_ERROR_SYSTEM, "cannot take a digest");
}

bool piece_cache_open(struct piece_cache *cache, const void *code, struct sv_error *error)
{
	char parent[sizeof cache->folder - 16];
	cache->calls = (struct sv_piece_cache){cache_find, cache_keep, cache};
	atomic_init(&cache->found, 0);
	atomic_init(&cache->made, 0);
	TRY(cache_identify(cache, code, error));
	TRY(user_folder_cache(parent, sizeof parent, error));
	char *slash = strrchr(parent, '/');
	*slash = '\0';
	(void)!mkdir(parent, 0700);
	*slash = '/';
	(void)!mkdir(parent, 0700);
	snprintf(cache->folder, sizeof cache->folder, "%s/pieces", parent);
	(void)!mkdir(cache->folder, 0700);
	if (access(cache->folder, W_OK | X_OK) != 0)
		return sv_fail_errno(error, "cannot keep pieces in %s", cache->folder);
	return true;
}

/* ---- how much ---- */

struct kept {
	char name[NAME + 1];
	uint64_t bytes;
	struct timespec used;
};

static int kept_newer(const void *one, const void *other)
{
	const struct timespec *a = &((const struct kept *)one)->used;
	const struct timespec *b = &((const struct kept *)other)->used;
	if (a->tv_sec != b->tv_sec)
		return a->tv_sec < b->tv_sec ? 1 : -1;
	return a->tv_nsec < b->tv_nsec ? 1 : a->tv_nsec > b->tv_nsec ? -1 : 0;
}

static bool kept_list(DIR *stream, struct buffer *list)
{
	struct dirent *entry;
	struct stat status;
	while ((entry = readdir(stream))) {
		if (strlen(entry->d_name) != NAME ||
				fstatat(dirfd(stream), entry->d_name, &status, 0) != 0)
			continue;
		struct kept kept = {.bytes = (uint64_t)status.st_size, .used = status.st_mtim};
		memcpy(kept.name, entry->d_name, NAME);
		TRY(buffer_append(list, &kept, sizeof kept, NULL));
	}
	return true;
}

void piece_cache_trim(const struct piece_cache *cache)
{
	DIR *stream = opendir(cache->folder);
	struct buffer list = {0};
	if (stream && kept_list(stream, &list) && list.length) {
		struct kept *kept = (struct kept *)list.data;
		size_t count = list.length / sizeof *kept;
		uint64_t bytes = 0;
		qsort(kept, count, sizeof *kept, kept_newer);
		for (size_t i = 0; i < count; i++) {
			bytes += kept[i].bytes;
			if (bytes > PIECE_CACHE_BYTES)
				(void)!unlinkat(dirfd(stream), kept[i].name, 0);
		}
	}
	buffer_finish(&list);
	if (stream)
		closedir(stream);
}
