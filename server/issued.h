/*
 * issued.h: certificates by name, as many as there are places for; the one that was not asked for
 * the longest gives way to a new one.
 */
#ifndef SELVAGE_SERVER_ISSUED_H
#define SELVAGE_SERVER_ISSUED_H

#include <stddef.h>
#include <stdint.h>

#include "server/certificate.h"
#include "server/dns_name.h"

/* Names whose certificates are kept: some 3 KiB each. */
#define ISSUED_MOST 1024u

struct issued_entry {
	struct issued_entry *same; /* next in its bucket */
	struct issued_entry *newer, *older;
	struct certificate certificate;
	int64_t renew; /* seconds of CLOCK_REALTIME: not to be used any more */
	char name[DNS_NAME_MOST + 1];
};

/* All zero is empty. */
struct issued {
	struct issued_entry *buckets[ISSUED_MOST];
	struct issued_entry *newest, *oldest;
	size_t count;
};

/* The entry of a name that is not yet to be renewed at `now`, as the newest; NULL: none. */
struct issued_entry *issued_find(struct issued *issued, const char *name, int64_t now);

/*
 * A new entry, as the newest, which takes the certificate over. NULL if there is no memory: the
 * certificate is then released. The name has no entry.
 */
struct issued_entry *issued_add(struct issued *issued, const char *name,
		struct certificate *certificate, int64_t renew);

/* Release all. */
void issued_finish(struct issued *issued);

#endif
