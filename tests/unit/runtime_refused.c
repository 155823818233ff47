/*
 * runtime_refused.c: what the runtime does when the system refuses something. A scenario with
 * everything that asks the system for something is run with the n-th call refused, for every n,
 * and with all calls from the n-th on, for every seventh: each time it ends with an error of one
 * line, or as if nothing had been; all it took is given back; and the next run succeeds.
 *
 * Each n has a process of its own, a fork: so one that is killed says which call it was. With
 * VERBOSE=1 in the environment every call is listed with what became of it; with ONLY=n the n-th
 * is in this process, for gdb.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "runtime/engine.h"
#include "runtime/store.h"
#include "tests/unit/runtime_fixture.h"

/* ---- calls ---- */

/* Which call is refused: counted from 1 while `refused_first` is not 0. */
static unsigned refused_first, calls_made;
static bool refuse_all_later;
static const char *refused_name; /* the first that was refused */

/* What the runtime has: every call that takes something and every one that gives back. */
static int64_t held_mappings, held_blocks, held_timers;

static bool call_is_refused(const char *name)
{
	if (!refused_first)
		return false;
	unsigned number = ++calls_made;
	if (number < refused_first || (number > refused_first && !refuse_all_later))
		return false;
	if (!refused_name)
		refused_name = name;
	return true;
}

static void call_count(const char *name, const void *address, intptr_t result)
{
	if (strcmp(name, "mmap") == 0)
		held_mappings += address == NULL;
	else if (strcmp(name, "timer_create") == 0)
		held_timers++;
	else if (strstr(name, "alloc") || strcmp(name, "strdup") == 0)
		held_blocks += result != 0 && !(strncmp(name, "realloc", 7) == 0 && address);
}

#define FIRST(a, ...) ((const void *)(intptr_t)(a))
#define CALL(type, name, refusal, number, parameters, arguments) \
	type __real_##name parameters; \
	__attribute__((visibility("default"))) type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		if (call_is_refused(#name)) { \
			errno = number; \
			return refusal; \
		} \
		const void *first = FIRST arguments; \
		type result = __real_##name arguments; \
		if (result != refusal) \
			call_count(#name, first, (intptr_t)result); \
		return result; \
	}
#include "tests/unit/refused_calls.def"
#undef CALL

/* Pages of the plain module's memory at the beginning. */
enum { MEMORY_PAGES = 66, MEMORY_SIZE = MEMORY_PAGES * 65536 };

/* Of several mappings the system may have changed the first when it refuses the next. */
int __real_mprotect(void *address, size_t size, int protection);
__attribute__((visibility("default"))) int __wrap_mprotect(void *address, size_t size,
		int protection);
int __wrap_mprotect(void *address, size_t size, int protection)
{
	if (!call_is_refused("mprotect"))
		return __real_mprotect(address, size, protection);
	if (size == MEMORY_SIZE && protection == (PROT_READ | PROT_WRITE))
		__real_mprotect(address, size / 2, protection);
	errno = ENOMEM;
	return -1;
}

/* Those that give back are never refused: the system may, but then it has lost count itself. */
#define GIVES(type, name, parameters, arguments, what) \
	type __real_##name parameters; \
	__attribute__((visibility("default"))) type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		what; \
		return __real_##name arguments; \
	}
GIVES(int, munmap, (void *a, size_t b), (a, b), held_mappings--)
GIVES(int, timer_delete, (timer_t a), (a), held_timers--)
GIVES(void, free, (void *a), (a), held_blocks -= a != NULL)

/* ---- the scenario ---- */

static const char plain_text[] =
		"(module (import \"host\" \"wait\" (func $wait (param i32) (result i32)))\n"
		"(import \"host\" \"write\" (func $write (param i32)))\n"
		"(type $ii (func (param i32) (result i32)))\n"
		"(memory (export \"memory\") 66 99) (data (i32.const 4090) \"0123456789abcdef\")\n"
		"(data $late \"late\") (table $t 3 2000 funcref) (elem (i32.const 0) $id)\n"
		"(elem $e funcref (ref.func $id)) (global $g (mut i32) (i32.const 9))\n"
		"(func $id (type $ii) (local.get 0))\n"
		"(func (export \"grow\") (type $ii) (memory.grow (local.get 0)))\n"
		"(func (export \"grow_table\") (type $ii)\n"
		"  (table.grow $t (ref.func $id) (local.get 0)))\n"
		"(func (export \"set_table\") (type $ii)\n"
		"  (table.set $t (i32.const 1) (ref.func $id)) (i32.const 0))\n"
		"(func (export \"store\") (type $ii)\n"
		"  (i32.store (local.get 0) (i32.const -1)) (i32.load (local.get 0)))\n"
		"(func (export \"fill\") (type $ii)\n"
		"  (memory.fill (i32.const 8192) (i32.const 1) (local.get 0)) (i32.const 0))\n"
		"(func (export \"init\") (type $ii)\n"
		"  (memory.init $late (local.get 0) (i32.const 0) (i32.const 4)) (i32.const 0))\n"
		"(func (export \"host_write\") (type $ii)\n"
		"  (call $write (local.get 0)) (i32.const 0))\n"
		"(func $deep (export \"deep\") (type $ii)\n"
		"  (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))\n"
		"  (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))\n"
		"(func (export \"wait\") (type $ii) (call $wait (local.get 0)))\n"
		"(func (export \"spin\") (type $ii) (loop (br 0)) (unreachable))\n"
		"(func (export \"trap\") (type $ii) (unreachable)))";

/*
 * (type (func (param i32) (result i32))) (type (array (mut i32))) (global (mut anyref) null)
 * (func (export "make") (global.set 0 (array.new 1 (i32.const 7) (local.get 0))) (i32.const 0)),
 * which the text format's library does not know.
 */
static const uint8_t objects_module[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 1, 9, 2, 0x60, 1, 0x7f, 1,
		0x7f, 0x5e, 0x7f, 1, 3, 2, 1, 0, 6, 6, 1, 0x6e, 1, 0xd0, 0x6e, 0x0b, 7, 8, 1, 4,
		'm', 'a', 'k', 'e', 0, 0, 10, 15, 1, 13, 0, 0x41, 7, 0x20, 0, 0xfb, 6, 1, 0x24, 0,
		0x41, 0, 0x0b};

static const char shared_text[] =
		"(module (memory (export \"memory\") 1 3 shared)\n"
		"(type $ii (func (param i32) (result i32)))\n"
		"(func (export \"grow\") (type $ii) (memory.grow (local.get 0))))";

static struct buffer plain_bytes, checked_bytes, objects_bytes, shared_bytes;

/* What a run of the scenario came to. */
static struct sv_error *failure;

static enum sv_host_result host_wait(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	(void)values;
	return SV_HOST_SUSPEND;
}

static enum sv_host_result host_write(struct sv_caller *caller, union sv_value *values)
{
	uint8_t *bytes = sv_caller_range(caller, (uint32_t)values[0].i32, 8192);
	if (!bytes) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "no range");
		return SV_HOST_TRAP;
	}
	memset(bytes, 0x77, 8192);
	return SV_HOST_OK;
}

/* A guest's end that is not what the scenario wants must have a reason, which is the error. */
static bool end_is(struct sv_store *store, enum sv_outcome outcome, enum sv_outcome wanted)
{
	if (outcome == wanted)
		return true;
	const struct sv_trap_info *trap = sv_store_trap(store);
	if (outcome != SV_REFUSED)
		sv_fail(failure, SV_ERROR_TRAP, "trap: %s", trap ? trap->text : "");
	return false;
}

static bool call_guest(struct sv_store *store, const char *name, int32_t argument,
		enum sv_outcome wanted)
{
	static union sv_value value; /* where suspended calls leave their results */
	value.i32 = argument;
	struct sv_funcref *function = sv_instance_function(sv_store_instance(store), name);
	return end_is(store, sv_call(store, function, NULL, &value, failure), wanted);
}

/* Closed pages are opened here and there, by compiled code, helpers and the host. */
static bool guest_writes(struct sv_store *store)
{
	for (int32_t page = 3; page < 300; page += 7)
		TRY(call_guest(store, "store", page * 4096, SV_RETURNED));
	TRY(call_guest(store, "host_write", 70000, SV_RETURNED));
	TRY(call_guest(store, "fill", 65536, SV_RETURNED));
	TRY(call_guest(store, "init", 1200000, SV_RETURNED));
	TRY(call_guest(store, "grow", 2, SV_RETURNED));
	TRY(call_guest(store, "set_table", 0, SV_RETURNED));
	TRY(call_guest(store, "grow_table", 1000, SV_RETURNED));
	return call_guest(store, "deep", 3000, SV_RETURNED);
}

static bool guest_waits(struct sv_store *store)
{
	const union sv_value result = {.i32 = 5};
	TRY(call_guest(store, "wait", 1, SV_SUSPENDED));
	TRY(end_is(store, sv_resume(store, &result, failure), SV_RETURNED));
	TRY(sv_store_set_quantum(store, 300000, failure));
	TRY(call_guest(store, "spin", 1, SV_PREEMPTED));
	TRY(end_is(store, sv_resume(store, NULL, failure), SV_PREEMPTED));
	sv_store_set_quantum(store, 0, failure);
	sv_store_set_deadline(store, 1);
	TRY(end_is(store, sv_resume(store, NULL, failure), SV_TIMED_OUT));
	sv_store_set_deadline(store, 0);
	TRY(call_guest(store, "trap", 1, SV_TRAPPED));
	sv_store_trap(store);
	return call_guest(store, "wait", 1, SV_SUSPENDED);
}

static bool plain_lease(struct sv_store *store, int round)
{
	TRY(guest_writes(store));
	/* Twice all pages at once: from then on they stay open. */
	if (round > 0)
		TRY(call_guest(store, "fill", MEMORY_SIZE - 8192, SV_RETURNED));
	return guest_waits(store);
}

/* After a refusal: what can still be written is put back too. */
static void guest_writes_on(struct sv_store *store)
{
	struct sv_funcref *function = sv_instance_function(sv_store_instance(store), "store");
	for (int32_t page = 0; function && page < 16 * MEMORY_PAGES; page += 20) {
		union sv_value value = {.i32 = page * 4096 + 16};
		struct sv_error ignored = SV_ERROR_INIT;
		if (sv_call(store, function, NULL, &value, &ignored) == SV_REFUSED)
			return;
	}
}

static bool dense_lease(struct sv_store *store, int round)
{
	return round > 0 || (guest_writes(store) && guest_waits(store));
}

static bool objects_lease(struct sv_store *store, int round)
{
	return call_guest(store, "make", 1 << (12 + 3 * round), SV_RETURNED) &&
			call_guest(store, "make", 1 << 12, SV_RETURNED);
}

static bool shared_lease(struct sv_store *store, int round)
{
	(void)round;
	return call_guest(store, "grow", 1, SV_RETURNED);
}

static bool pool_use_once(struct sv_pool *pool, bool (*use)(struct sv_store *, int), int round)
{
	struct sv_store *store = sv_pool_lease(pool, failure);
	TRY(store);
	bool is_good = end_is(store, sv_pool_start(store, failure), SV_RETURNED) &&
			use(store, round);
	if (!is_good && sv_store_instance(store))
		guest_writes_on(store);
	sv_pool_return(pool, store);
	return is_good;
}

/* After a refusal the pool has all its places, and what it leases is as good as ever. */
static void pool_use_again(struct sv_pool *pool, bool (*use)(struct sv_store *, int))
{
	struct sv_error *before = failure, later = SV_ERROR_INIT;
	unsigned first = refused_first;
	refused_first = 0;
	failure = &later;
	for (int round = 0; round < 2; round++) {
		if (pool_use_once(pool, use, round))
			continue;
		printf("a pool after a refusal: %s\n", later.text);
		fflush(stdout);
		abort();
	}
	failure = before;
	refused_first = first;
}

static bool pool_use(struct sv_pool *pool, bool (*use)(struct sv_store *, int))
{
	for (int round = 0; round < 3; round++) {
		if (pool_use_once(pool, use, round))
			continue;
		pool_use_again(pool, use);
		return false;
	}
	return true;
}

static bool artifact_use(const struct buffer *bytes, struct sv_linker *linker, uint32_t count,
		bool (*use)(struct sv_store *, int))
{
	char path[64];
	int fd = __real_memfd_create("refused", MFD_CLOEXEC);
	fixture_need(__real_write(fd, bytes->data, bytes->length) == (ssize_t)bytes->length,
			"file");
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	struct sv_artifact *artifact = sv_artifact_load(engine, path, failure);
	struct sv_pool *pool = NULL;
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	limits.max_memory = 64 << 20;
	if (artifact)
		pool = sv_pool_new(engine, artifact, linker, &limits, count, failure);
	bool is_good = pool && pool_use(pool, use);
	sv_pool_free(pool);
	sv_artifact_free(artifact);
	close(fd);
	return is_good;
}

/* Enough instances for small slots. */
enum { MANY = 20000 };

static bool engine_use(void)
{
	TRY(sv_thread_enter(engine, failure));
	struct sv_linker *linker = sv_linker_new(engine, failure);
	bool is_good = linker &&
			sv_linker_define_function(linker, "host", "wait", "i:i", host_wait, NULL,
					failure) &&
			sv_linker_define_function(linker, "host", "write", "i:", host_write, NULL,
					failure) &&
			artifact_use(&plain_bytes, linker, 2, plain_lease) &&
			artifact_use(&plain_bytes, linker, MANY, dense_lease) &&
			artifact_use(&checked_bytes, linker, MANY, dense_lease) &&
			artifact_use(&objects_bytes, NULL, 2, objects_lease) &&
			artifact_use(&shared_bytes, NULL, 2, shared_lease);
	sv_linker_free(linker);
	return is_good;
}

static bool engine_use_little(void)
{
	return sv_thread_enter(engine, failure) &&
			artifact_use(&objects_bytes, NULL, 2, objects_lease);
}

static bool scenario(struct sv_error *report, bool (*use)(void))
{
	failure = report;
	engine = sv_engine_new(hardened_config(), failure);
	TRY(engine);
	bool is_good = use();
	if (engine->mappings || engine->slots || engine->tenants) {
		printf("counted at the end: %ju mappings, %ju slots, %ju tenants\n",
				(uintmax_t)engine->mappings, (uintmax_t)engine->slots,
				(uintmax_t)engine->tenants);
		fflush(stdout);
		abort();
	}
	sv_engine_free(engine);
	return is_good;
}

/* ---- one refusal ---- */

static int descriptor_count(void)
{
	int count = 0;
	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Nobody else has handlers in this process, and those of the engine are gone with it. */
static bool handlers_are_gone(void)
{
	const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGURG};
	bool are_gone = true;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct sigaction now;
		are_gone = are_gone && __real_sigaction(signals[i], NULL, &now) == 0 &&
				now.sa_handler == SIG_DFL;
	}
	return are_gone;
}

/* In the child: 0 if all is well, 3 if there is no n-th call. */
static int child_run(unsigned number, bool all_later, bool is_verbose)
{
	struct sv_error report = SV_ERROR_INIT;
	int descriptors = descriptor_count();
	int64_t mappings = held_mappings, blocks = held_blocks, timers = held_timers;
	calls_made = 0;
	refuse_all_later = all_later;
	refused_first = number;
	bool is_good = scenario(&report, engine_use);
	refused_first = 0;
	if (!refused_name)
		return is_good ? 3 : 1;
	const char *text = report.code == SV_ERROR_NONE ? "" : report.text;
	if (is_verbose)
		printf("%u %s: %s\n", number, refused_name, is_good ? "-" : text);
	bool is_clean = is_good || (*text && !strchr(text, '\n') && strcmp(text, "trap: ") != 0);
	bool is_all_back = descriptors == descriptor_count() && mappings == held_mappings &&
			blocks == held_blocks && timers == held_timers &&
			(is_good || all_later || handlers_are_gone());
	if (!is_clean || !is_all_back)
		printf("call %u, %s: error \"%s\"; not given back: %d descriptors, %jd mappings, "
		       "%jd blocks, %jd timers\n",
				number, refused_name, text, descriptor_count() - descriptors,
				(intmax_t)(held_mappings - mappings),
				(intmax_t)(held_blocks - blocks), (intmax_t)(held_timers - timers));
	sv_error_clear(&report);
	bool is_well_again = scenario(&report, engine_use_little);
	if (!is_well_again)
		printf("call %u, %s: and then: %s\n", number, refused_name, report.text);
	fflush(stdout);
	return !(is_clean && is_all_back && is_well_again);
}

static int refuse(unsigned number, bool all_later)
{
	int status;
	fflush(stdout);
	const char *only = getenv("ONLY");
	if (only && (unsigned)atoi(only) == number)
		_exit(child_run(number, all_later, true));
	pid_t child = fork();
	if (child == 0)
		_exit(child_run(number, all_later, getenv("VERBOSE") != NULL));
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status))
		printf("call %u%s: killed by signal %d\n", number,
				all_later ? " and all later" : "", WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static struct buffer compile_objects(void)
{
	struct sv_bytes view = {objects_module, sizeof objects_module};
	struct sv_compile_options options;
	struct buffer artifact = {0};
	sv_compile_options_init(&options);
	options.jobs = 1;
	fixture_need(sv_compile(view, &options, &artifact, &error), "compile");
	return artifact;
}

static void prepare(void)
{
	struct sv_error report = SV_ERROR_INIT;
	if (plain_bytes.data)
		return;
	plain_bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	checked_bytes = fixture_compile(plain_text, SV_BOUNDS_CHECK, 2);
	objects_bytes = compile_objects();
	shared_bytes = fixture_compile(shared_text, SV_BOUNDS_GUARD, 2);
	/* What libraries keep is made now. */
	bool is_good = scenario(&report, engine_use);
	error = report;
	fixture_need(is_good, "scenario");
}

static void refuse_each(bool all_later, unsigned step)
{
	step *= test_is_quick() ? 5 : 1;
	unsigned number = 1, wrong = 0;
	prepare();
	for (int code = 0; code != 3 && wrong < 20; number += step) {
		code = refuse(number, all_later);
		wrong += code != 0 && code != 3;
	}
	printf("%u calls%s\n", number - 2, all_later ? ", with all later ones" : "");
	CHECK_EQ(wrong, 0);
	CHECK(number > 100);
}

TEST(one_refused_call_is_an_error_or_nothing)
{
	refuse_each(false, 1);
}

TEST(when_all_is_refused_all_is_given_back)
{
	refuse_each(true, 7);
}

TEST_MAIN()
