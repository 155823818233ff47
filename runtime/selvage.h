/*
 * selvage.h: run WebAssembly modules that `selvage compile` made into artifacts.
 *
 * The nouns, from the longest-lived to the shortest:
 *   engine    one per process: signal handlers, limits
 *   artifact  one compiled module, mapped once, shared by all its instances
 *   linker    names and values that imports are resolved from
 *   store     what belongs together and runs on one thread at a time: instances,
 *             memories, tables, globals, a guest stack, a deadline
 *   instance  one instantiation of an artifact in a store
 *   pool      stores with one ready instance each, leased and returned, for
 *             embedders that want a fresh instance per request
 *
 * Guest code never unwinds host frames: a call ends with an `enum sv_outcome`.
 * Errors (bad files, missing imports, limits) are reported in `struct sv_error`;
 * see base/error.h. Terms are those of the WebAssembly Core specification.
 *
 * Threads: the engine, artifacts and linkers that are no longer changed may be
 * used from any thread. A store and all that lives in it is used by one thread at
 * a time; only sv_store_interrupt may be called from elsewhere. Shared memories are what
 * stores on different threads may have in common. Every thread that runs guest code calls
 * sv_thread_enter first.
 */
#ifndef SELVAGE_H
#define SELVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"
#include "abi/types.h"
#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SV_PUBLIC __attribute__((visibility("default")))

struct sv_engine;
struct sv_artifact;
struct sv_linker;
struct sv_store;
struct sv_instance;
struct sv_pool;
struct sv_caller;
struct sv_tag;
struct sv_artifact_header;

/* ---- engine ---- */

struct sv_engine_config {
	size_t guest_stack_size; /* bytes of stack for guest code in each store */
	uint64_t max_slots;      /* memories that may exist at once, of whatever kind */
	bool hardened_scan;      /* test builds: check that every returned slot is clean */
};

/* Fill `config` with the defaults: 1 MiB of stack, as many memories as the system allows. */
SV_PUBLIC void sv_engine_config_init(struct sv_engine_config *config);

/*
 * Make the engine: installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGURG (those that
 * were there before are called for faults that are not the guest's, and for a SIGURG that is not
 * ours; install yours before, or they replace ours).
 * `config` NULL means the defaults. NULL with `error` filled on failure. A second
 * engine in the same process is an error. Timers do not survive fork(): processes that fork make
 * their engine afterwards.
 */
SV_PUBLIC struct sv_engine *sv_engine_new(const struct sv_engine_config *config,
		struct sv_error *error);

/* End the engine. No store or artifact of it may be left. NULL is allowed. */
SV_PUBLIC void sv_engine_free(struct sv_engine *engine);

/*
 * Give the calling thread its signal stack and unblock SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGURG
 * in it. Required once before the thread runs guests; may be called again. Handlers that the
 * embedder installs for other signals must have SA_ONSTACK, else they run on the guest's stack,
 * where there may be no room for them.
 */
SV_PUBLIC bool sv_thread_enter(struct sv_engine *engine, struct sv_error *error);

/* Undo sv_thread_enter; no guest may be running on this thread. */
SV_PUBLIC void sv_thread_leave(struct sv_engine *engine);

/* Version of the library, such as "0.1.0"; constant string. */
SV_PUBLIC const char *sv_version(void);

/* ---- artifact ---- */

/*
 * Check the file at `path` with libelf (kind, machine, checksum, ABI version, CPU
 * features, nothing that runs or binds at load) and map it. The artifact is the
 * caller's, to be released with sv_artifact_free. NULL with `error` on failure.
 */
SV_PUBLIC struct sv_artifact *sv_artifact_load(struct sv_engine *engine, const char *path,
		struct sv_error *error);

/* The same for an open descriptor, which stays the caller's; `name` is used in messages. */
SV_PUBLIC struct sv_artifact *sv_artifact_load_fd(struct sv_engine *engine, int fd,
		const char *name, struct sv_error *error);

/* Release it; its instances, pools and linker definitions must be gone. NULL is allowed. */
SV_PUBLIC void sv_artifact_free(struct sv_artifact *artifact);

/* The artifact's own records (abi/artifact.h); live as long as the artifact. */
SV_PUBLIC const struct sv_artifact_header *sv_artifact_header(const struct sv_artifact *artifact);

/* One import of a module. The names are not NUL-terminated and live with the artifact. */
struct sv_import {
	const char *module;
	size_t module_length;
	const char *name;
	size_t name_length;
	enum sv_extern_kind kind;
	char signature[64]; /* functions: letters as in sv_linker_define_function, cut if longer */
};

/* Number of imports. */
SV_PUBLIC uint32_t sv_artifact_import_count(const struct sv_artifact *artifact);

/* Describe import `index` (below the count); false if there is no such import. */
SV_PUBLIC bool sv_artifact_import(const struct sv_artifact *artifact, uint32_t index,
		struct sv_import *import);

/* True if the artifact exports something of this kind under this NUL-terminated name. */
SV_PUBLIC bool sv_artifact_has_export(const struct sv_artifact *artifact, const char *name,
		enum sv_extern_kind kind);

/* ---- values from outside: host functions, memories, tables, globals ---- */

/* How a host function ends. */
enum sv_host_result {
	SV_HOST_OK = 0, /* the guest goes on with the results */
	SV_HOST_TRAP,   /* the guest traps; say why with sv_caller_set_trap before */
	SV_HOST_EXIT,   /* the guest ends; sv_caller_set_exit gave the code */
	/*
	 * The guest waits, without a thread: the call ends with SV_SUSPENDED, and sv_resume gives
	 * the results. A trap for a guest that some host function called, in a call that was not
	 * the store's outermost.
	 */
	SV_HOST_SUSPEND,
};

/*
 * A host function. `values` holds the arguments and takes the results, first at 0.
 * Runs on the host's stack, on the thread that called into the guest.
 */
typedef enum sv_host_result (*sv_host_function)(struct sv_caller *caller, union sv_value *values);

/* The data pointer the function was defined with. */
SV_PUBLIC void *sv_caller_data(struct sv_caller *caller);

/* The store and the instance that called. */
SV_PUBLIC struct sv_store *sv_caller_store(struct sv_caller *caller);
SV_PUBLIC struct sv_instance *sv_caller_instance(struct sv_caller *caller);

/*
 * `length` bytes of the calling instance's memory 0 at `guest_address`, or NULL if any of
 * them is outside (or there is no memory). A length of 0 is inside if the address is not
 * past the end. Valid until the guest runs again or the memory grows.
 */
SV_PUBLIC void *sv_caller_range(struct sv_caller *caller, uint64_t guest_address, uint64_t length);

/*
 * The same to be read only. To be preferred where it will do: a pool copies what may have been
 * written when the store is returned.
 */
SV_PUBLIC const void *sv_caller_view(struct sv_caller *caller, uint64_t guest_address,
		uint64_t length);

/* Set the kind (SV_TRAP_HOST if unsure) and one line of text of the trap about to be returned. */
SV_PUBLIC void sv_caller_set_trap(struct sv_caller *caller, enum sv_trap kind, const char *format,
		...) __attribute__((format(printf, 3, 4)));

/* Set the code for SV_HOST_EXIT. */
SV_PUBLIC void sv_caller_set_exit(struct sv_caller *caller, int32_t code);

/* What can be imported or exported. Owned by its store (or linker, for host functions). */
struct sv_extern {
	enum sv_extern_kind kind;
	union {
		struct sv_funcref *function;
		struct sv_memory *memory;
		struct sv_table_object *table;
		struct sv_global *global;
		struct sv_tag *tag;
	};
};

/* Size limits of a memory (pages) or table (entries). */
struct sv_size_limits {
	uint64_t minimum;
	uint64_t maximum; /* UINT64_MAX: none */
	bool is_64;       /* addresses or indices are i64 */
};

/* Make a memory, table or global that belongs to `store`. NULL with `error` on failure. */
SV_PUBLIC struct sv_memory *sv_memory_new(struct sv_store *store, struct sv_size_limits limits,
		struct sv_error *error);
SV_PUBLIC struct sv_table_object *sv_table_new(struct sv_store *store, enum sv_type element,
		struct sv_size_limits limits, struct sv_error *error);
SV_PUBLIC struct sv_global *sv_global_new(struct sv_store *store, enum sv_type type, bool mutable_,
		union sv_value value, struct sv_error *error);

/*
 * First byte of a memory (constant while the store lives) and its size in bytes now. In a leased
 * store sv_memory_data makes all of it writable, NULL if the system refuses that; who only reads
 * takes sv_memory_view. Not kept from one lease to the next.
 */
SV_PUBLIC uint8_t *sv_memory_data(struct sv_memory *memory);
SV_PUBLIC const uint8_t *sv_memory_view(const struct sv_memory *memory);
SV_PUBLIC uint64_t sv_memory_size(const struct sv_memory *memory);

/* What sv_caller_range is for memory 0 of a caller: bytes to be written, NULL if any is outside. */
SV_PUBLIC void *sv_memory_range(struct sv_memory *memory, uint64_t address, uint64_t length);

/*
 * A shared memory: one that instances of several stores, on several threads, import. It belongs
 * to no store and counts in no store's max_memory; the maximum in `limits`, which it must have,
 * bounds it. Its bytes stay where they are; guests on other threads may change them, and let it
 * grow, at any time. Freed when its makers and all linkers and stores that use it have let go.
 */
struct sv_shared_memory;
SV_PUBLIC struct sv_shared_memory *sv_shared_memory_new(struct sv_engine *engine,
		struct sv_size_limits limits, struct sv_error *error);
/* Let go of it. NULL is allowed. */
SV_PUBLIC void sv_shared_memory_free(struct sv_shared_memory *memory);
SV_PUBLIC uint8_t *sv_shared_memory_data(struct sv_shared_memory *memory);
SV_PUBLIC uint64_t sv_shared_memory_size(const struct sv_shared_memory *memory);

/*
 * The shared memory that a memory of a store is, to be let go of with sv_shared_memory_free:
 * so a memory that a module declares as shared can be given to instances in other stores. NULL
 * if it is not shared. On the store's thread.
 */
SV_PUBLIC struct sv_shared_memory *sv_memory_shared(struct sv_memory *memory);

/* Value and type of a global. */
SV_PUBLIC enum sv_type sv_global_type(const struct sv_global *global);
SV_PUBLIC union sv_value sv_global_get(const struct sv_global *global);

/* The function at `index` of a funcref table; NULL if the entry is empty or out of range. */
SV_PUBLIC struct sv_funcref *sv_table_function(struct sv_table_object *table, uint64_t index);

/* ---- linker ---- */

/* An empty set of definitions. NULL with `error` if there is no memory. */
SV_PUBLIC struct sv_linker *sv_linker_new(struct sv_engine *engine, struct sv_error *error);

/* Release it; stores whose instances use its host functions must be gone. NULL is allowed. */
SV_PUBLIC void sv_linker_free(struct sv_linker *linker);

/*
 * Define a host function under `module`.`name`. `signature` has a letter for each parameter,
 * a colon, a letter for each result: i = i32, I = i64, f = f32, F = f64, v = v128, r = funcref,
 * e = externref. A second definition of a name replaces the first. Host functions may be
 * used by any store; `data` is the caller's.
 */
SV_PUBLIC bool sv_linker_define_function(struct sv_linker *linker, const char *module,
		const char *name, const char *signature, sv_host_function function, void *data,
		struct sv_error *error);

/* Define anything else, for instances in the store it belongs to. */
SV_PUBLIC bool sv_linker_define(struct sv_linker *linker, const char *module, const char *name,
		struct sv_extern value, struct sv_error *error);

/* Define a shared memory, for instances in any store. The linker has a use of its own of it. */
SV_PUBLIC bool sv_linker_define_shared_memory(struct sv_linker *linker, const char *module,
		const char *name, struct sv_shared_memory *memory, struct sv_error *error);

/*
 * Define import `index` of `artifact` under the name it is imported by: as a host function of
 * exactly its type, or as a new memory, table, global or tag of `store` of exactly its type,
 * with zeros and nulls in it. So any import can be defined, whatever its type; of types that
 * have no default value only functions. Values need the artifact as long as their store lives.
 */
SV_PUBLIC bool sv_linker_define_import_function(struct sv_linker *linker,
		const struct sv_artifact *artifact, uint32_t index, sv_host_function function,
		void *data, struct sv_error *error);
SV_PUBLIC bool sv_linker_define_import_value(struct sv_linker *linker,
		const struct sv_artifact *artifact, uint32_t index, struct sv_store *store,
		struct sv_error *error);

/* Define all exports of an instance under `module`. */
SV_PUBLIC bool sv_linker_define_instance(struct sv_linker *linker, const char *module,
		struct sv_instance *instance, struct sv_error *error);

/*
 * Check that every import of `artifact` has a definition of the right type. False with one
 * line that names every missing one (as many as fit, then how many more).
 */
SV_PUBLIC bool sv_linker_check(const struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error);

/* ---- store and instance ---- */

/* What one store may use. */
struct sv_store_limits {
	uint64_t max_memory;        /* bytes in all linear memories and objects together */
	uint64_t max_table_entries; /* in all tables together */
};

/* Fill with the defaults: 4 GiB, 10,000,000 entries. */
SV_PUBLIC void sv_store_limits_init(struct sv_store_limits *limits);

/* An empty store; `limits` NULL means the defaults. NULL with `error` on failure. */
SV_PUBLIC struct sv_store *sv_store_new(struct sv_engine *engine,
		const struct sv_store_limits *limits, struct sv_error *error);

/* Release the store and all that lives in it. No guest of it may be running. NULL is allowed. */
SV_PUBLIC void sv_store_free(struct sv_store *store);

/* A pointer of the embedder's, NULL at first; unchanged by pool leases. */
SV_PUBLIC void sv_store_set_data(struct sv_store *store, void *data);
SV_PUBLIC void *sv_store_data(const struct sv_store *store);

/*
 * End guest code of this store that still runs at `deadline` (nanoseconds of
 * CLOCK_MONOTONIC; 0: never) with SV_TIMED_OUT. Without any check in compiled code: a timer of
 * the thread sends it SIGURG until the call has ended, so host functions that block see EINTR and
 * should return. A deadline later than that of the call before takes no system call. Set it while
 * no guest runs.
 */
SV_PUBLIC void sv_store_set_deadline(struct sv_store *store, uint64_t deadline);

/*
 * Fuel: code compiled with the option `fuel` takes a unit for each operator off what is left and
 * traps (SV_TRAP_FUEL) at the next start of a function or loop when it is used up. The same
 * module with the same input uses the same fuel, whatever the CPU, level and bounds. Operators
 * on many bytes or elements take more, one unit for 16 bytes or one element. Other code and the
 * host take nothing. At first, and when leased, a store has more than can be used; what is
 * more than INT64_MAX counts as that. May be set and asked in host functions too.
 */
SV_PUBLIC void sv_store_set_fuel(struct sv_store *store, uint64_t units);
SV_PUBLIC uint64_t sv_store_fuel(const struct sv_store *store);

/* End the guest that runs in this store now (SV_TRAP_INTERRUPT), if one does. Any thread. */
SV_PUBLIC void sv_store_interrupt(struct sv_store *store);

/*
 * True if the guest, or its instantiation, was refused memory because of max_memory: since the
 * store was made or leased.
 */
SV_PUBLIC bool sv_store_hit_memory_limit(const struct sv_store *store);

/* How a call ended. */
enum sv_outcome {
	SV_RETURNED = 0, /* results are in place */
	SV_TRAPPED,      /* see sv_store_trap */
	SV_EXITED,       /* a host function ended the guest; see sv_store_exit_code */
	SV_TIMED_OUT,    /* the deadline passed; see sv_store_trap for where */
	SV_REFUSED,      /* the call did not begin: wrong types or no stack; see `error` */
	SV_SUSPENDED,   /* a host function waits: sv_resume with its results */
	SV_PREEMPTED,   /* the turn is over: sv_resume goes on where it was */
};

/* One frame of a backtrace, innermost first. Names live with the artifact, not NUL-terminated. */
struct sv_frame {
	uint32_t function;    /* function index in its module */
	uint32_t wasm_offset; /* of the instruction in the module's file; 0 if not known */
	uint32_t code_offset; /* of the machine code, from the start of its function */
	const char *name;     /* may be empty */
	size_t name_length;
	const char *module; /* name of the module, or of its file */
	size_t module_length;
	/* If the module has line tables in DWARF, else NULL: path of the source file, line and
	   column there from 1 (0: not known). Lives as long as the artifact. */
	const char *source;
	uint32_t source_line, source_column;
};

#define SV_MAX_FRAMES 32

struct sv_trap_info {
	enum sv_trap kind;
	char text[160]; /* one line */
	bool has_address;
	uint64_t address; /* memory faults: guest address that was accessed */
	uint32_t frame_count;
	struct sv_frame frames[SV_MAX_FRAMES];
	bool more_frames; /* the stack was deeper */
};

/* The last trap of the store, or NULL if the last call did not trap. Lives until the next call. */
SV_PUBLIC const struct sv_trap_info *sv_store_trap(struct sv_store *store);

/* Text of a trap kind ("integer divide by zero"); constant string. */
SV_PUBLIC const char *sv_trap_text(enum sv_trap kind);

/* Code given by the host function that ended the guest with SV_HOST_EXIT. */
SV_PUBLIC int32_t sv_store_exit_code(const struct sv_store *store);

/*
 * Instantiate: resolve imports from `linker` (NULL: none), make memories, tables and globals,
 * copy active segments, run the start function. The instance lives with its store. On failure
 * NULL and `error`; if the guest's part of it failed, `*outcome` (may be NULL) is not
 * SV_RETURNED and sv_store_trap tells more.
 */
SV_PUBLIC struct sv_instance *sv_instance_new(struct sv_store *store, struct sv_artifact *artifact,
		struct sv_linker *linker, enum sv_outcome *outcome, struct sv_error *error);

/* The export of this name, of any kind; false if there is none, or instantiation failed. */
SV_PUBLIC bool sv_instance_export(struct sv_instance *instance, const char *name, size_t length,
		struct sv_extern *value);

/* The exported function of this NUL-terminated name, or NULL. */
SV_PUBLIC struct sv_funcref *sv_instance_function(struct sv_instance *instance, const char *name);

/*
 * Memory or table by index, exported or not; NULL if there is no such index. A table that is not
 * exported is to be read only, not to be given to other instances: calls through it may be
 * compiled with its entries as constants.
 */
SV_PUBLIC struct sv_memory *sv_instance_memory(struct sv_instance *instance, uint32_t index);
SV_PUBLIC struct sv_table_object *sv_instance_table(struct sv_instance *instance, uint32_t index);

/* Write the letters of a function's type ("iI:f") into `buffer`; false if it does not fit. */
SV_PUBLIC bool sv_function_signature(struct sv_engine *engine, const struct sv_funcref *function,
		char *buffer, size_t size);

/*
 * Call a function of an instance in `store`. `values` holds the arguments and takes the results;
 * it has room for the larger of the two. `signature` must be exactly the function's type
 * (SV_REFUSED otherwise); NULL if the caller has already made sure. May be called from a host
 * function, for the same store too; refused when such calls are nested more than 250 deep or
 * little guest stack is left. An object among the results lives until the store's next one is
 * made, unless a guest holds it; among the arguments of a host function, until that returns.
 * An externref may be any pointer of the host, or number; one that points into the space of the
 * store's objects is such an object or refused. Let guests choose numbers below 2^32 only.
 */
SV_PUBLIC enum sv_outcome sv_call(struct sv_store *store, struct sv_funcref *function,
		const char *signature, union sv_value *values, struct sv_error *error);

/*
 * What an externref is as anyref, and back, as any.convert_extern and extern.convert_any have
 * it; in place. What comes out may be an object of the store, which lives until its next one is
 * made unless a guest holds it.
 */
SV_PUBLIC bool sv_reference_internalise(struct sv_store *store, void **reference,
		struct sv_error *error);
SV_PUBLIC bool sv_reference_externalise(struct sv_store *store, void **reference,
		struct sv_error *error);

#ifdef __cplusplus
}
#endif

#endif
