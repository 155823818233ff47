/*
 * isolation.h: tenants, each a random module, and leases of their stores. Every lease first looks
 * for what the one before may have left, and then leaves as much as it can.
 */
#ifndef SELVAGE_TESTS_ISOLATION_H
#define SELVAGE_TESTS_ISOLATION_H

#include <pthread.h>

#include "base/bytes.h"
#include "runtime/selvage_serve.h"
#include "tests/fuzz/random.h"

enum { MEMORIES_MOST = 3, GLOBALS_MOST = 6, POOLS = 4 };

/* How a guest's deepest frame ends the call: the operand of its br_table. */
enum ending {
	END_RETURN,
	END_UNREACHABLE,
	END_DIVIDE,
	END_BOUNDS,
	END_INDIRECT,
	END_TABLE,
	END_STACK,
	END_CONVERT,
	END_LOOP,
	END_WAIT,
	END_EXIT,
	ENDINGS,
};

/* What the generator chose. */
struct shape {
	uint32_t memories, globals, table_size;
	uint32_t pages[MEMORIES_MOST], most[MEMORIES_MOST];
	bool is_64[MEMORIES_MOST], is_shared[MEMORIES_MOST];
	bool has_objects;
	uint64_t key; /* of the global that the deep function reads */
};

/* What a fresh instance looks like. */
struct picture {
	uint8_t *bytes[MEMORIES_MOST]; /* owned */
	uint64_t size[MEMORIES_MOST];
	union sv_value globals[GLOBALS_MOST];
	int64_t hash, probe, objects; /* what these exports return */
};

/* A module in both strategies; the pools are: guard, guard and dense, check, small slots. */
struct tenant {
	struct shape shape;
	struct sv_artifact *guard, *check;
	struct sv_pool *pools[POOLS];
	struct picture picture;
};

/* Module `number` as text, the caller's to free. Its number decides what kinds of things it has. */
char *module_text(uint32_t number, struct random *random, struct shape *shape);

/* Append objects to the module that was made of the text. */
void objects_add(struct buffer *module, struct random *random);

/* What `deep` returns for this canary: each frame's values come back as they were. */
uint64_t module_deep(const struct shape *shape, uint32_t depth, uint64_t canary);

/* Make the module, both artifacts, the picture and the pools; false with a line printed. */
bool tenant_init(struct tenant *tenant, uint32_t number, struct sv_engine *engine,
		struct sv_linker *linker, struct random *random);
void tenant_finish(struct tenant *tenant);

/* What workers count. */
struct tally {
	uint64_t leases, outcomes[SV_PREEMPTED + 1], endings[ENDINGS], fresh_stores, released,
			full_scans, stale_stacks, object_scans;
};

struct worker {
	pthread_t thread;
	struct sv_engine *engine;
	struct tenant *tenants;
	uint32_t tenant_count;
	uint64_t leases;
	struct random random;
	struct tally tally;
	bool is_wrong;
	/* The store whose guest somebody may interrupt now; under the lock. */
	pthread_mutex_t lock;
	struct sv_store *victim;
};

/* Lease a store of some tenant, look, write, end it somehow and return it. */
bool lease_run(struct worker *worker);

#endif
