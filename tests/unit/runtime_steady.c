/*
 * runtime_steady.c: a lease in steady state makes no system call: the kernel ends a process that
 * makes one.
 */
#include <seccomp.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/runtime_fixture.h"

static const char touching_text[] =
		"(module (memory 4) (global $g (mut i32) (i32.const 5)) (table 3 funcref)\n"
		"(data (i32.const 0) \"a\") (data (i32.const 100000) \"b\")\n"
		"(elem (i32.const 0) $touch) (type $ii (func (param i32) (result i32)))\n"
		"(func $touch (export \"touch\") (type $ii)\n"
		"  (i32.store (i32.const 0) (local.get 0))\n"
		"  (i32.store (i32.const 4096) (local.get 0))\n"
		"  (i32.store (i32.const 100000) (local.get 0))\n"
		"  (i32.store (i32.const 200000) (local.get 0)) (global.set $g (local.get 0))\n"
		"  (i32.add (i32.load8_u (i32.const 100004)) (i32.load (i32.const 200000))))\n"
		"(func (export \"system\") (type $ii) (memory.grow (local.get 0))))";

enum { WARM = 5000, STEADY = 20000 };

static int64_t lease_once(struct sv_pool *pool, const char *name, int32_t argument)
{
	struct guest guest = {NULL, sv_pool_lease(pool, &error), NULL};
	if (!guest.store || sv_pool_start(guest.store, &error) != SV_RETURNED)
		return -1;
	/* The timer is set by the first; it need not be set again for a later time. */
	sv_store_set_deadline(guest.store, fixture_now() + UINT64_C(60000000000));
	guest.instance = sv_store_instance(guest.store);
	int64_t number = guest_number(&guest, name, argument);
	sv_store_set_deadline(guest.store, 0);
	sv_pool_return(pool, guest.store);
	return number;
}

static bool allow_only_exit(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool done = filter &&
			seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0) == 0 &&
			seccomp_load(filter) == 0;
	seccomp_release(filter);
	return done;
}

/* In a process of its own: how it ends is what is tested. Exit code 0: all is well. */
static int lease_many(enum sv_bounds bounds, bool makes_a_call)
{
	engine = sv_engine_new(NULL, &error);
	fixture_need(engine && sv_thread_enter(engine, &error), "engine");
	struct sv_artifact *artifact = fixture_load_as(touching_text, bounds, 2);
	struct sv_pool *pool = sv_pool_new(engine, artifact, NULL, NULL, 4, &error);
	fixture_need(pool != NULL, "pool");
	for (int i = 0; i < WARM; i++) {
		if (lease_once(pool, "touch", i) != i)
			return 2;
	}
	if (!allow_only_exit())
		return 3;
	for (int i = 0; i < STEADY; i++) {
		if (lease_once(pool, "touch", i) != i)
			return 4;
	}
	return makes_a_call && lease_once(pool, "system", 1) < 0 ? 5 : 0;
}

static int end_of(enum sv_bounds bounds, bool makes_a_call)
{
	int status = 0;
	fflush(stdout);
	pid_t child = fork();
	/* Not _exit: before a call that does not return, AddressSanitizer makes one of its own. */
	if (child == 0)
		syscall(SYS_exit_group, lease_many(bounds, makes_a_call));
	waitpid(child, &status, 0);
	return status;
}

TEST(leases_of_guarded_memories_make_no_system_call)
{
	CHECK_EQ(end_of(SV_BOUNDS_GUARD, false), 0);
}

TEST(leases_of_checked_memories_make_no_system_call)
{
	CHECK_EQ(end_of(SV_BOUNDS_CHECK, false), 0);
}

TEST(a_system_call_would_be_noticed)
{
	int status = end_of(SV_BOUNDS_GUARD, true);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSYS);
}

int main(int argc, char **argv)
{
	return test_main(argc, argv);
}
