/*
 * values.c: see values.h. A change is a transaction of its own that is not synced: the system has
 * it when the guest goes on, so that it survives the process, and the disk has it at the next
 * transaction that is. Whole it is in any case.
 */
#include "platform/values.h"

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

/* Under the lock of the store, whose changes so come here in their order. */
static bool values_keep(void *data, struct sv_bytes key, const struct kv_value *value)
{
	const struct values *values = data;
	struct sv_error error = SV_ERROR_INIT;
	if (value)
		return db_run_unsynced(values->db, &error,
				"INSERT OR REPLACE INTO kept (deployment, key, value)"
				" VALUES (?, ?, ?)",
				"ibb", values->deployment, key, value->bytes);
	return db_run_unsynced(values->db, &error,
			"DELETE FROM kept WHERE deployment = ? AND key = ?", "ib",
			values->deployment, key);
}

static bool values_read(const struct values *values, struct kv *kv, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	enum kv_result result = KV_OK;
	db_lock(values->db);
	struct sqlite3_stmt *rows = db_query(values->db, &problem,
			"SELECT key, value FROM kept WHERE deployment = ? ORDER BY key", "i",
			values->deployment);
	while (rows && result == KV_OK && db_next(rows, &problem)) {
		const struct kv_put put = {.parts = {db_bytes(rows, 1)}};
		result = kv_put(kv, 0, db_bytes(rows, 0), &put);
	}
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
