/*
 * selvage_serve.h: the part of selvage.h for embedders that serve many guests: pools, guests that
 * wait without a thread, turns and limits of time. The terms are in selvage.h.
 */
#ifndef SELVAGE_SERVE_H
#define SELVAGE_SERVE_H

#include "runtime/selvage.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what is exported ---- */

/*
 * The signature of an exported function, letters as in sv_linker_define_function, cut to `size`
 * with its NUL; false: no function has this name.
 */
SV_PUBLIC bool sv_artifact_export_signature(const struct sv_artifact *artifact, const char *name,
		char *signature, size_t size);

/* ---- pool ---- */

/*
 * Make a pool of stores for instances of `artifact` linked against `linker`, at most `count`
 * at once (0: as many as the engine allows). Checks the linking once. The pool keeps pointers
 * to all three. NULL with `error` on failure.
 */
SV_PUBLIC struct sv_pool *sv_pool_new(struct sv_engine *engine, struct sv_artifact *artifact,
		struct sv_linker *linker, const struct sv_store_limits *limits, uint32_t count,
		struct sv_error *error);

/* Release it; every lease must have been returned. NULL is allowed. */
SV_PUBLIC void sv_pool_free(struct sv_pool *pool);

/*
 * A store with one fresh instance: memories, tables and globals as after instantiation,
 * before the start function, which the caller runs as part of sv_pool_start. Any thread; the
 * store is then the calling thread's. NULL with `error` (LIMIT when `count` are out).
 */
SV_PUBLIC struct sv_store *sv_pool_lease(struct sv_pool *pool, struct sv_error *error);

/* The instance of a leased store; NULL if starting it failed. */
SV_PUBLIC struct sv_instance *sv_store_instance(struct sv_store *store);

/* Run what instantiation runs of the guest, once: segments not in the image, then `start`. */
SV_PUBLIC enum sv_outcome sv_pool_start(struct sv_store *store, struct sv_error *error);

/* What a pool has now: stores made, of these those that are leased, bytes that the others keep. */
struct sv_pool_stats {
	uint32_t made, leased;
	uint64_t kept; /* pages of memories that stay from lease to lease */
};

/* Any thread, while others lease and return. */
SV_PUBLIC void sv_pool_look(struct sv_pool *pool, struct sv_pool_stats *stats);

/* Give the store back: nothing of what the guest wrote is ever seen again. */
SV_PUBLIC void sv_pool_return(struct sv_pool *pool, struct sv_store *store);

/* ---- guests that wait ---- */

/*
 * Go on with a guest that was suspended or preempted, on any thread that has entered the engine.
 * `results` are those of the host function that suspended it, of its type, copied (NULL: it has
 * none, or the guest was preempted). Ends as the call would have; what that was given for its
 * values must have stayed where it was. SV_REFUSED with `error`, and still suspended, if a result
 * is of the wrong type. A suspended store may also be freed or returned to its pool.
 */
SV_PUBLIC enum sv_outcome sv_resume(struct sv_store *store, const union sv_value *results,
		struct sv_error *error);

/*
 * The same for a guest that a host function suspended: that function is called again, inside the
 * guest's call as the first time and with the same values, so it must not have changed them. It
 * may then do what only a host function may, such as call into the guest.
 */
SV_PUBLIC enum sv_outcome sv_resume_call(struct sv_store *store, struct sv_error *error);

/* True between an outcome of SV_SUSPENDED or SV_PREEMPTED and sv_resume. */
SV_PUBLIC bool sv_store_is_suspended(const struct sv_store *store);

/* ---- limits of time ---- */

/*
 * Let calls of this store, all of them together, use at most so much CPU time of their threads
 * (nanoseconds; 0: no limit); then they end with SV_TIMED_OUT and a trap of kind
 * SV_TRAP_CPU_TIME. Costs two system calls a call. Set it while no guest runs; a pool's lease
 * ends it.
 */
SV_PUBLIC void sv_store_set_cpu_limit(struct sv_store *store, uint64_t nanoseconds);

/*
 * Have calls of this store end with SV_PREEMPTED after so many nanoseconds (0: never), to be
 * resumed after others have had a turn. Outermost calls only; while a host function runs, when
 * it returns. False with `error` if there is no memory. A pool's lease ends it.
 */
SV_PUBLIC bool sv_store_set_quantum(struct sv_store *store, uint64_t nanoseconds,
		struct sv_error *error);

#ifdef __cplusplus
}
#endif

#endif
