/*
 * wasi_random.c: random calls with arguments that often make sense. None may crash, touch what
 * is outside of the guest's directories or in the read-only one, or leave a host descriptor
 * open. The seed is fixed.
 */
#include "tests/unit/wasi_folders.h"

#define ROUNDS 100
#define CALLS 400

/*
 * What is called and how: d a descriptor, p a path (two arguments), l lookup flags, o opening
 * flags, R rights, f descriptor flags, r where a result goes, b a buffer (two), v an array of
 * one buffer (two), t flags for times, w whence, n a number. Not here: what fills the disk or
 * waits. Functions with `rare` take away what later calls need.
 */
static const struct {
	const char *name, *shape;
	bool rare;
} shapes[] = {
		{"path_open", "dlpoRRfr", false},
		{"path_open", "dlpoRRfr", false},
		{"path_open", "dlpoRRfr", false},
		{"path_create_directory", "dp", false},
		{"path_filestat_get", "dlpr", false},
		{"path_filestat_set_times", "dlpnnt", false},
		{"path_link", "dlpdp", false},
		{"path_readlink", "dpbr", false},
		{"path_remove_directory", "dp", false},
		{"path_rename", "dpdp", false},
		{"path_symlink", "pdp", false},
		{"path_unlink_file", "dp", false},
		{"fd_readdir", "dbnr", false},
		{"fd_read", "dvr", false},
		{"fd_pread", "dvnr", false},
		{"fd_write", "dvr", false},
		{"fd_pwrite", "dvnr", false},
		{"fd_seek", "dnwr", false},
		{"fd_tell", "dr", false},
		{"fd_advise", "dnnn", false},
		{"fd_fdstat_get", "dr", false},
		{"fd_fdstat_set_flags", "df", false},
		{"fd_filestat_get", "dr", false},
		{"fd_filestat_set_size", "dn", false},
		{"fd_filestat_set_times", "dnnt", false},
		{"fd_prestat_get", "dr", false},
		{"fd_prestat_dir_name", "db", false},
		{"fd_close", "d", true},
		{"fd_renumber", "dd", true},
		{"fd_fdstat_set_rights", "dRR", true},
};

#define PLAIN_PATHS 8 /* the first ones, which half of all paths are */

static const char *const paths[] = {"file", "dir", "dir/deep", "a", "b", "dir/a", "fixed", "a/b",
		"out", "out/secret", "out-file", "out-dangling", "absolute", "absolute/secret",
		"../outside/secret", "..", "dir/../..", ".", "a/", "dir/", "out/", "../frozen",
		"dir/../../outside/empty", "/etc/passwd", "a/../..", "x/../a", "magic", "fixed/",
		"../../outside"};

static const uint8_t oflags[] = {0, 0, 0, WASI_OFLAG_CREAT, WASI_OFLAG_CREAT, WASI_OFLAG_DIRECTORY,
		WASI_OFLAG_TRUNC, WASI_OFLAG_CREAT | WASI_OFLAG_EXCL,
		WASI_OFLAG_CREAT | WASI_OFLAG_TRUNC, WASI_OFLAGS_ALL};

static const uint64_t rights[] = {UINT64_MAX, RIGHTS_WRITE, RIGHTS_READ,
		UINT64_MAX & ~(uint64_t)(WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_ALLOCATE |
				WASI_RIGHT_FD_FILESTAT_SET_SIZE)};

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t random_below(uint32_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % limit;
}

static uint32_t path_address(uint32_t index)
{
	return AT_PATH + index * 64;
}

static void put_paths(void)
{
	for (uint32_t i = 0; i < ARRAY_LENGTH(paths); i++)
		fake_put(path_address(i), paths[i]);
}

/* A number that may mean anything: small, a bit, near the end of its range. */
static uint64_t random_number(void)
{
	switch (random_below(4)) {
	case 0:
		return random_below(12);
	case 1:
		return UINT64_C(1) << random_below(64);
	case 2:
		return UINT64_MAX - random_below(5);
	default:
		return random_below(256);
	}
}

/* One argument of a shape that is a single number. */
static uint64_t random_argument(char letter)
{
	switch (letter) {
	case 'd':
		return random_below(2) ? 3 + random_below(3) : random_below(8);
	case 'l':
		return random_below(2);
	case 'o':
		return oflags[random_below(ARRAY_LENGTH(oflags))];
	case 't':
		return random_below(16);
	case 'f':
		return random_below(2) * WASI_FDFLAG_APPEND;
	case 'R':
		return rights[random_below(ARRAY_LENGTH(rights))];
	case 'w':
		return random_below(3);
	case 'r':
		return AT_RESULT;
	default:
		return random_number();
	}
}

/* The two arguments of a path, a buffer or an array. */
static void random_span(char letter, uint64_t arguments[2])
{
	uint32_t path = random_below(random_below(2) ? PLAIN_PATHS : ARRAY_LENGTH(paths));
	arguments[0] = letter == 'p' ? path_address(path) : letter == 'v' ? AT_IOVEC : AT_DATA;
	arguments[1] = letter == 'p' ? strlen(paths[path]) : letter == 'v' ? 1 : random_below(300);
}

static uint64_t calls_done, calls_fine;

static void call_random(void)
{
	uint64_t arguments[12];
	size_t count = 0, at = random_below(ARRAY_LENGTH(shapes));
	if (shapes[at].rare && random_below(60))
		return;
	for (const char *shape = shapes[at].shape; *shape; shape++) {
		if (strchr("pbv", *shape)) {
			random_span(*shape, arguments + count);
			count += 2;
		} else {
			arguments[count++] = random_argument(*shape);
		}
	}
	if (random_below(16) == 0)
		arguments[random_below((uint32_t)count)] = random_number();
	put_paths();
	fake_iovec(random_below(100));
	calls_done++;
	calls_fine += fake_call(shapes[at].name, arguments, count) == 0;
}

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 1100; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

TEST(random_calls_stay_inside)
{
	for (int round = 0; round < ROUNDS; round++) {
		START();
		int before = open_descriptors();
		for (int i = 0; i < CALLS; i++)
			call_random();
		CHECK_MSG(host_sum("outside") == sealed, "round %d changed the outside", round);
		CHECK_MSG(host_sum("frozen") == frozen, "round %d changed the frozen", round);
		CHECK_OK(fake_start(&config, &error));
		CHECK_EQ(open_descriptors(), before);
		FINISH();
	}
	/* If hardly anything worked, nothing was tested. */
	CHECK_MSG(calls_fine > calls_done / 10, "only %" PRIu64 " of %" PRIu64 " calls worked",
			calls_fine, calls_done);
}

TEST_MAIN()
