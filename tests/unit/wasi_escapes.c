/*
 * wasi_escapes.c: tests that nothing outside of a guest's directories, and nothing in a
 * read-only one, can be read, made, changed or removed. FINISH compares the host's side.
 */
#include "tests/unit/wasi_folders.h"

/* Paths that lead to outside/secret, or through a link to it. */
static const char *const escapes[] = {"../outside/secret", "dir/../../outside/secret",
		"dir/../../inside/../outside/secret", "./../outside/secret", "out/secret",
		"absolute/secret", "magic/etc/passwd", "out/../secret", "dir/out-file/x"};

TEST(no_path_that_leaves_can_be_opened_or_looked_at)
{
	START();
	for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++) {
		const char *path = escapes[i];
		CHECK_MSG(fake_open(3, FOLLOW, path, 0, RIGHTS_READ) == -WASI_ERRNO_PERM,
				"open %s", path);
		CHECK_MSG(fake_open(3, 0, path, 0, RIGHTS_WRITE) == -WASI_ERRNO_PERM, "write %s",
				path);
		CHECK_MSG(fake_open(3, 0, path, WASI_OFLAG_TRUNC, 0) == -WASI_ERRNO_PERM,
				"truncate %s", path);
		CHECK_MSG(fake_open(3, 0, path, WASI_OFLAG_CREAT, 0) == -WASI_ERRNO_PERM,
				"create %s", path);
		CHECK_MSG(guest_stat(3, 0, path) == WASI_ERRNO_PERM, "stat %s", path);
		CHECK_MSG(guest_stat(3, FOLLOW, path) == WASI_ERRNO_PERM, "stat %s", path);
	}
	FINISH();
}

TEST(no_name_outside_can_be_changed)
{
	START();
	for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++) {
		CHECK_EQ(CALL(path_unlink_file, 3, PATH(escapes[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_remove_directory, 3, PATH(escapes[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_create_directory, 3, PATH(escapes[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_rename, 3, PATH(escapes[i]), 3, PATH2("got")), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_rename, 3, PATH("file"), 3, PATH2(escapes[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_link, 3, 0, PATH(escapes[i]), 3, PATH2("got")), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_link, 3, FOLLOW, PATH(escapes[i]), 3, PATH2("got")),
				WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_link, 3, 0, PATH("file"), 3, PATH2(escapes[i])),
				WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_symlink, PATH("x"), 3, PATH2(escapes[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_readlink, 3, PATH(escapes[i]), AT_DATA, 99, AT_RESULT),
				WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_filestat_set_times, 3, FOLLOW, PATH(escapes[i]), 0, 0, 5),
				WASI_ERRNO_PERM);
	}
	CHECK(!host_exists("inside/got"));
	CHECK(host_has("inside/file", "content"));
	FINISH();
}

TEST(the_directory_above_cannot_be_touched)
{
	START();
	static const char *const names[] = {"..", "../", "dir/../..", "./..", "../."};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		CHECK_EQ(guest_stat(3, 0, names[i]), WASI_ERRNO_PERM);
		CHECK_EQ(fake_open(3, 0, names[i], WASI_OFLAG_DIRECTORY, 0), -WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_remove_directory, 3, PATH(names[i])), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_rename, 3, PATH(names[i]), 4, PATH2("up")), WASI_ERRNO_PERM);
		CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH(names[i]), 1, 1, 5),
				WASI_ERRNO_PERM);
	}
	/* Nor the one above a directory the guest opened itself. */
	int fd = fake_open(3, 0, "dir", WASI_OFLAG_DIRECTORY, UINT64_MAX & ~(uint64_t)0x500140);
	CHECK(fd >= 0);
	CHECK_EQ(guest_stat((uint32_t)fd, 0, "../file"), WASI_ERRNO_PERM);
	CHECK_EQ(guest_stat((uint32_t)fd, 0, "deep"), 0);
	FINISH();
}

TEST(absolute_paths_and_links_are_refused)
{
	START();
	CHECK_EQ(fake_open(3, 0, "/etc/passwd", 0, RIGHTS_READ), -WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, 0, "//file", 0, RIGHTS_READ), -WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, 0, "/", WASI_OFLAG_DIRECTORY, 0), -WASI_ERRNO_PERM);
	CHECK_EQ(CALL(path_symlink, PATH("/etc/passwd"), 3, PATH2("link")), WASI_ERRNO_PERM);
	CHECK_EQ(CALL(path_symlink, PATH("/"), 3, PATH2("link")), WASI_ERRNO_PERM);
	CHECK(!host_exists("inside/link"));
	CHECK_EQ(fake_open(3, FOLLOW, "absolute", 0, 0), -WASI_ERRNO_PERM);
	/* A relative link that leaves can be made, but leads nowhere. */
	CHECK_EQ(CALL(path_symlink, PATH("../outside/secret"), 3, PATH2("link")), 0);
	CHECK_EQ(fake_open(3, FOLLOW, "link", 0, RIGHTS_READ), -WASI_ERRNO_PERM);
	/* Moved and hard linked, it still leads nowhere. */
	CHECK_EQ(CALL(path_link, 3, 0, PATH("link"), 4, PATH2("link")), 0);
	CHECK_EQ(CALL(path_rename, 3, PATH("link"), 3, PATH2("dir/link")), 0);
	CHECK_EQ(fake_open(4, FOLLOW, "link", 0, RIGHTS_READ), -WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(4, FOLLOW, "link", WASI_OFLAG_TRUNC, 0), -WASI_ERRNO_PERM);
	CHECK_EQ(CALL(path_link, 4, FOLLOW, PATH("link"), 3, PATH2("hard")), WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, FOLLOW, "dir/link", 0, RIGHTS_READ), -WASI_ERRNO_NOENT);
	FINISH();
}

TEST(a_trailing_slash_never_follows_a_link_outside)
{
	START();
	CHECK_EQ(guest_stat(3, 0, "out/"), WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, 0, "out/", WASI_OFLAG_DIRECTORY, 0), -WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, 0, "out/", 0, 0), -WASI_ERRNO_PERM);
	CHECK_EQ(fake_open(3, 0, "out-file/", WASI_OFLAG_TRUNC, 0), -WASI_ERRNO_PERM);
	CHECK(fake_open(3, 0, "out-dangling/", WASI_OFLAG_CREAT, 0) < 0);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH("out/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_remove_directory, 3, PATH("out/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_create_directory, 3, PATH("out-dangling/")), WASI_ERRNO_EXIST);
	CHECK_EQ(CALL(path_rename, 3, PATH("out/"), 3, PATH2("x/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_rename, 3, PATH("dir/"), 3, PATH2("out/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_readlink, 3, PATH("out/"), AT_DATA, 99, AT_RESULT), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_link, 3, 0, PATH("out-file/"), 3, PATH2("x")), WASI_ERRNO_PERM);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH("out/"), 1, 1, 5), WASI_ERRNO_PERM);
	FINISH();
}

TEST(a_trailing_slash_means_a_directory)
{
	START();
	CHECK_EQ(guest_stat(3, 0, "dir//"), 0);
	CHECK_EQ(guest_stat(3, 0, "file/"), WASI_ERRNO_NOTDIR);
	CHECK_EQ(fake_open(3, 0, "file/", 0, RIGHTS_READ), -WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH("file/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH("dir/")), WASI_ERRNO_ISDIR);
	CHECK_EQ(CALL(path_rename, 3, PATH("file/"), 3, PATH2("x")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_rename, 3, PATH("file"), 3, PATH2("x/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_rename, 3, PATH("dir/"), 3, PATH2("moved/")), 0);
	CHECK_EQ(CALL(path_symlink, PATH("file"), 3, PATH2("x/")), WASI_ERRNO_NOENT);
	CHECK_EQ(CALL(path_symlink, PATH("file"), 3, PATH2("moved/")), WASI_ERRNO_EXIST);
	CHECK_EQ(CALL(path_symlink, PATH("file"), 3, PATH2("file/")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_link, 3, 0, PATH("file/"), 3, PATH2("x")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(path_link, 3, 0, PATH("file"), 3, PATH2("x/")), WASI_ERRNO_NOENT);
	CHECK_EQ(CALL(path_link, 3, 0, PATH("moved"), 3, PATH2("x")), WASI_ERRNO_PERM);
	CHECK(host_has("inside/file", "content"));
	FINISH();
}

TEST(texts_that_are_no_paths_are_refused)
{
	START();
	static char longest[5000];
	CHECK_EQ(CALL(path_unlink_file, 3, AT_PATH, 0), WASI_ERRNO_NOENT);
	fake_put(AT_PATH, "file");
	CHECK_EQ(CALL(path_unlink_file, 3, AT_PATH, 5), WASI_ERRNO_INVAL); /* a NUL behind it */
	CHECK_EQ(CALL(path_unlink_file, 3, FAKE_MEMORY - 2, 5), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(path_unlink_file, 3, 0, 0xffffffffu), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(path_open, 3, 0, AT_PATH, 4, 0, 0, 0, 0, FAKE_MEMORY - 2), WASI_ERRNO_FAULT);
	memset(longest, 'x', sizeof(longest) - 1);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH(longest)), WASI_ERRNO_NAMETOOLONG);
	longest[300] = '\0';
	CHECK_EQ(CALL(path_unlink_file, 3, PATH(longest)), WASI_ERRNO_NAMETOOLONG);
	CHECK(host_has("inside/file", "content"));
	FINISH();
}

/* ---- read-only ---- */

TEST(nothing_changes_below_a_read_only_directory)
{
	START();
	const int rofs = WASI_ERRNO_ROFS;
	CHECK_EQ(fake_open(5, 0, "fixed", 0, RIGHTS_WRITE), -rofs);
	CHECK_EQ(fake_open(5, 0, "fixed", WASI_OFLAG_TRUNC, 0), -rofs);
	CHECK_EQ(fake_open(5, 0, "fixed", 0, WASI_RIGHT_FD_FILESTAT_SET_SIZE), -rofs);
	CHECK_EQ(fake_open(5, 0, "fixed", 0, WASI_RIGHT_FD_ALLOCATE), -rofs);
	CHECK_EQ(fake_open(5, 0, "new", WASI_OFLAG_CREAT, RIGHTS_READ), -rofs);
	CHECK_EQ(CALL(path_create_directory, 5, PATH("x")), rofs);
	CHECK_EQ(CALL(path_unlink_file, 5, PATH("fixed")), rofs);
	CHECK_EQ(CALL(path_remove_directory, 5, PATH("dir")), rofs);
	CHECK_EQ(CALL(path_symlink, PATH("fixed"), 5, PATH2("x")), rofs);
	CHECK_EQ(CALL(path_rename, 5, PATH("fixed"), 3, PATH2("x")), rofs);
	CHECK_EQ(CALL(path_rename, 3, PATH("file"), 5, PATH2("x")), rofs);
	CHECK_EQ(CALL(path_link, 5, 0, PATH("fixed"), 3, PATH2("x")), rofs);
	CHECK_EQ(CALL(path_link, 3, 0, PATH("file"), 5, PATH2("x")), rofs);
	CHECK_EQ(CALL(path_filestat_set_times, 5, 0, PATH("fixed"), 1, 1, 5), rofs);
	CHECK_EQ(CALL(fd_filestat_set_times, 5, 1, 1, 5), rofs);
	/* The same through a directory opened below it, and through a descriptor for reading. */
	int dir = fake_open(5, 0, "dir", WASI_OFLAG_DIRECTORY, UINT64_MAX & ~(uint64_t)0x400140);
	CHECK(dir >= 0);
	CHECK_EQ(CALL(path_create_directory, (uint64_t)dir, PATH("x")), rofs);
	CHECK_EQ(fake_open((uint32_t)dir, 0, "x", WASI_OFLAG_CREAT, RIGHTS_WRITE), -rofs);
	int fd = fake_open(5, 0, "fixed", 0, UINT64_MAX & ~(uint64_t)0x400140);
	CHECK(fd >= 0);
	fake_iovec(5);
	CHECK_EQ(CALL(fd_read, (uint64_t)fd, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake_write((uint32_t)fd, "x"), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_filestat_set_times, (uint64_t)fd, 1, 1, 5), rofs);
	CHECK(CALL(fd_filestat_set_size, (uint64_t)fd, 0) != 0);
	FINISH();
}

TEST_MAIN()
