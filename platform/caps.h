/*
 * caps.h: limits of one deployment, within those of the server. Rows of the database, and what they
 * are when it is loaded. Any thread.
 */
#ifndef SELVAGE_PLATFORM_CAPS_H
#define SELVAGE_PLATFORM_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct db;
struct server_limits;

/* In the units of caps.def; 0: none. */
struct caps {
#define CAP(name, unit, least, most, within, status, help) uint64_t name;
#include "platform/caps.def"
#undef CAP
};

SV_MUST_USE bool caps_load(struct db *db, int64_t deployment, struct caps *caps,
		struct sv_error *error);

/*
 * Set one by its name, or take it away if `value` is 0. USAGE if there is no such limit, or if the
 * value is not within the server's.
 */
SV_MUST_USE bool cap_set(struct db *db, int64_t deployment, const char *name, uint64_t value,
		const struct server_limits *limits, struct sv_error *error);

/* Those that are set, by name. */
void caps_each(const struct caps *caps, void (*visit)(void *data, const char *name, uint64_t value),
		void *data);

#endif
