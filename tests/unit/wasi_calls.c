/*
 * wasi_calls.c: tests of host/wasi that need no files: binding, arguments, streams,
 * clocks, random bytes, ends, polling, bad pointers.
 */
#include "tests/unit/wasi_fake.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

static const char *const arguments[] = {"prog", "", "last one"};
static const char *const environment[] = {"A=1", "EMPTY="};

static struct buffer out;

static struct wasi_config config_of(const char *input)
{
	return (struct wasi_config){
			.args = arguments,
			.arg_count = 3,
			.env = environment,
			.env_count = 2,
			.streams = {{.kind = WASI_STREAM_INPUT,
						    .input = {(const uint8_t *)input,
								    strlen(input)}},
					{.kind = WASI_STREAM_BUFFER, .buffer = &out},
					{.kind = WASI_STREAM_CLOSED}},
	};
}

#define START(input) \
	struct sv_error error = SV_ERROR_INIT; \
	struct wasi_config config = config_of(input); \
	buffer_finish(&out); \
	CHECK_OK(fake_start(&config, &error))

TEST(every_row_is_bound_and_unstable_has_only_what_is_alike)
{
	START("");
	CHECK(fake_find("wasi_snapshot_preview1", "path_open") != FAKE_FUNCTIONS);
	CHECK(fake_find("wasi_unstable", "path_open") != FAKE_FUNCTIONS);
	CHECK(fake_find("wasi_unstable", "fd_seek") == FAKE_FUNCTIONS);
	CHECK(fake_find("wasi_unstable", "poll_oneoff") == FAKE_FUNCTIONS);
	CHECK(fake_find("wasi_unstable", "fd_filestat_get") == FAKE_FUNCTIONS);
	size_t preview1 = 0;
	for (size_t i = 0; i < fake.count; i++)
		preview1 += strcmp(fake.functions[i].module, "wasi_snapshot_preview1") == 0;
	CHECK_EQ(preview1, 46);
}

TEST(only_what_an_artifact_imports_is_bound)
{
	static const char *const imports[][2] = {{"wasi_snapshot_preview1", "fd_write"},
			{"wasi_unstable", "fd_seek"}, {"wasi_unstable", "fd_close"},
			{"wasi_snapshot_preview1", "fd_write"}, {"env", "fd_read"},
			{"wasi_snapshot_preview", "fd_read"}, {"wasi_unstable", "no_such"}};
	struct sv_error error = SV_ERROR_INIT;
	fake.count = 0;
	fake.imports = imports;
	fake.import_count = ARRAY_LENGTH(imports);
	CHECK_OK(wasi_bind(NULL, (const struct sv_artifact *)&fake, &error));
	CHECK_EQ(fake.count, 2);
	CHECK(fake_find("wasi_snapshot_preview1", "fd_write") < 2);
	CHECK(fake_find("wasi_unstable", "fd_close") < 2);
	fake.count = 0; /* the next test binds all of them again */
}

TEST(arguments_and_environment_arrive)
{
	START("");
	CHECK_EQ(CALL(args_sizes_get, AT_RESULT, AT_RESULT + 4), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 3);
	CHECK_EQ(fake_u32(AT_RESULT + 4), 15);
	CHECK_EQ(CALL(args_get, AT_RESULT, AT_DATA), 0);
	CHECK_EQ(fake_u32(AT_RESULT), AT_DATA);
	CHECK_EQ(fake_u32(AT_RESULT + 8), AT_DATA + 6);
	CHECK_BYTES(fake.memory + AT_DATA, "prog\0\0last one", 15);
	CHECK_EQ(CALL(environ_sizes_get, AT_RESULT, AT_RESULT + 4), 0);
	CHECK_EQ(fake_u32(AT_RESULT + 4), 11);
	CHECK_EQ(CALL(environ_get, AT_RESULT, AT_DATA), 0);
	CHECK_BYTES(fake.memory + AT_DATA, "A=1\0EMPTY=", 11);
	CHECK_EQ(CALL(args_get, AT_RESULT, FAKE_MEMORY - 14), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(args_get, FAKE_MEMORY - 8, AT_DATA), WASI_ERRNO_FAULT);
}

TEST(too_many_argument_bytes_are_refused)
{
	START("");
	char *huge = malloc(WASI_MAX_STRINGS + 1);
	memset(huge, 'x', WASI_MAX_STRINGS);
	huge[WASI_MAX_STRINGS] = '\0';
	const char *const list[] = {huge};
	config.args = list;
	config.arg_count = 1;
	CHECK_ERROR(fake_start(&config, &error), SV_ERROR_LIMIT, "16777216");
	free(huge);
}

TEST(input_is_read_to_its_end)
{
	START("hello world");
	struct wasi_iovec two[2] = {{AT_DATA, 4}, {AT_DATA + 100, 50}};
	memcpy(fake.memory + AT_IOVEC, two, sizeof(two));
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 4);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 2, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 7);
	CHECK_BYTES(fake.memory + AT_DATA, "o wo", 4);
	CHECK_BYTES(fake.memory + AT_DATA + 100, "rld", 3);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 2, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 0);
	CHECK_EQ(fake_write(0, "x"), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_seek, 0, 0, WASI_WHENCE_SET, AT_RESULT), WASI_ERRNO_SPIPE);
	CHECK_EQ(CALL(fd_pread, 0, AT_IOVEC, 1, 0, AT_RESULT), WASI_ERRNO_SPIPE);
}

TEST(output_over_the_limit_is_cut_then_refused)
{
	START("");
	out.limit = 5;
	CHECK_EQ(fake_write(1, "abc"), 0);
	CHECK(!wasi_output_limit_hit(fake.store_data));
	CHECK_EQ(fake_write(1, "defgh"), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 2);
	CHECK(wasi_output_limit_hit(fake.store_data));
	CHECK_EQ(fake_write(1, "i"), WASI_ERRNO_NOSPC);
	CHECK_EQ(out.length, 5);
	CHECK_BYTES(out.data, "abcde", 5);
	CHECK_EQ(fake_write(2, "closed"), WASI_ERRNO_BADF);
	CHECK_OK(fake_start(&config, &error));
	CHECK(!wasi_output_limit_hit(fake.store_data));
	out.limit = 0;
}

static bool sink_takes_short(void *data, const void *bytes, size_t length)
{
	(void)bytes;
	*(size_t *)data += length;
	return length < 4;
}

TEST(a_sink_may_refuse)
{
	START("");
	size_t seen = 0;
	config.streams[2] = (struct wasi_stream){.kind = WASI_STREAM_SINK,
			.sink = {sink_takes_short, &seen}};
	CHECK_OK(fake_start(&config, &error));
	CHECK_EQ(fake_write(2, "abc"), 0);
	CHECK_EQ(fake_write(2, "abcd"), WASI_ERRNO_NOSPC);
	CHECK_EQ(seen, 7);
	CHECK(wasi_output_limit_hit(fake.store_data));
}

TEST(bad_pointers_are_errors_of_the_call)
{
	START("hello");
	struct wasi_iovec outside = {FAKE_MEMORY - 2, 4}, wraps = {0xfffffff0u, 0x20};
	CHECK_EQ(CALL(fd_write, 1, 0xfffffff8u, 1, AT_RESULT), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(fd_write, 1, FAKE_MEMORY - 4, 1, AT_RESULT), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(fd_write, 1, AT_IOVEC, 1025, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(fd_write, 1, AT_IOVEC, 0xffffffffu, AT_RESULT), WASI_ERRNO_INVAL);
	memcpy(fake.memory + AT_IOVEC, &outside, sizeof(outside));
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_FAULT);
	memcpy(fake.memory + AT_IOVEC, &wraps, sizeof(wraps));
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_FAULT);
	/* A bad place for the count loses nothing: the bytes can still be read. */
	fake_iovec(5);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, FAKE_MEMORY - 3), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, FAKE_MEMORY - 4), 0);
	CHECK_EQ(fake_u32(FAKE_MEMORY - 4), 5);
	CHECK_EQ(CALL(random_get, 16, FAKE_MEMORY), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(clock_time_get, 0, 0, FAKE_MEMORY), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(fd_fdstat_get, 0, FAKE_MEMORY - 23), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(fd_prestat_get, 0, AT_RESULT), WASI_ERRNO_BADF);
}

TEST(descriptors_that_are_not_open_are_refused_everywhere)
{
	START("");
	for (uint64_t i = 0; i < 3; i++) {
		uint64_t fd = (const uint64_t[]){2, 77, 0xffffffffu}[i];
		CHECK_EQ(CALL(fd_close, fd), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(fd_renumber, fd, 1), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(fd_renumber, 1, fd), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(fd_renumber, fd, fd), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(fd_sync, fd), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(fd_readdir, fd, AT_DATA, 100, 0, AT_RESULT), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(path_unlink_file, fd, PATH("x")), WASI_ERRNO_BADF);
		CHECK_EQ(CALL(sock_shutdown, fd, 3), WASI_ERRNO_BADF);
	}
	CHECK_EQ(CALL(sock_shutdown, 1, 3), WASI_ERRNO_NOTSOCK);
	CHECK_EQ(CALL(sock_accept, 1, 0, AT_RESULT), WASI_ERRNO_NOTSOCK);
	CHECK_EQ(CALL(path_unlink_file, 1, PATH("x")), WASI_ERRNO_NOTDIR);
	CHECK_EQ(CALL(fd_readdir, 1, AT_DATA, 100, 0, AT_RESULT), WASI_ERRNO_NOTDIR);
}

TEST(renumber_moves_and_closing_frees)
{
	START("input");
	CHECK_EQ(CALL(fd_renumber, 1, 1), 0);
	CHECK_EQ(CALL(fd_renumber, 0, 1), 0);
	CHECK_EQ(CALL(fd_close, 0), WASI_ERRNO_BADF);
	fake_iovec(5);
	CHECK_EQ(CALL(fd_read, 1, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_BYTES(fake.memory + AT_DATA, "input", 5);
	CHECK_EQ(fake_write(1, "x"), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_close, 1), 0);
	CHECK_EQ(CALL(fd_close, 1), WASI_ERRNO_BADF);
}

TEST(rights_only_shrink)
{
	START("");
	CHECK_EQ(CALL(fd_fdstat_get, 1, AT_RESULT), 0);
	uint64_t rights = fake_u64(AT_RESULT + 8);
	CHECK(rights & WASI_RIGHT_FD_WRITE);
	CHECK(!(rights & (WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL | WASI_RIGHT_FD_READ)));
	CHECK_EQ(CALL(fd_fdstat_set_rights, 1, rights | WASI_RIGHT_FD_READ, 0),
			WASI_ERRNO_NOTCAPABLE);
	CHECK_EQ(CALL(fd_fdstat_set_rights, 1, 0, 0), 0);
	CHECK_EQ(fake_write(1, "x"), WASI_ERRNO_BADF);
	CHECK_EQ(CALL(fd_filestat_get, 1, AT_RESULT), WASI_ERRNO_NOTCAPABLE);
}

TEST(exit_and_raise_end_the_guest)
{
	START("");
	CALL(proc_exit, 42);
	CHECK_EQ(fake.result, SV_HOST_EXIT);
	CHECK_EQ(fake.exit_code, 42);
	CALL(proc_raise, 6);
	CHECK_EQ(fake.result, SV_HOST_TRAP);
	CHECK_HAS(fake.trap, "abrt");
	CHECK_EQ(CALL(proc_raise, 0), 0);
	CHECK_EQ(fake.result, SV_HOST_OK);
	CHECK_EQ(CALL(proc_raise, 31), WASI_ERRNO_INVAL);
	CHECK_EQ(fake_call("sched_yield", NULL, 0), 0);
}

TEST(clocks_and_random_bytes)
{
	START("");
	for (uint64_t id = 0; id < 4; id++) {
		CHECK_EQ(CALL(clock_time_get, id, 1, AT_RESULT), 0);
		CHECK(fake_u64(AT_RESULT) > 0);
		CHECK_EQ(CALL(clock_res_get, id, AT_RESULT), 0);
		CHECK(fake_u64(AT_RESULT) > 0);
	}
	CHECK_EQ(CALL(clock_time_get, 4, 1, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(random_get, AT_DATA, 64), 0);
	CHECK(fake_u64(AT_DATA) != 0 || fake_u64(AT_DATA + 8) != 0);
	CHECK(fake_u64(AT_DATA + 56) != fake_u64(AT_DATA));
	CHECK_EQ(fake_u64(AT_DATA + 64), 0);
	CHECK_EQ(CALL(random_get, FAKE_MEMORY, 0), 0);
}

static void put_clock(uint32_t at, uint64_t userdata, uint32_t id, uint64_t timeout, uint16_t flags)
{
	struct wasi_subscription wanted = {.userdata = userdata};
	wanted.clock.id = id;
	wanted.clock.timeout = timeout;
	wanted.clock.flags = flags;
	memcpy(fake.memory + at, &wanted, sizeof(wanted));
}

static void put_fd(uint32_t at, uint64_t userdata, uint8_t type, uint32_t fd)
{
	struct wasi_subscription wanted = {.userdata = userdata, .type = type};
	wanted.fd = fd;
	memcpy(fake.memory + at, &wanted, sizeof(wanted));
}

static struct wasi_event event_at(uint32_t address)
{
	struct wasi_event event;
	memcpy(&event, fake.memory + address, sizeof(event));
	return event;
}

TEST(poll_waits_for_the_first_clock)
{
	START("");
	struct timespec before, after;
	put_clock(AT_IOVEC, 7, WASI_CLOCK_MONOTONIC, UINT64_C(3600) * 1000000000, 0);
	put_clock(AT_IOVEC + 48, 8, WASI_CLOCK_REALTIME, 20 * 1000000, 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK_EQ(fake_u32(AT_RESULT), 1);
	CHECK_EQ(event_at(AT_DATA).userdata, 8);
	CHECK_EQ(event_at(AT_DATA).error, 0);
	int64_t waited = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec -
			before.tv_nsec;
	CHECK_MSG(waited >= 20 * 1000000, "waited only %" PRId64 " ns", waited);
	/* An absolute time that is past; a clock that cannot be waited for; one that is none. */
	put_clock(AT_IOVEC, 1, WASI_CLOCK_REALTIME, 5, WASI_SUBCLOCK_ABSTIME);
	put_clock(AT_IOVEC + 48, 2, WASI_CLOCK_THREAD_CPUTIME, 5, 0);
	put_clock(AT_IOVEC + 96, 3, 9, 5, 0);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 3);
	CHECK_EQ(event_at(AT_DATA).error, 0);
	CHECK_EQ(event_at(AT_DATA + 32).error, WASI_ERRNO_NOTSUP);
	CHECK_EQ(event_at(AT_DATA + 64).error, WASI_ERRNO_INVAL);
}

TEST(poll_tells_what_descriptors_are_ready)
{
	START("12345");
	int pipes[2];
	CHECK_EQ(pipe(pipes), 0);
	config.streams[2] = (struct wasi_stream){.kind = WASI_STREAM_FD, .fd = pipes[1]};
	CHECK_OK(fake_start(&config, &error));
	put_fd(AT_IOVEC, 1, WASI_EVENTTYPE_FD_READ, 0);
	put_fd(AT_IOVEC + 48, 2, WASI_EVENTTYPE_FD_WRITE, 2);
	put_fd(AT_IOVEC + 96, 3, WASI_EVENTTYPE_FD_READ, 55);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 3);
	CHECK_EQ(event_at(AT_DATA).available, 5);
	CHECK_EQ(event_at(AT_DATA + 32).type, WASI_EVENTTYPE_FD_WRITE);
	CHECK_EQ(event_at(AT_DATA + 32).error, 0);
	CHECK_EQ(event_at(AT_DATA + 64).error, WASI_ERRNO_BADF);
	close(pipes[0]);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC + 48, AT_DATA, 1, AT_RESULT), 0);
	CHECK_EQ(event_at(AT_DATA).flags, WASI_EVENTRW_HANGUP);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(fake_write(2, "x"), WASI_ERRNO_PIPE);
	close(pipes[1]);
}

TEST(poll_refuses_none_and_too_many)
{
	START("");
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 0, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 4097, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 0xffffffffu, AT_RESULT), WASI_ERRNO_INVAL);
	put_fd(AT_IOVEC, 1, 3, 0);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 1, AT_RESULT), WASI_ERRNO_INVAL);
	CHECK_EQ(CALL(poll_oneoff, FAKE_MEMORY - 47, AT_DATA, 1, AT_RESULT), WASI_ERRNO_FAULT);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, FAKE_MEMORY - 31, 1, AT_RESULT), WASI_ERRNO_FAULT);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals as the deadline's, every 20 ms: the first may come before the wait. */
static void alarms_set(long microseconds)
{
	struct sigaction action = {.sa_handler = on_alarm};
	const struct timeval time = {.tv_usec = microseconds};
	const struct itimerval timer = {time, time};
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST(a_signal_ends_waiting)
{
	START("");
	int pipes[2];
	CHECK_EQ(pipe(pipes), 0);
	config.streams[0] = (struct wasi_stream){.kind = WASI_STREAM_FD, .fd = pipes[0]};
	CHECK_OK(fake_start(&config, &error));
	put_clock(AT_IOVEC, 1, WASI_CLOCK_MONOTONIC, UINT64_MAX, 0);
	alarms_set(20000);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 1, AT_RESULT), WASI_ERRNO_INTR);
	fake_iovec(5);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_INTR);
	alarms_set(0);
	/* Without waiting, on a descriptor whose own flags nobody may touch. */
	CHECK_EQ(CALL(fd_fdstat_set_flags, 0, WASI_FDFLAG_NONBLOCK), 0);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_AGAIN);
	CHECK_EQ(fcntl(pipes[0], F_GETFL) & O_NONBLOCK, 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- a source, and a guest that waits without a thread ---- */

static struct {
	enum wasi_given state;
	const char *bytes;
	unsigned sleeps;
	uint64_t until;
} source;

static enum wasi_given source_give(void *data, uint8_t *to, size_t room, size_t *count)
{
	size_t there = strlen(source.bytes);
	(void)data;
	*count = room && there > room ? room : there;
	if (room && *count) {
		memcpy(to, source.bytes, *count);
		source.bytes += *count;
	}
	return there ? WASI_GIVEN : source.state;
}

static void source_sleep(void *user, uint64_t until)
{
	(void)user;
	source.sleeps++;
	source.until = until;
}

static void source_set(const char *bytes, enum wasi_given state)
{
	source.bytes = bytes;
	source.state = state;
	source.sleeps = 0;
	source.until = 0;
}

#define START_SOURCE() \
	START(""); \
	config.streams[0] = (struct wasi_stream){ \
			.kind = WASI_STREAM_SOURCE, .source = {source_give, NULL}}; \
	config.sleep = source_sleep; \
	CHECK_OK(fake_start(&config, &error))

TEST(a_source_is_read_as_it_comes)
{
	START_SOURCE();
	fake_iovec(4);
	source_set("abcdef", WASI_GIVEN_LATER);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 4);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 2);
	CHECK_BYTES(fake.memory + AT_DATA, "ef", 2);
	CHECK_EQ(source.sleeps, 0);
	/* It waits, and is called again for nothing. */
	for (unsigned i = 1; i < 3; i++) {
		(void)CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT);
		CHECK_EQ(fake.result, SV_HOST_SUSPEND);
		CHECK_EQ(source.sleeps, i);
		CHECK_EQ(source.until, UINT64_MAX);
	}
	/* Nothing to read into is nothing to wait for. */
	fake_iovec(0);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake.result, SV_HOST_OK);
	fake_iovec(4);
	CHECK_EQ(CALL(fd_fdstat_set_flags, 0, WASI_FDFLAG_NONBLOCK), 0);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_AGAIN);
	CHECK_EQ(fake.result, SV_HOST_OK);
	source_set("", WASI_GIVEN_END);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 0);
	source_set("", WASI_GIVEN_BROKEN);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_IO);
	CHECK_EQ(CALL(fd_write, 0, AT_IOVEC, 1, AT_RESULT), WASI_ERRNO_BADF);
}

TEST(a_source_fills_several_buffers_as_far_as_it_goes)
{
	START_SOURCE();
	const struct wasi_iovec three[] = {{AT_DATA, 2}, {AT_DATA + 2, 0}, {AT_DATA + 2, 4}};
	memcpy(fake.memory + AT_IOVEC, three, sizeof three);
	source_set("abc", WASI_GIVEN_LATER);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 3);
	/* The first is full and there is no more: that is no reason to wait. */
	source_set("ab", WASI_GIVEN_BROKEN);
	CHECK_EQ(CALL(fd_read, 0, AT_IOVEC, 3, AT_RESULT), 0);
	CHECK_EQ(fake_u32(AT_RESULT), 2);
	CHECK_EQ(fake.result, SV_HOST_OK);
}

TEST(a_source_needs_something_to_wait_with)
{
	START("");
	config.streams[0] = (struct wasi_stream){
			.kind = WASI_STREAM_SOURCE, .source = {source_give, NULL}};
	CHECK_ERROR(fake_start(&config, &error), SV_ERROR_USAGE, "needs one to wait with");
}

static uint64_t monotonic_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

TEST(poll_waits_for_a_source_and_keeps_its_time)
{
	START_SOURCE();
	struct timespec nap = {.tv_nsec = 30000000};
	uint64_t until;
	source_set("", WASI_GIVEN_LATER);
	put_fd(AT_IOVEC, 1, WASI_EVENTTYPE_FD_READ, 0);
	put_clock(AT_IOVEC + 48, 2, WASI_CLOCK_MONOTONIC, 20 * 1000000, 0);
	/* Woken for nothing it waits on, for the time that is left, if some is. */
	do {
		(void)CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT);
		CHECK_EQ(fake.result, SV_HOST_SUSPEND);
		until = source.until;
		(void)CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT);
	} while (fake.result == SV_HOST_OK && monotonic_now() >= until);
	CHECK_EQ(fake.result, SV_HOST_SUSPEND);
	CHECK_EQ(source.until, until);
	nanosleep(&nap, NULL);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT), 0);
	CHECK_EQ(fake.result, SV_HOST_OK);
	CHECK_EQ(fake_u32(AT_RESULT), 1);
	CHECK_EQ(event_at(AT_DATA).userdata, 2);
	/* The next call has a time of its own; input and an end are seen at once. */
	(void)CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT);
	CHECK(source.until > until);
	source_set("abc", WASI_GIVEN_LATER);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT), 0);
	CHECK_EQ(event_at(AT_DATA).userdata, 1);
	CHECK_EQ(event_at(AT_DATA).available, 3);
	source_set("", WASI_GIVEN_END);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 1, AT_RESULT), 0);
	CHECK_EQ(event_at(AT_DATA).available, 0);
}

TEST(poll_looks_at_descriptors_of_the_host_without_a_thread)
{
	START_SOURCE();
	int pipes[2];
	CHECK_EQ(pipe(pipes), 0);
	config.streams[0] = (struct wasi_stream){.kind = WASI_STREAM_FD, .fd = pipes[0]};
	CHECK_OK(fake_start(&config, &error));
	source_set("", WASI_GIVEN_LATER);
	put_fd(AT_IOVEC, 1, WASI_EVENTTYPE_FD_READ, 0);
	put_clock(AT_IOVEC + 48, 2, WASI_CLOCK_MONOTONIC, UINT64_C(3600) * 1000000000, 0);
	(void)CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT);
	uint64_t soon = monotonic_now() + 1000000000;
	CHECK_EQ(fake.result, SV_HOST_SUSPEND);
	CHECK(source.until < soon);
	CHECK_EQ(write(pipes[1], "x", 1), 1);
	CHECK_EQ(CALL(poll_oneoff, AT_IOVEC, AT_DATA, 2, AT_RESULT), 0);
	CHECK_EQ(event_at(AT_DATA).available, 1);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_MAIN()
