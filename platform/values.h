/*
 * values.h: the key-value stores of a deployment, which all its versions share: in memory, and each
 * change in the database before it is seen.
 */
#ifndef SELVAGE_PLATFORM_VALUES_H
#define SELVAGE_PLATFORM_VALUES_H

#include <pthread.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct kv;

/* Bytes of all keys and values of one deployment, with what is kept about each in memory. */
#define VALUES_MAX_BYTES (UINT64_C(16) * 1024 * 1024)

struct values {
	struct db *db; /* borrowed */
	int64_t deployment;
	pthread_mutex_t lock;
	struct kv *kv; /* owned; NULL: nobody has asked yet */
};

/* Nothing is read yet. */
void values_init(struct values *values, struct db *db, int64_t deployment);

/* Who uses the store is gone. */
void values_finish(struct values *values);

/*
 * The stores, of which number 0 is called "store", with what was kept; they live as
 * long as `values`. NULL with `error`. Any thread.
 */
struct kv *values_store(struct values *values, struct sv_error *error);

#endif
