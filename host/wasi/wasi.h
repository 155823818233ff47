/*
 * wasi.h: WASI preview 1 for guests of the runtime.
 *
 * wasi_bind defines the functions of `wasi_snapshot_preview1` in a linker, once per
 * linker. What one guest may see (arguments, environment, streams, directories) is a
 * `struct wasi`, one per store: before the guest runs, the embedder sets it as the
 * store's data (sv_store_set_data). The functions find it there and nowhere else, so an
 * embedder with state of its own puts that behind `user`.
 *
 * A struct wasi belongs to the thread its store is on. wasi_reset readies it for the
 * next guest without giving memory back.
 *
 * Files: every path is resolved by the kernel beneath a preopened directory
 * (openat2 with RESOLVE_BENEATH), see wasi_confine.h. Writing to a pipe nobody reads
 * raises SIGPIPE: the embedder ignores that signal, and the guest gets EPIPE.
 */
#ifndef SELVAGE_HOST_WASI_H
#define SELVAGE_HOST_WASI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct sv_artifact;
struct sv_linker;
struct wasi;

/* Descriptors a guest may have open at once, the three streams and the preopens included. */
#define WASI_MAX_DESCRIPTORS 1024u

/* Bytes of all arguments, or of the whole environment, with their NULs. */
#define WASI_MAX_STRINGS (16u * 1024 * 1024)

/* Takes what a guest writes; false if no more is wanted, which the guest sees as "no space". */
typedef bool (*wasi_sink)(void *data, const void *bytes, size_t length);

/*
 * The same for one that may take only a part, `*count` bytes: LATER: none, and the call is left
 * with SV_SUSPENDED, to be made again (sv_resume_call); FULL: no more is wanted; GONE: nobody
 * reads.
 */
enum wasi_taken { WASI_TAKEN = 0, WASI_TAKEN_LATER, WASI_TAKEN_FULL, WASI_TAKEN_GONE };
typedef enum wasi_taken (*wasi_pipe)(void *data, struct sv_bytes bytes, size_t *count);

/*
 * Gives a guest what it reads: `*count` bytes, of at most `room`. If that is 0, it only says how
 * many there are. LATER: none, and the embedder wakes the guest when that changes; END: none come
 * any more; BROKEN: the same, though there should be.
 */
enum wasi_given { WASI_GIVEN = 0, WASI_GIVEN_LATER, WASI_GIVEN_END, WASI_GIVEN_BROKEN };
typedef enum wasi_given (*wasi_source)(void *data, uint8_t *to, size_t room, size_t *count);

/*
 * Called when a guest waits, until a time (nanoseconds of CLOCK_MONOTONIC; UINT64_MAX: none) or for
 * a source that said LATER. The call is then left with SV_SUSPENDED, and to be made again
 * (sv_resume_call) when the guest is woken, at that time at the latest.
 */
typedef void (*wasi_sleep)(void *user, uint64_t until);

enum wasi_stream_kind {
	WASI_STREAM_CLOSED = 0, /* the guest has no such descriptor */
	WASI_STREAM_FD,         /* a host descriptor, borrowed: never closed here */
	WASI_STREAM_INPUT,      /* bytes to read, then end of file */
	WASI_STREAM_SOURCE,     /* what is read comes from a function; needs a wasi_sleep */
	WASI_STREAM_BUFFER,     /* output is appended to a buffer, up to the buffer's limit */
	WASI_STREAM_SINK,       /* output goes to a function */
	WASI_STREAM_PIPE,       /* the same, one that may have no room */
};

/* One of the guest's standard streams. What it points to lives until the reset or free. */
struct wasi_stream {
	enum wasi_stream_kind kind;
	union {
		int fd;
		struct sv_bytes input;
		struct {
			wasi_source function;
			void *data;
		} source;
		struct buffer *buffer;
		struct {
			wasi_sink function;
			void *data;
		} sink;
		struct {
			wasi_pipe function;
			void *data;
		} pipe;
	};
};

/* A directory the guest may use. Opened once with wasi_preopen_open, then shared by any number
 * of guests and threads. */
struct wasi_preopen {
	const char *guest_path;
	int fd;
	bool read_only; /* every change below it is refused (EROFS) */
};

struct wasi_config {
	const char *const *args; /* borrowed until the next reset or free, as all below */
	size_t arg_count;
	const char *const *env; /* "NAME=value" */
	size_t env_count;
	const struct wasi_preopen *preopens; /* descriptors 3, 4, ... */
	size_t preopen_count;
	struct wasi_stream streams[3]; /* stdin, stdout, stderr */
	void *user;		    /* the embedder's; see wasi_user */
	wasi_sleep sleep;              /* NULL: a guest that waits keeps its thread */
};

/* Open the directory `host_path` for guests to find at `guest_path` (borrowed). */
SV_MUST_USE bool wasi_preopen_open(struct wasi_preopen *preopen, const char *host_path,
		const char *guest_path, bool read_only, struct sv_error *error);

/* Close it; guests that use it must be gone. */
void wasi_preopen_close(struct wasi_preopen *preopen);

/* What a new guest may see. NULL with `error` if something in `config` is over a limit. */
struct wasi *wasi_new(const struct wasi_config *config, struct sv_error *error);

/* Close what the last guest left open and start over. On failure the guest would see nothing. */
SV_MUST_USE bool wasi_reset(struct wasi *wasi, const struct wasi_config *config,
		struct sv_error *error);

/* Close everything and release it. NULL is allowed. */
void wasi_free(struct wasi *wasi);

/* Define in `linker` the functions of wasi.def that `artifact` imports; NULL: all of them. */
SV_MUST_USE bool wasi_bind(struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error);

/* `user` of the configuration. */
void *wasi_user(const struct wasi *wasi);

/* True if since the last reset the guest wrote more than a BUFFER's limit or a SINK would take. */
bool wasi_output_limit_hit(const struct wasi *wasi);

#endif
