/*
 * wasi_files.c: tests of host/wasi on real directories: what files are like for a guest.
 * What a guest must not reach is in wasi_escapes.c.
 */
#include "tests/unit/wasi_folders.h"

/* ---- what works ---- */

TEST(a_file_is_written_read_and_measured)
{
	START();
	int fd = fake_open(3, 0, "new", WASI_OFLAG_CREAT | WASI_OFLAG_EXCL,
			RIGHTS_WRITE | WASI_RIGHT_FD_FILESTAT_GET | WASI_RIGHT_FD_ALLOCATE |
					WASI_RIGHT_FD_FILESTAT_SET_SIZE | WASI_RIGHT_FD_SYNC |
					WASI_RIGHT_FD_ADVISE | WASI_RIGHT_FD_DATASYNC);
	CHECK_EQ(fd, 0); /* the streams are closed, so 0 is the lowest */
	CHECK_EQ(fake_write(fd, "hello world"), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 11);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-5, WASI_WHENCE_END, AT_RESULT), 0);
	CHECK_EQ(fake_u64(AT_RESULT), 6);
	fake_iovec(100);
	CHECK_EQ(CALL(fd_read, fd, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_BYTES(fake.memory + AT_DATA, "world", 5);
	CHECK_EQ(CALL(fd_pread, fd, AT_IOVEC, 1, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 8);
	fake_iovec((uint32_t)fake_put(AT_DATA, "HE"));
	CHECK_EQ(CALL(fd_pwrite, fd, AT_IOVEC, 1, 0, AT_RESULT), 0);
	CHECK_EQ(CALL(fd_tell, fd, AT_RESULT), 0);
	CHECK_EQ(fake_u64(AT_RESULT), 11);
	CHECK_EQ(CALL(fd_pread, fd, AT_IOVEC, 1, UINT64_MAX, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, (uint64_t)-1, WASI_WHENCE_SET, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_seek, fd, 0, 3, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK(host_has("inside/new", "HEllo world"));
	CHECK_EQ(CALL(fd_filestat_set_size, fd, 4), 0);
	CHECK_EQ(CALL(fd_filestat_set_size, fd, UINT64_MAX), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_allocate, fd, 0, 10), 0);
	CHECK_EQ(CALL(fd_allocate, fd, UINT64_MAX, 10), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_allocate, fd, INT64_MAX, 1), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 3), 0);
	CHECK_EQ(CALL(fd_advise, fd, 0, 0, 6), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_sync, fd), 0);
	CHECK_EQ(CALL(fd_datasync, fd), 0);
	CHECK_EQ(CALL(fd_filestat_get, fd, AT_RESULT), 0);
	CHECK_EQ(fake_u64(AT_RESULT + 32), 10);
	CHECK_EQ(fake.memory[AT_RESULT + 16], WASI_FILETYPE_REGULAR_FILE);
	CHECK_EQ(CALL(fd_close, fd), 0);
	FINISH();
}

TEST(appending_leaves_pwrite_alone)
{
	START();
	CHECK_EQ(CALL(path_open, 3, 0, PATH("file"), 0, RIGHTS_WRITE, 0, WASI_FDFLAG_APPEND,
				 AT_RESULT),
			0);
	uint32_t fd = fake_u32(AT_RESULT);
	CHECK_EQ(fake_write(fd, "+1"), 0);
	fake_iovec((uint32_t)fake_put(AT_DATA, "C"));
	CHECK_EQ(CALL(fd_pwrite, fd, AT_IOVEC, 1, 0, AT_RESULT), 0);
	CHECK(host_has("inside/file", "Content+1"));
	CHECK_EQ(CALL(fd_fdstat_set_flags, fd, 0), WASI_ERRNO_NOTCAPABLE);
	FINISH();
}

TEST(names_are_made_moved_linked_and_removed)
{
	START();
	CHECK_EQ(CALL(path_create_directory, 3, PATH("a/")), 0);
	CHECK_EQ(CALL(path_create_directory, 3, PATH("a")), WASI_ERRNO_EXIST);
	CHECK_EQ(CALL(path_rename, 3, PATH("file"), 3, PATH2("a/moved")), 0);
	CHECK_EQ(CALL(path_rename, 3, PATH("a/moved"), 4, PATH2("across")), 0);
	CHECK(host_has("second/across", "content"));
	CHECK_EQ(CALL(path_link, 4, 0, PATH("across"), 4, PATH2("again")), 0);
	CHECK(host_has("second/again", "content"));
	CHECK_EQ(CALL(path_symlink, PATH("again"), 4, PATH2("link")), 0);
	CHECK_EQ(CALL(path_readlink, 4, PATH("link"), AT_DATA, 100, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 5);
	CHECK_BYTES(fake.memory + AT_DATA, "again", 5);
	CHECK_EQ(CALL(path_readlink, 4, PATH("link"), AT_DATA, 2, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 2);
	CHECK_EQ(CALL(path_readlink, 4, PATH("again"), AT_DATA, 9, AT_RESULT), WASI_ERRNO_INVAL);
	/* A hard link of the link itself, and of what it leads to. */
	CHECK_EQ(CALL(path_link, 4, 0, PATH("link"), 4, PATH2("link2")), 0);
	CHECK_EQ(CALL(path_readlink, 4, PATH("link2"), AT_DATA, 100, AT_RESULT), 0);
	CHECK_EQ(CALL(path_link, 4, FOLLOW, PATH("link"), 4, PATH2("third")), 0);
	CHECK(host_has("second/third", "content"));
	CHECK_EQ(CALL(path_readlink, 4, PATH("third"), AT_DATA, 100, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(path_unlink_file, 4, PATH("link")), 0);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH("a")), WASI_ERRNO_ISDIR);
	CHECK_EQ(CALL(path_remove_directory, 3, PATH("a/")), 0);
	CHECK_EQ(CALL(path_remove_directory, 3, PATH("dir")), WASI_ERRNO_NOTEMPTY);
	FINISH();
}

TEST(dots_inside_are_fine)
{
	START();
	CHECK(fake_open(3, 0, "dir/.././/dir/../file", 0, RIGHTS_READ) >= 0);
	CHECK_EQ(guest_stat(3, 0, "dir/.."), 0);
	CHECK_EQ(guest_stat(3, 0, "."), 0);
	CHECK_EQ(CALL(path_remove_directory, 3, PATH("dir/.")), WASI_ERRNO_INVAL);
	CHECK(CALL(path_unlink_file, 3, PATH("dir/..")) != 0);
	CHECK(CALL(path_rename, 3, PATH("."), 4, PATH2("x")) != 0);
	CHECK(CALL(path_rename, 3, PATH("file"), 3, PATH2("dir/.")) != 0);
	CHECK_EQ(CALL(path_create_directory, 3, PATH("dir/..")), WASI_ERRNO_EXIST);
	FINISH();
}

TEST(times_are_set)
{
	START();
	uint64_t time = UINT64_C(1234567890123456789);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH("file"), time, time + 1,
				 WASI_FSTFLAG_ATIM | WASI_FSTFLAG_MTIM),
			0);
	CHECK_EQ(guest_stat(3, 0, "file"), 0);
	CHECK_EQ(fake_u64(AT_RESULT + 40), time);
	CHECK_EQ(fake_u64(AT_RESULT + 48), time + 1);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH("file"), 0, 0, 3), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH("file"), 0, 0, 16), WASI_ERRNO_INVAL);
	/* Of the link itself, not of what it leads to (which is outside). */
	CHECK_EQ(CALL(path_filestat_set_times, 3, 0, PATH("out-file"), time, time, 5), 0);
	CHECK_EQ(CALL(path_filestat_set_times, 3, FOLLOW, PATH("out-file"), time, time, 5),
			WASI_ERRNO_PERM);
	int fd = fake_open(3, 0, "file", 0, WASI_RIGHT_FD_FILESTAT_SET_TIMES);
	CHECK_EQ(CALL(fd_filestat_set_times, fd, 5000, 7000, 5), 0);
	CHECK_EQ(guest_stat(3, 0, "file"), 0);
	CHECK_EQ(fake_u64(AT_RESULT + 48), 7000);
	FINISH();
}

TEST(the_follow_flag_is_honoured)
{
	START();
	CHECK_EQ(CALL(path_symlink, PATH("file"), 3, PATH2("link")), 0);
	CHECK_EQ(guest_stat(3, 0, "link"), 0);
	CHECK_EQ(fake.memory[AT_RESULT + 16], WASI_FILETYPE_SYMBOLIC_LINK);
	CHECK_EQ(guest_stat(3, FOLLOW, "link"), 0);
	CHECK_EQ(fake.memory[AT_RESULT + 16], WASI_FILETYPE_REGULAR_FILE);
	CHECK_EQ(fake_open(3, 0, "link", 0, RIGHTS_READ), -WASI_ERRNO_LOOP);
	CHECK(fake_open(3, FOLLOW, "link", 0, RIGHTS_READ) >= 0);
	CHECK_EQ(fake_open(3, 2, "link", 0, RIGHTS_READ), -WASI_ERRNO_INVAL);
	CHECK_EQ(guest_stat(3, 2, "link"), WASI_ERRNO_INVAL);
	FINISH();
}

TEST(creating_through_a_dangling_link_stays_inside)
{
	START();
	CHECK_EQ(CALL(path_symlink, PATH("dir/made"), 3, PATH2("dangling")), 0);
	CHECK_EQ(fake_open(3, 0, "dangling", WASI_OFLAG_CREAT, RIGHTS_WRITE), -WASI_ERRNO_LOOP);
	CHECK_EQ(fake_open(3, FOLLOW, "dangling", WASI_OFLAG_CREAT | WASI_OFLAG_EXCL, RIGHTS_WRITE),
			-WASI_ERRNO_EXIST);
	CHECK(fake_open(3, FOLLOW, "dangling", WASI_OFLAG_CREAT, RIGHTS_WRITE) >= 0);
	CHECK(host_exists("inside/dir/made"));
	CHECK_EQ(fake_open(3, FOLLOW, "out-dangling", WASI_OFLAG_CREAT, RIGHTS_WRITE),
			-WASI_ERRNO_PERM);
	FINISH();
}

/* ---- rights ---- */

TEST(rights_that_were_given_up_are_gone)
{
	START();
	CHECK_EQ(CALL(fd_fdstat_get, 3, AT_RESULT), 0);
	uint64_t base = fake_u64(AT_RESULT + 8), inheriting = fake_u64(AT_RESULT + 16);
	base &= ~(uint64_t)(WASI_RIGHT_PATH_FILESTAT_SET_SIZE | WASI_RIGHT_PATH_UNLINK_FILE);
	CHECK_EQ(CALL(fd_fdstat_set_rights, 3, base, inheriting), 0);
	CHECK_EQ(fake_open(3, 0, "file", WASI_OFLAG_TRUNC, 0), -WASI_ERRNO_NOTCAPABLE);
	CHECK_EQ(CALL(path_unlink_file, 3, PATH("file")), WASI_ERRNO_NOTCAPABLE);
	CHECK(fake_open(3, 0, "file", 0, RIGHTS_WRITE) >= 0);
	inheriting &= ~(uint64_t)WASI_RIGHT_FD_WRITE;
	CHECK_EQ(CALL(fd_fdstat_set_rights, 3, base, inheriting), 0);
	CHECK_EQ(fake_open(3, 0, "file", 0, RIGHTS_WRITE), -WASI_ERRNO_NOTCAPABLE);
	/* Emptying is writing, even where only its own right is asked for. */
	CHECK_EQ(CALL(fd_fdstat_get, 4, AT_RESULT), 0);
	host_write("second/full", "full");
	CHECK_EQ(CALL(fd_fdstat_set_rights, 4, fake_u64(AT_RESULT + 8), WASI_RIGHT_FD_READ), 0);
	CHECK_EQ(fake_open(4, 0, "full", WASI_OFLAG_TRUNC, WASI_RIGHT_FD_READ),
			-WASI_ERRNO_NOTCAPABLE);
	CHECK(host_has("second/full", "full"));
	FINISH();
}

TEST(directories_refuse_what_only_files_can)
{
	START();
	fake_iovec(5);
	CHECK_EQ(CALL(fd_read, 3, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_BADF);
	CHECK_EQ(fake_write(3, "x"), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_seek, 3, 0, 0, AT_RESULT), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_allocate, 3, 0, 1), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_filestat_set_size, 3, 0), WASI_ERRNO_BADF);
	CHECK_EQ(fake_open(3, 0, "dir", WASI_OFLAG_DIRECTORY, RIGHTS_WRITE), -WASI_ERRNO_ISDIR);
	CHECK_EQ(fake_open(3, 0, "x", WASI_OFLAG_DIRECTORY | WASI_OFLAG_CREAT, 0),
			-WASI_ERRNO_INVAL);
	CHECK_EQ(fake_open(3, 0, "file", WASI_OFLAG_DIRECTORY, 0), -WASI_ERRNO_NOTDIR);
	CHECK_EQ(fake_open(3, 0, "file", 16, 0), -WASI_ERRNO_INVAL);
	FINISH();
}

/* ---- descriptors ---- */

TEST(preopens_are_told_and_can_be_closed)
{
	START();
	CHECK_EQ(CALL(fd_prestat_get, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), WASI_PREOPENTYPE_DIR);
	CHECK_EQ(fake_u32(AT_RESULT + 4), 1);
	CHECK_EQ(CALL(fd_prestat_dir_name, 4, AT_DATA, 6), 0);
	CHECK_BYTES(fake.memory + AT_DATA, "second\0", 7);
	CHECK_EQ(CALL(fd_prestat_dir_name, 4, AT_DATA, 5), WASI_ERRNO_NAMETOOLONG);
	CHECK_EQ(CALL(fd_prestat_get, 6, AT_RESULT), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_renumber, 4, 3), 0);
	CHECK_EQ(CALL(fd_prestat_dir_name, 3, AT_DATA, 6), 0);
	CHECK_EQ(CALL(fd_close, 3), 0);
	CHECK_EQ(CALL(fd_prestat_get, 3, AT_RESULT), WASI_ERRNO_BADF);
	CHECK_OK(fake_start(&config, &error));
	CHECK_EQ(guest_stat(3, 0, "file"), 0);
	FINISH();
}

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 4096; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(the_table_has_a_limit_and_reset_closes_all)
{
	START();
	int before = open_descriptors(), last = 0;
	for (int i = 0; i < 2000 && last >= 0; i++)
		last = fake_open(3, 0, "file", 0, RIGHTS_READ);
	CHECK_EQ(last, -WASI_ERRNO_MFILE);
	CHECK_EQ(fake_open(3, 0, "not-made", WASI_OFLAG_CREAT, 0), -WASI_ERRNO_MFILE);
	CHECK(!host_exists("inside/not-made"));
	CHECK_EQ(CALL(fd_close, 500), 0);
	CHECK_EQ(fake_open(3, 0, "file", 0, RIGHTS_READ), 500);
	CHECK_OK(fake_start(&config, &error));
	CHECK_EQ(open_descriptors(), before);
	FINISH();
}

/* ---- listing ---- */

/* Read a whole directory with a buffer of `room` bytes; entries seen, 0 if one came twice. */
static int list_all(uint32_t fd, uint32_t room, bool seen[100])
{
	uint64_t cookie = 0;
	int count = 0;
	for (int rounds = 0; rounds < 1000; rounds++) {
		if (CALL(fd_readdir, fd, AT_DATA, room, cookie, AT_RESULT))
			return -1;
		uint32_t used = fake_u32(AT_RESULT), at = 0;
		while (at + sizeof(struct wasi_dirent) <= used) {
			struct wasi_dirent head;
			int number;
			char name[64] = "";
			memcpy(&head, fake.memory + AT_DATA + at, sizeof(head));
			at += sizeof(head) + head.name_length;
			if (at > used)
				break;
			memcpy(name, fake.memory + AT_DATA + at - head.name_length,
					head.name_length);
			cookie = head.next;
			count++;
			if (sscanf(name, "entry-%d", &number) == 1) {
				if (seen[number])
					return 0;
				seen[number] = true;
			}
		}
		if (used < room)
			return count;
	}
	return 0;
}

TEST(directories_are_listed_whole_with_any_buffer)
{
	START();
	char name[32];
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "second/entry-%d", i);
		host_write(name, "");
	}
	static const uint32_t rooms[] = {64, 65, 100, 128, 777, 4096, 65536};
	for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++) {
		bool seen[100] = {false};
		CHECK_EQ(list_all(4, rooms[i], seen), 102);
		for (int k = 0; k < 100; k++)
			CHECK(seen[k]);
	}
	/* From the start again: what was made meanwhile is there. */
	bool seen[100] = {false};
	unlink(host_path("second/entry-7"));
	CHECK_EQ(list_all(4, 500, seen), 101);
	CHECK(!seen[7]);
	CHECK_EQ(CALL(fd_readdir, 4, AT_DATA, 10, 0, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 10);
	CHECK_EQ(CALL(fd_readdir, 4, AT_DATA, 100, UINT64_MAX, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_readdir, 4, FAKE_MEMORY - 50, 100, 0, AT_RESULT), WASI_ERRNO_FAULT);
	FINISH();
}

TEST(the_inode_above_a_preopen_is_not_told)
{
	START();
	struct stat above;
	CHECK_EQ(stat(root, &above), 0);
	CHECK_EQ(CALL(fd_readdir, 3, AT_DATA, 60000, 0, AT_RESULT), 0);
	uint32_t used = fake_u32(AT_RESULT), at = 0;
	int dots = 0;
	while (at < used) {
		struct wasi_dirent head;
		memcpy(&head, fake.memory + AT_DATA + at, sizeof(head));
		const char *name = (const char *)fake.memory + AT_DATA + at + sizeof(head);
		if (head.name_length == 2 && memcmp(name, "..", 2) == 0) {
			dots++;
			CHECK(head.inode != above.st_ino);
			CHECK_EQ(head.filetype, WASI_FILETYPE_DIRECTORY);
		}
		at += sizeof(head) + head.name_length;
	}
	CHECK_EQ(dots, 1);
	FINISH();
}

TEST(a_missing_directory_is_one_clear_error)
{
	struct sv_error error = SV_ERROR_INIT;
	struct wasi_preopen preopen;
	CHECK_ERROR(wasi_preopen_open(&preopen, "/nonexistent", "/", false, &error),
			SV_ERROR_SYSTEM, "'/nonexistent'");
	CHECK_ERROR(wasi_preopen_open(&preopen, "/etc/passwd", "/", false, &error),
			SV_ERROR_SYSTEM, "'/etc/passwd'");
	CHECK_ERROR(wasi_preopen_open(&preopen, "/tmp", "", false, &error), SV_ERROR_USAGE,
			"empty path");
}

TEST_MAIN()
