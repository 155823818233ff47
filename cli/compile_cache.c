/*
 * compile_cache.c: see compile_cache.h.
 */
#include "cli/compile_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/layout.h"
#include "base/file.h"
#include "base/version.h"
#include "cli/compiler_load.h"
#include "cli/module_open.h"
#include "cli/user_folder.h"
#include "runtime/selvage.h"

/* ---- names ---- */

static bool digest_text(EVP_MD_CTX *context, const char *text)
{
	text = text ? text : "";
	return EVP_DigestUpdate(context, text, strlen(text) + 1) == 1;
}

/* What the code that comes out depends on besides the module. */
static bool digest_flags(EVP_MD_CTX *context, const struct compile_flags *flags)
{
	char text[256], stamp[COMPILER_STAMP_SIZE];
	struct stat own = {0};
	compiler_stamp(stamp);
	(void)!stat("/proc/self/exe", &own);
	snprintf(text, sizeof text,
			"%s %u %lld.%ld %lld " /* program */
			"%" PRIu64 " %u %d %d %u %d",
			SV_VERSION, SV_ABI_VERSION, (long long)own.st_mtim.tv_sec,
			own.st_mtim.tv_nsec, (long long)own.st_size,
			compile_flags_level(flags), flags->bounds, flags->strict_traps,
			flags->propagate_exceptions, flags->relaxed_simd, flags->fuel);
	return digest_text(context, text) && digest_text(context, stamp) &&
			digest_text(context, flags->cpu) &&
			digest_text(context, flags->features);
}

static bool digest_make(struct sv_bytes module, const struct compile_flags *flags,
		struct compile_digest *digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool is_made = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
			digest_flags(context, flags) &&
			EVP_DigestUpdate(context, module.data, module.length) == 1 &&
			EVP_DigestFinal_ex(context, digest->bytes, NULL) == 1;
	EVP_MD_CTX_free(context);
	return is_made;
}

/* What lies in it is run: nobody else may have put it there. */
static bool folder_is_own(const char *folder)
{
	struct stat status;
	return stat(folder, &status) == 0 && S_ISDIR(status.st_mode) &&
			status.st_uid == geteuid() && !(status.st_mode & (S_IWGRP | S_IWOTH)) &&
			access(folder, W_OK | X_OK) == 0;
}

/* The file's path, in a folder that is there. */
static bool cache_path(const struct compile_digest *digest, char folder[4096], char path[4200])
{
	char name[2 * sizeof digest->bytes + 1];
	TRY(user_folder_cache(folder, 4096, NULL));
	for (size_t i = 0; i < sizeof digest->bytes; i++)
		snprintf(name + 2 * i, 3, "%02x", digest->bytes[i]);
	snprintf(path, 4200, "%s/%s.so", folder, name);
	/* What is above it is there, or made if only one is missing. */
	char *slash = strrchr(folder, '/');
	*slash = '\0';
	(void)!mkdir(folder, 0700);
	*slash = '/';
	(void)!mkdir(folder, 0700);
	return folder_is_own(folder);
}

/* ---- how many ---- */

static bool name_is_ours(const char *name)
{
	return strlen(name) == 2 * sizeof(struct compile_digest) + 3 &&
			strcmp(name + strlen(name) - 3, ".so") == 0;
}

/* Remove the one that was used longest ago, if there are too many. */
static void cache_trim(const char *folder)
{
	DIR *stream = opendir(folder);
	struct dirent *entry;
	struct stat status;
	char oldest[256] = "";
	time_t when = 0;
	size_t count = 0;
	if (!stream)
		return;
	while ((entry = readdir(stream))) {
		if (!name_is_ours(entry->d_name) ||
				fstatat(dirfd(stream), entry->d_name, &status, 0) != 0)
			continue;
		count++;
		if (!*oldest || status.st_mtime < when) {
			snprintf(oldest, sizeof oldest, "%s", entry->d_name);
			when = status.st_mtime;
		}
	}
	if (count > COMPILE_CACHE_FILES)
		(void)!unlinkat(dirfd(stream), oldest, 0);
	closedir(stream);
}

/* ---- ---- */

static struct sv_artifact *cache_find(struct sv_engine *engine, const char *path)
{
	struct sv_artifact *artifact =
			access(path, R_OK) == 0 ? sv_artifact_load(engine, path, NULL) : NULL;
	/* When it was used last; one that cannot be loaded is made again. */
	if (artifact)
		(void)!utimensat(AT_FDCWD, path, NULL, 0);
	return artifact;
}

static struct sv_artifact *cache_make(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct sv_bytes module,
		const struct compile_digest *digest, struct sv_error *error)
{
	char folder[4096], file[4200];
	struct buffer output = {0};
	bool has_cache = cache_path(digest, folder, file);
	struct sv_artifact *artifact = has_cache ? cache_find(engine, file) : NULL;
	if (artifact)
		return artifact;
	if (module_compile(path, flags, module, &output, error))
		artifact = module_load_bytes(engine, path, buffer_view(&output), error);
	if (artifact && has_cache && file_write(file, buffer_view(&output), 0600, NULL))
		cache_trim(folder);
	buffer_finish(&output);
	return artifact;
}

struct sv_artifact *compile_cache_open(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct compile_digest *digest,
		struct sv_error *error)
{
	struct buffer bytes = {0};
	enum module_form form;
	struct sv_artifact *artifact = NULL;
	if (!module_read_file(path, &bytes, &form, error)) {
		buffer_finish(&bytes);
		return NULL;
	}
	if (!digest_make(buffer_view(&bytes), flags, digest))
		sv_fail(error, SV_ERROR_SYSTEM, "cannot take a digest");
	else if (form == MODULE_ARTIFACT)
		artifact = module_load_bytes(engine, path, buffer_view(&bytes), error);
	else
		artifact = cache_make(engine, path, flags, buffer_view(&bytes), digest, error);
	buffer_finish(&bytes);
	return artifact;
}
