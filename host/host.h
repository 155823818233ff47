/*
 * host.h: what lies between the server and the guest ABIs (WASI as CGI, Terrarium,
 * Fastly Compute).
 *
 * The server makes a request out of bytes and bytes out of a response; an ABI shows
 * the request to a guest and takes the response from it. Neither sees the other's
 * side: no sockets here, no guest memory there. Everything of one request belongs to
 * one thread at a time, though not always the same, so nothing here locks; but a stream
 * (stream.h), which the server reads while the guest writes to it.
 */
#ifndef SELVAGE_HOST_H
#define SELVAGE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "host/http.h"
#include "host/next.h"

struct sv_artifact;
struct sv_linker;
struct sv_store;
struct host_files;
struct host_outbound;
struct host_stream;
struct kv;
struct wasi_preopen;
union sv_value;

/* How a guest ended. */
enum host_ending {
#define HOST_ENDING(name, status, meaning) HOST_##name,
#include "host/endings.def"
#undef HOST_ENDING
};

struct host_outcome {
	enum host_ending ending;
	unsigned trap;    /* its kind (abi/traps.def), if that is how it ended; 0: it is not */
	char cause[256];  /* one line; empty if answered */
	char frames[384]; /* innermost frames of the guest, one line; may be empty */
};

/* The status that tells a client of this ending. */
int host_ending_status(enum host_ending ending);

/* Set the outcome, unless it already tells of a failure. */
void host_outcome_set(struct host_outcome *outcome, enum host_ending ending, const char *format,
		...) SV_PRINTF(3, 4);

/*
 * Where a guest's own lines go; called on the guest's thread, without newline. `trace_id` is that
 * of the request, "" for lines that are of none.
 */
typedef void (*host_log_line)(void *data, const char *trace_id, const char *line, size_t length);

/* What is the same for every request at one guest. Borrowed, constant while it is served. */
struct host_guest {
	const char *name; /* of the program, for messages */
	struct kv *kv; /* its key-value store, which outlives it; NULL: a new one */
	const char *config; /* a file of settings for the guest's world; NULL: none */
	const struct host_files *files; /* in its place (files.h); NULL: none came with it */
	struct sv_artifact *artifact;
	const char *const *environment; /* "K=V" */
	size_t environment_count;
	const bool *secrets; /* which of the environment are; NULL: that is not known */
	const struct wasi_preopen *preopens; /* directories for WASI guests */
	size_t preopen_count;
	uint64_t max_memory; /* bytes; for messages, the store has the same limit */
	uint64_t cpu_time;   /* nanoseconds of it that a guest may use; 0: no limit */
	const struct host_outbound *outbound; /* on its requests to elsewhere; NULL: none */
	size_t log_limit;    /* bytes a guest may log for one request */
	bool pass_authorization; /* show the Authorization field to CGI programs */
	host_log_line log;
	void *log_data;
};

/* Wakes a guest, or keeps it awake once more: any thread, at any time, as it outlives the guest. */
struct host_waker {
	void (*wake)(struct host_waker *waker);
};

/* One request at a guest, or several, one after the other. */
struct host_call {
	const struct host_abi *abi;
	const struct host_guest *guest;
	void *state;            /* of this call alone, made by state_new */
	struct sv_store *store; /* leased, not started, its deadline set */
	const char *entry;      /* the function to call when the instance has started, or NULL */
	const char *then;       /* and behind that; for begin to set; NULL: none */
	uint64_t deadline;      /* nanoseconds of CLOCK_MONOTONIC */
	uint64_t turn_began;    /* the same */
	uint64_t ran;           /* nanoseconds of the turns that are over */
	uint64_t cpu_used;      /* nanoseconds; counted only if that is limited */
	uint64_t outbound_requests, outbound_bytes; /* outbound.h */
	uint64_t wake; /* the same: the guest sleeps until then or until it is woken; 0: not */
	bool calls_again; /* while it sleeps: what suspended it is called again (sv_resume_call) */
	struct host_waker *waker; /* of this guest, until it ends */
	const struct host_request *request;
	struct host_response *response; /* reset; not to be changed when `stream` has begun */
	struct host_stream *stream;
	struct host_outcome *outcome;   /* all zero */
	enum host_next next;
	uint64_t next_time; /* nanoseconds that it may wait for the next request, at most */
};

/* A guest ABI. Functions that fail fill `error`. */
struct host_abi {
	const char *name;
	bool has_values; /* its guests read and write what host_guest.kv keeps, wherever that is */
	/* Whether the imports and exports of `artifact` are those of this ABI. */
	bool (*detect)(const struct sv_artifact *artifact);
	/* Refuse an artifact that needs what this version lacks, naming each thing. */
	bool (*examine)(const struct sv_artifact *artifact, struct sv_error *error);
	/* Define the host functions, at least those that `artifact` imports. */
	bool (*bind)(struct sv_linker *linker, const struct sv_artifact *artifact,
			struct sv_error *error);
	/*
	 * What all guests of a program have in common, on any thread; service_free takes NULL.
	 * Worlds without these two have no settings.
	 */
	void *(*service_new)(const struct host_guest *guest, struct sv_error *error);
	void (*service_free)(void *service);
	/* What guests need that run one after the other; state_free takes NULL. */
	void *(*state_new)(const struct host_guest *guest, void *service, struct sv_error *error);
	void (*state_free)(void *state);
	/* Make ready: the function to call, [] -> []. NULL: the outcome is there already. */
	const char *(*begin)(struct host_call *call);
	/*
	 * The guest goes on: whether what it waited for has come, or it is no longer worth waiting,
	 * with the result of its call; else call->wake is set again. NULL: all that suspends its
	 * guests is called again.
	 */
	bool (*go_on)(struct host_call *call, union sv_value *result);
	/* The guest has ended, well or with its outcome set: fill in the response. */
	void (*end)(struct host_call *call, bool has_ended_well);
};

/* The ABI of an artifact; NULL with `error` naming what was looked for. */
const struct host_abi *host_abi_detect(const struct sv_artifact *artifact, struct sv_error *error);

/*
 * Run what instantiation left to run, then the function that the ABI names, as long as the store's
 * quantum lets it. True if that was all, and response and outcome are filled in; false if
 * the guest is to go on, not before `call->wake`. The call stays where it is; threads may change in
 * between.
 */
bool host_call_begin(struct host_call *call);
bool host_call_go_on(struct host_call *call);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t host_now(void);

/* How long it has run until now, nanoseconds, without the time that it waited; within a turn. */
uint64_t host_call_ran(const struct host_call *call);

/* End a guest that waits, for this reason. */
void host_call_cancel(struct host_call *call, enum host_ending ending, const char *reason);

#endif
