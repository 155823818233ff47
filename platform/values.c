/*
 * values.c: see values.h. A change is a transaction of its own that is not synced: the system has
 * it when the guest goes on, so that it survives the process, and the disk has it at the next
 * transaction that is. Whole it is in any case.
 */
#include "platform/values.h"

#include <time.h>

#include "host/host.h"
#include "host/kv.h"
#include "platform/db.h"

void values_init(struct values *values, struct db *db, int64_t deployment)
{
	*values = (struct values){.db = db, .deployment = deployment};
	pthread_mutex_init(&values->lock, NULL);
}

void values_finish(struct values *values)
{
	kv_free(values->kv);
	pthread_mutex_destroy(&values->lock);
}

/* When a value's time is over by the clock of the world, in seconds; 0: never. */
static int64_t value_end(const struct kv_value *value)
{
	if (value->expires == UINT64_MAX)
		return 0;
	uint64_t now = host_now(), left = value->expires > now ? value->expires - now : 0;
	return time(NULL) + (int64_t)(left / 1000000000) + 1;
}

/* Under the lock of the stores, whose changes so come here in their order. */
static bool values_keep(void *data, const char *store, struct sv_bytes key,
		const struct kv_value *value)
{
	const struct values *values = data;
	struct sv_error error = SV_ERROR_INIT;
	if (value)
		return db_run_unsynced(values->db, &error,
				"INSERT OR REPLACE INTO kept"
				" (deployment, store, key, value, metadata, expires)"
				" VALUES (?, ?, ?, ?, ?, ?)",
				"isbbbi", values->deployment, store, key, value->bytes,
				value->metadata, value_end(value));
	return db_run_unsynced(values->db, &error,
			"DELETE FROM kept WHERE deployment = ? AND store = ? AND key = ?", "isb",
			values->deployment, store, key);
}

/* A row; what has ended meanwhile is not put in. */
static enum kv_result value_read(struct kv *kv, struct sqlite3_stmt *row)
{
	const int64_t end = db_integer(row, 4), now = time(NULL);
	const struct kv_put put = {.parts = {db_bytes(row, 2)},
			.metadata = db_bytes(row, 3),
			.lifetime = end > now ? (uint64_t)(end - now) * 1000000000 : 0};
	int store = kv_add_store(kv, db_text(row, 0));
	if (store < 0)
		return KV_NO_MEMORY;
	return end && end <= now ? KV_OK : kv_put(kv, store, db_bytes(row, 1), &put);
}

static bool values_read(const struct values *values, struct kv *kv, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	enum kv_result result = KV_OK;
	TRY(db_run_unsynced(values->db, error,
			"DELETE FROM kept WHERE deployment = ? AND expires <> 0 AND expires <= ?",
			"ii", values->deployment, (int64_t)time(NULL)));
	db_lock(values->db);
	struct sqlite3_stmt *rows = db_query(values->db, &problem,
			"SELECT store, key, value, metadata, expires FROM kept"
			" WHERE deployment = ? ORDER BY store, key",
			"i", values->deployment);
	while (rows && result == KV_OK && db_next(rows, &problem))
		result = value_read(kv, rows);
	db_done(rows);
	db_unlock(values->db);
	if (problem.code != SV_ERROR_NONE)
		return sv_fail(error, problem.code, "%s", problem.text);
	return result == KV_OK || sv_fail(error, SV_ERROR_NO_MEMORY,
			"no memory for the key-value store");
}

struct kv *values_store(struct values *values, struct sv_error *error)
{
	pthread_mutex_lock(&values->lock);
	struct kv *kv = values->kv ? values->kv : kv_new();
	bool is_there = values->kv != NULL;
	if (!is_there && kv && kv_add_store(kv, "store") == 0) {
		is_there = values_read(values, kv, error);
		kv_keep(kv, values_keep, values, VALUES_MAX_BYTES);
	}
	if (is_there)
		values->kv = kv;
	else
		kv_free(kv);
	pthread_mutex_unlock(&values->lock);
	if (!is_there)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the key-value store");
	return is_there ? kv : NULL;
}
