/*
 * platform_confine.c: what a process can still do when it is confined. Each test is a child.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/confine.h"
#include "tests/lib/test.h"

/* Run `attempt` confined in a child; what it returns, or 250 if it could not be confined. */
static int confined(int (*attempt)(void))
{
	static const struct confinement limits = {
			.memory = UINT64_C(1) << 30, .seconds = 10, .output = 4096};
	struct sv_error error = SV_ERROR_INIT;
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		if (!confine(&limits, &error)) {
			dprintf(2, "%s\n", error.text);
			_exit(250);
		}
		_exit(attempt());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 251;
}

/* 0 if the call was refused in the way that is expected of it. */
static int is_refused(int result, int expected)
{
	if (result >= 0)
		return 1;
	return errno == expected ? 0 : 2;
}

static int read_a_file(void)
{
	return is_refused(open("/etc/passwd", O_RDONLY), EACCES);
}

static int read_itself(void)
{
	return is_refused(open("/proc/self/environ", O_RDONLY), EACCES);
}

static int write_a_file(void)
{
	return is_refused(open("/tmp/selvage-confined", O_WRONLY | O_CREAT, 0600), EACCES);
}

static int remove_a_file(void)
{
	return is_refused(unlink("/tmp/selvage-confined"), EPERM);
}

static int open_a_socket(void)
{
	return is_refused(socket(AF_INET, SOCK_STREAM, 0), EPERM);
}

static int run_a_program(void)
{
	return is_refused(execl("/bin/true", "true", NULL), EPERM);
}

static int start_a_process(void)
{
	return is_refused(fork(), EPERM);
}

static int signal_the_parent(void)
{
	return is_refused(kill(getppid(), 0), EPERM);
}

static int trace_the_parent(void)
{
	return is_refused((int)ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM);
}

static void *thread_main(void *data)
{
	return data;
}

static int use_what_a_compilation_needs(void)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, thread_main, NULL) != 0 ||
			pthread_join(thread, NULL) != 0)
		return 3;
	int fd = memfd_create("test", MFD_CLOEXEC), ends[2];
	char path[64];
	if (fd < 0 || pipe2(ends, O_CLOEXEC) != 0)
		return 1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR);
	return again < 0 || write(again, "x", 1) != 1 ? 2 : 0;
}

/* SIGXCPU, which says why, and not SIGKILL, which says nothing. */
static bool is_told_of_its_cpu_time(void)
{
	static const struct confinement limits = {
			.memory = UINT64_C(1) << 30, .seconds = 1, .output = 4096};
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		if (!confine(&limits, NULL))
			_exit(250);
		for (;;)
			;
	}
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
}

/* ---- compilers of sources: a folder is theirs ---- */

static char folder[] = "/tmp/selvage-confine-XXXXXX";

static int tools_confined(int (*attempt)(void))
{
	static const struct confinement limits = {
			.memory = UINT64_C(1) << 30, .seconds = 10, .output = 4096};
	static const char *const readable[] = {"/usr", "/lib", "/lib64", "/bin", "/not/there"};
	const struct workplace place = {folder, readable, ARRAY_LENGTH(readable)};
	struct sv_error error = SV_ERROR_INIT;
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		if (chdir(folder) != 0 || !confine_tools(&limits, &place, &error)) {
			dprintf(2, "%s\n", error.text);
			_exit(250);
		}
		_exit(attempt());
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 251;
}

static int use_what_compilers_need(void)
{
	if (mkdir("new", 0700) != 0 || open("new/file", O_WRONLY | O_CREAT, 0600) < 0)
		return 1;
	if (open("/usr/include/stdio.h", O_RDONLY) < 0 || open("/dev/null", O_RDWR) < 0)
		return 2;
	if (unlink("new/file") != 0 || rmdir("new") != 0)
		return 3;
	return execl("/bin/true", "true", NULL);
}

static int write_beside_it(void)
{
	return is_refused(open("../selvage-confined", O_WRONLY | O_CREAT, 0600), EACCES);
}

static int write_where_it_reads(void)
{
	return is_refused(open("/usr/selvage-confined", O_WRONLY | O_CREAT, 0600), EACCES);
}

static int leave_the_group(void)
{
	return is_refused(setsid(), EPERM);
}

static int leave_the_network(void)
{
	return is_refused(unshare(CLONE_NEWUSER | CLONE_NEWNET), EPERM);
}

static int use_memory_without_end(void)
{
	void *memory = mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return memory == MAP_FAILED ? 0 : 1;
}

/* AddressSanitizer's own memory counts as data of which a compiler may have so much. */
#ifdef __SANITIZE_ADDRESS__
#define SKIP_IF_SANITIZED() SKIP("AddressSanitizer needs more memory")
#else
#define SKIP_IF_SANITIZED() ((void)0)
#endif

TEST(compilers_have_their_folder_and_what_they_read)
{
	SKIP_IF_SANITIZED();
	CHECK(mkdtemp(folder) != NULL);
	CHECK_EQ(tools_confined(use_what_compilers_need), 0);
	CHECK_EQ(rmdir(folder), 0);
}

TEST(compilers_reach_nothing_else)
{
	SKIP_IF_SANITIZED();
	static int (*const attempts[])(void) = {read_a_file, read_itself, write_beside_it,
			write_where_it_reads, open_a_socket, signal_the_parent, trace_the_parent,
			leave_the_group, leave_the_network, use_memory_without_end};
	strcpy(folder, "/tmp/selvage-confine-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(attempts); i++)
		CHECK_EQ(tools_confined(attempts[i]), 0);
	CHECK_EQ(rmdir(folder), 0);
}

TEST(files_are_out_of_reach)
{
	CHECK_EQ(confined(read_a_file), 0);
	CHECK_EQ(confined(read_itself), 0);
	CHECK_EQ(confined(write_a_file), 0);
	CHECK_EQ(confined(remove_a_file), 0);
}

TEST(the_network_is_out_of_reach)
{
	CHECK_EQ(confined(open_a_socket), 0);
}

TEST(other_processes_are_out_of_reach)
{
	CHECK_EQ(confined(run_a_program), 0);
	CHECK_EQ(confined(start_a_process), 0);
	CHECK_EQ(confined(signal_the_parent), 0);
	CHECK_EQ(confined(trace_the_parent), 0);
}

TEST(cpu_time_has_an_end_that_is_told)
{
	CHECK(is_told_of_its_cpu_time());
}

TEST(threads_memory_files_and_pipes_are_not)
{
	CHECK_EQ(confined(use_what_a_compilation_needs), 0);
}

TEST_MAIN()
