/*
 * wasi_folders.h: what tests of host/wasi on real directories share. Each test gets a new
 * folder: inside/ is preopen 3, second/ is preopen 4, frozen/ is preopen 5 and read-only,
 * outside/ is not the guest's; outside/secret holds "secret". At its end nothing in
 * outside/ and frozen/ may have changed.
 */
#ifndef SELVAGE_TESTS_WASI_FOLDERS_H
#define SELVAGE_TESTS_WASI_FOLDERS_H

#include "tests/unit/wasi_fake.h"

#include <ftw.h>

static char root[] = "/tmp/wasi-files-XXXXXX";
static struct wasi_preopen preopens[3];

#define FOLLOW WASI_LOOKUP_SYMLINK_FOLLOW
#define RIGHTS_READ (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL)
#define RIGHTS_WRITE (RIGHTS_READ | WASI_RIGHT_FD_WRITE)

/* ---- the host's side ---- */

static inline const char *host_path(const char *name)
{
	static char paths[4][512];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static inline void host_write(const char *name, const char *text)
{
	FILE *file = fopen(host_path(name), "w");
	fputs(text, file);
	fclose(file);
}

static inline bool host_has(const char *name, const char *text)
{
	char found[64] = "";
	FILE *file = fopen(host_path(name), "r");
	if (!file)
		return false;
	size_t length = fread(found, 1, sizeof(found) - 1, file);
	fclose(file);
	return length == strlen(text) && memcmp(found, text, length) == 0;
}

static inline bool host_exists(const char *name)
{
	struct stat stat;
	return lstat(host_path(name), &stat) == 0;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat, (void)type, (void)walk;
	return remove(path);
}

static inline void host_clean(void)
{
	for (size_t i = 0; i < 3; i++) {
		if (preopens[i].guest_path)
			wasi_preopen_close(&preopens[i]);
	}
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Names, contents and times of outside/, as one number. */
static uint64_t outside_sum;

static int sum_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)type, (void)walk;
	uint64_t parts[] = {stat->st_ino, stat->st_mode, (uint64_t)stat->st_size, stat->st_nlink,
			(uint64_t)stat->st_mtim.tv_sec, (uint64_t)stat->st_mtim.tv_nsec};
	for (const char *at = path; *at; at++)
		outside_sum = outside_sum * 31 + (uint8_t)*at;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		outside_sum = outside_sum * 1000003 + parts[i];
	return 0;
}

static inline uint64_t host_sum(const char *name)
{
	outside_sum = 0;
	nftw(host_path(name), sum_one, 16, FTW_PHYS);
	return outside_sum;
}

static uint64_t sealed, frozen;

static inline bool host_prepare(struct sv_error *error)
{
	static const char *const names[] = {"inside", "second", "frozen"};
	static const char *const guest[] = {"/", "second", "/frozen"};
	strcpy(root + strlen(root) - 6, "XXXXXX");
	if (!mkdtemp(root))
		return sv_fail_errno(error, "mkdtemp");
	for (size_t i = 0; i < 3; i++) {
		mkdir(host_path(names[i]), 0777);
		TRY(wasi_preopen_open(&preopens[i], host_path(names[i]), guest[i], i == 2, error));
	}
	mkdir(host_path("outside"), 0777);
	mkdir(host_path("outside/empty"), 0777);
	host_write("outside/secret", "secret");
	host_write("inside/file", "content");
	mkdir(host_path("inside/dir"), 0777);
	host_write("inside/dir/deep", "deep");
	host_write("frozen/fixed", "fixed");
	mkdir(host_path("frozen/dir"), 0777);
	return true;
}

/* Links of every kind that leave, made by the host: the guest may not make the absolute ones. */
static inline void host_plant_links(void)
{
	symlink("../outside", host_path("inside/out"));
	symlink(host_path("outside"), host_path("inside/absolute"));
	symlink("../outside/secret", host_path("inside/out-file"));
	symlink("../outside/new", host_path("inside/out-dangling"));
	symlink("../../outside/secret", host_path("inside/dir/out-file"));
	symlink("/proc/self/root", host_path("inside/magic"));
}

#define START() \
	struct sv_error error = SV_ERROR_INIT; \
	CHECK_OK(host_prepare(&error)); \
	struct wasi_config config = {.preopens = preopens, .preopen_count = 3}; \
	CHECK_OK(fake_start(&config, &error)); \
	host_plant_links(); \
	sealed = host_sum("outside"); \
	frozen = host_sum("frozen")

#define FINISH() \
	CHECK_EQ(host_sum("outside"), sealed); \
	CHECK_EQ(host_sum("frozen"), frozen); \
	wasi_free(fake.store_data); \
	fake.store_data = NULL; \
	host_clean()

static inline int guest_stat(uint32_t fd, uint32_t lookup, const char *path)
{
	return CALL(path_filestat_get, fd, lookup, PATH(path), AT_RESULT);
}

#endif
