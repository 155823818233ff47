/*
 * pieces.c: see pieces.h.
 */
#include "platform/pieces.h"

#include <string.h>

#include "base/file.h"
#include "platform/db.h"

/* The blob of this compiler's pieces; "": there are none. */
static bool pieces_find(struct platform_state *state, const struct version *version,
		char name[static BLOB_NAME_SIZE])
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(state->db);
	struct sqlite3_stmt *rows = db_query(state->db, &problem,
			"SELECT blob FROM pieces WHERE deployment = ? AND tier = ? AND compiler = "
	                "?",
			"iis", version->deployment, (int64_t)version->tier, state->compiler);
	name[0] = '\0';
	if (rows && db_next(rows, &problem))
		memccpy(name, db_text(rows, 0), '\0', BLOB_NAME_SIZE);
	db_done(rows);
	db_unlock(state->db);
	return name[0] != '\0' && name[BLOB_NAME_SIZE - 1] == '\0';
}

void pieces_get(struct platform_state *state, const struct version *version, struct buffer *pieces)
{
	char name[BLOB_NAME_SIZE] = "", found[BLOB_NAME_SIZE], path[4096];
	size_t before = pieces->length;
	if (!pieces_find(state, version, name) ||
			!blobs_path(&state->blobs, name, path, sizeof path, NULL))
		return;
	bool is_whole = file_read(path, pieces, NULL);
	if (is_whole) {
		blob_name((struct sv_bytes){pieces->data + before, pieces->length - before}, found);
		is_whole = strcmp(found, name) == 0;
	}
	if (!is_whole)
		pieces->length = before;
}

/* In a transaction: is what the tenant's pieces take no more than they may? */
static bool pieces_fit(struct platform_state *state, int64_t tenant, bool *fit,
		struct sv_error *error)
{
	int64_t bytes;
	TRY(db_value(state->db, error, &bytes, 0,
			"SELECT coalesce(sum(size), 0) FROM pieces WHERE deployment IN "
			"(SELECT id FROM deployment WHERE tenant = ?)",
			"i", tenant));
	*fit = (uint64_t)bytes <= state->quotas.bytes / 4;
	return true;
}

/* In a transaction, too. */
static bool pieces_set(struct platform_state *state, const struct version *version,
		const char *name, size_t size, struct sv_error *error)
{
	bool fit = false;
	/* A deployment that was removed meanwhile has no row to be referred to. */
	TRY(db_run(state->db, error,
			"INSERT OR REPLACE INTO pieces (deployment, tier, compiler, blob, size) "
			"SELECT id, ?, ?, ?, ? FROM deployment WHERE id = ?",
			"issii", (int64_t)version->tier, state->compiler, name, (int64_t)size,
			version->deployment));
	TRY(pieces_fit(state, version->tenant, &fit, error));
	return fit || sv_fail(error, SV_ERROR_LIMIT, "no room for pieces");
}

void pieces_keep(struct platform_state *state, const struct version *version, struct sv_bytes left,
		struct pieces_head *head)
{
	char name[BLOB_NAME_SIZE];
	*head = (struct pieces_head){0};
	if (left.length < sizeof *head)
		return; /* the builder left nothing */
	memcpy(head, left.data, sizeof *head);
	if (left.length == sizeof *head)
		return; /* those it was given are all there are */
	const struct sv_bytes pieces = {left.data + sizeof *head, left.length - sizeof *head};
	blobs_hold(&state->blobs);
	bool done = blobs_put(&state->blobs, pieces, name, NULL) && db_begin(state->db, NULL);
	if (done) {
		done = pieces_set(state, version, name, pieces.length, NULL);
		(void)!db_end(state->db, done, NULL);
	}
	blobs_let_go(&state->blobs);
	/* Those before, or these. */
	atomic_store(&state->has_garbage, true);
}
