/*
 * fill.h: responses of backends that go to the cache as they come, whoever waits for them.
 */
#ifndef SELVAGE_HOST_FASTLY_FILL_H
#define SELVAGE_HOST_FASTLY_FILL_H

#include "host/cache/cache.h"
#include "host/fastly/fastly.h"
#include "host/fetch/fetch.h"

/* Bytes of a body that is kept. One that is announced as larger goes to the guest alone. */
#define FILL_MOST (UINT64_C(64) * 1024 * 1024)

enum fill_outcome {
	FILL_OPEN,   /* nothing has come */
	FILL_KEPT,   /* the object is the response */
	FILL_STALE,  /* there is no better one than the object */
	FILL_PASSED, /* the response is not for the cache */
};

/*
 * From the beginning of its request on the fetcher's thread has it, too: until the head has come,
 * or there will be none, it is that thread's, then nobody changes it.
 */
struct fill;

/* The tap of its request; the data is the fill. */
extern const struct fetch_tap fill_tap;

/* Takes the lookup with its claim over, and copies the rest. NULL: no memory; it is as it was. */
struct fill *fill_new(struct cache_lookup *lookup, const struct fastly_override *override);

/* One user less: the guest, or the thread if its request has not begun. NULL is allowed. */
void fill_release(struct fill *fill);

enum fill_outcome fill_outcome(const struct fill *fill);

/* The object; NULL: there is none. It lives as long as the fill. */
struct cache_object *fill_object(const struct fill *fill);

/* Key, fields of the request, and, before it begins, what there is. */
const struct cache_lookup *fill_lookup(const struct fill *fill);

#endif
