/*
 * settings.h: what [local_server] of a fastly.toml says, and the stores that it fills. Made once
 * for a process; the key-value stores change, nothing else does.
 */
#ifndef SELVAGE_HOST_FASTLY_SETTINGS_H
#define SELVAGE_HOST_FASTLY_SETTINGS_H

#include <jansson.h>

#include "base/bytes.h"
#include "host/fastly/backends.h"
#include "host/host.h"
#include "host/kv.h"

/* Stores of constant strings, by name. */
struct fastly_store {
	const char *name; /* borrowed from the file's values */
	json_t *items;    /* owned; an object of strings */
};

struct fastly_stores {
	struct fastly_store *stores; /* owned */
	size_t count;
};

/* Addresses that begin with the same bits. */
struct fastly_acl_entry {
	uint8_t octets[16], length, bits; /* 4 or 16 octets */
	char *text;         /* owned; JSON, for guests */
};

struct fastly_acl {
	const char *name;                 /* borrowed from the file's values */
	struct fastly_acl_entry *entries; /* owned */
	size_t count;
};

struct fastly_settings {
	json_t *file;     /* owned; the whole of it */
	json_t *sections; /* owned; what of it is meant here */
	struct fastly_stores config, secrets;
	struct fastly_backends backends;
	struct kv *kv;       /* owned, or the program's own */
	bool has_own_kv;
	json_t *geolocation; /* owned; texts by address, written as inet_ntop does */
	json_t *devices;     /* owned; texts by user agent */
	bool has_loopback;   /* the machine itself is somewhere too */
	json_t *shields; /* owned; what shield_info gives, by name */
	struct fastly_backends shield_backends; /* by address */
	struct fastly_acl *acls; /* owned */
	size_t acl_count;
	const json_t *keys; /* borrowed from the file; strings that count as keys; NULL: none */
};

/* Read the file at `guest->config`; without one there are no stores. NULL with `error`. */
struct fastly_settings *fastly_settings_new(const struct host_guest *guest, struct sv_error *error);
void fastly_settings_free(struct fastly_settings *settings);

/* Room for stores of these names and one more; there are none yet. */
SV_MUST_USE bool fastly_stores_reserve(struct fastly_stores *stores, const json_t *tables,
		struct sv_error *error);

/* The number of a store of this name; -1: there is none. */
int fastly_stores_find(const struct fastly_stores *stores, struct sv_bytes name);

/* A string of store `number`; its data is NULL if there is none. */
struct sv_bytes fastly_stores_get(const struct fastly_stores *stores, size_t number,
		struct sv_bytes key);

/* Whether a key is one that key-value stores take. */
bool fastly_key_is_valid(struct sv_bytes key);

#endif
