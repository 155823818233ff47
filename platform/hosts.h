/*
 * hosts.h: host names of deployments' own, besides NAME.DOMAIN. A name has one deployment. Any
 * thread.
 */
#ifndef SELVAGE_PLATFORM_HOSTS_H
#define SELVAGE_PLATFORM_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "server/dns_name.h"

struct db;

/* False ends the walk. */
typedef bool (*host_visit)(void *data, int64_t deployment, const char *host);

/* Those of a deployment, by name; of all if `deployment` is 0. */
SV_MUST_USE bool hosts_each(struct db *db, int64_t deployment, host_visit visit, void *data,
		struct sv_error *error);

/*
 * `text` as a name that the deployment `name` may have, in lower case: at least two labels, and
 * below `domain` only what is below the deployment's own NAME.DOMAIN. USAGE if it may not.
 */
SV_MUST_USE bool host_read(const char *text, const char *name, const char *domain,
		char host[static DNS_NAME_MOST + 1], struct sv_error *error);

/* `is_taken` if the name is another's; it may be this one's already. */
SV_MUST_USE bool host_add(struct db *db, int64_t deployment, const char *host, bool *is_taken,
		struct sv_error *error);
SV_MUST_USE bool host_remove(struct db *db, int64_t deployment, const char *host,
		struct sv_error *error);

#endif
