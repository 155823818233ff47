/*
 * wasi_table.h: the guest's descriptors: what each stands for and what may be done with it.
 */
#ifndef SELVAGE_HOST_WASI_TABLE_H
#define SELVAGE_HOST_WASI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/wasi/wasi.h"
#include "host/wasi/wasi_abi.h"

struct wasi_listing; /* position of fd_readdir, wasi_dir.c */

/* A standard stream that is no host descriptor. */
struct wasi_memory_stream {
	struct wasi_stream ends; /* INPUT, SOURCE, BUFFER, SINK or PIPE */
	size_t position;         /* INPUT: bytes read so far */
	bool limit_hit;          /* the guest wrote more than was wanted */
	bool waits;              /* SOURCE, PIPE: the call that is under way does */
};

enum wasi_entry_kind {
	WASI_ENTRY_FREE = 0,
	WASI_ENTRY_FILE,      /* a host descriptor that is no directory */
	WASI_ENTRY_DIRECTORY, /* a host directory */
	WASI_ENTRY_MEMORY,    /* a stream that is no host descriptor */
};

struct wasi_entry {
	enum wasi_entry_kind kind;
	int fd;		  /* FILE, DIRECTORY */
	bool owned;              /* fd is closed with the entry */
	bool read_only;          /* beneath a read-only preopen: no change to files */
	uint8_t filetype;        /* enum wasi_filetype */
	uint16_t flags;          /* enum wasi_fdflags */
	uint64_t rights_base;
	uint64_t rights_inheriting;
	const char *preopen_path; /* borrowed from the configuration; NULL if no preopen */
	struct wasi_listing *listing;      /* owned; NULL until fd_readdir */
	struct wasi_memory_stream *stream; /* MEMORY: borrowed from struct wasi */
};

struct wasi_table {
	struct wasi_entry *entries; /* owned */
	uint32_t count;             /* entries there is room for */
	uint32_t used;              /* no entry at or above it is in use */
};

/* All rights that files or directories can have. */
extern const uint64_t wasi_rights_of_files;
extern const uint64_t wasi_rights_of_directories;

/* Make `entry` the descriptor `number`, which must be free and below the limit; NOMEM. */
enum wasi_errno wasi_table_put(struct wasi_table *table, uint32_t number,
		const struct wasi_entry *entry);

/* Give `entry` the lowest free number. MFILE at the limit; the entry stays the caller's then. */
enum wasi_errno wasi_table_add(struct wasi_table *table, const struct wasi_entry *entry,
		uint32_t *number);

/* False if wasi_table_add would say MFILE: to be asked before anything is created for it. */
bool wasi_table_has_room(const struct wasi_table *table);

/*
 * Find descriptor `number`, whatever it is: BADF if it is free. If a right in `rights` is
 * missing: BADF for reading and writing, as in POSIX, NOTCAPABLE for all others.
 */
enum wasi_errno wasi_table_find(struct wasi_table *table, uint32_t number, uint64_t rights,
		struct wasi_entry **entry);

/* The same for operations on directories (NOTDIR), and those that have a position in a file
 * (BADF for directories, SPIPE for streams that are no file). */
enum wasi_errno wasi_table_find_directory(struct wasi_table *table, uint32_t number,
		uint64_t rights, struct wasi_entry **entry);
enum wasi_errno wasi_table_find_file(struct wasi_table *table, uint32_t number, uint64_t rights,
		struct wasi_entry **entry);

/* The same as find_directory for operations that change files: ROFS beneath read-only preopens. */
enum wasi_errno wasi_table_find_writable(struct wasi_table *table, uint32_t number, uint64_t rights,
		struct wasi_entry **entry);

/* Close what the entry stands for and free it; the first error of closing. */
enum wasi_errno wasi_entry_close(struct wasi_entry *entry);

/* Close everything; the memory stays for the next guest. */
void wasi_table_clear(struct wasi_table *table);

/* Close everything and release the memory. */
void wasi_table_finish(struct wasi_table *table);

/* Release a listing (wasi_dir.c); NULL is allowed. */
void wasi_listing_free(struct wasi_listing *listing);

#endif
