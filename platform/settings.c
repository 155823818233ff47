/*
 * settings.c: see settings.h.
 */
#include "platform/settings.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/db.h"
#include "platform/seal.h"

bool setting_name_is_valid(const char *name)
{
	size_t length = strlen(name);
	if (length < 1 || length > 128 || isdigit((unsigned char)name[0]))
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
			length;
}

/* What a sealed value is bound to. */
static void setting_place(char *place, size_t size, int64_t deployment, const char *name)
{
	snprintf(place, size, "%" PRId64 "/%s", deployment, name);
}

static bool setting_store(struct db *db, const struct seal_key *key, int64_t deployment,
		const char *name, bool is_secret, const char *value, struct sv_error *error)
{
	char place[192];
	struct buffer sealed = {0};
	struct sv_bytes bytes = {(const uint8_t *)value, strlen(value)};
	setting_place(place, sizeof place, deployment, name);
	bool done = !is_secret || seal_close(key, place, bytes, &sealed, error);
	if (done)
		done = db_run(db, error,
				"INSERT OR REPLACE INTO setting (deployment, name, secret, value) "
				"VALUES (?, ?, ?, ?)",
				"isib", deployment, name, (int64_t)is_secret,
				is_secret ? buffer_view(&sealed) : bytes);
	buffer_finish(&sealed);
	return done;
}

bool setting_set(struct db *db, const struct seal_key *key, int64_t deployment, const char *name,
		bool is_secret, const char *value, struct sv_error *error)
{
	int64_t count;
	if (!setting_name_is_valid(name))
		return sv_fail(error, SV_ERROR_USAGE,
				"\"%.128s\" is not a name: a letter or _, then letters, digits and "
				"_, "
				"at most 128",
				name);
	if (!value)
		return db_run(db, error,
				"DELETE FROM setting WHERE deployment = ? AND name = ? AND secret "
				"= ?",
				"isi", deployment, name, (int64_t)is_secret);
	if (strlen(value) > SETTING_VALUE_MOST)
		return sv_fail(error, SV_ERROR_LIMIT, "the value of %s is longer than %d bytes",
				name, SETTING_VALUE_MOST);
	TRY(db_value(db, error, &count, 0,
			"SELECT count(*) FROM setting WHERE deployment = ? AND name <> ?", "is",
			deployment, name));
	if (count >= SETTINGS_MOST)
		return sv_fail(error, SV_ERROR_LIMIT,
				"a deployment has at most %d variables and secrets", SETTINGS_MOST);
	return setting_store(db, key, deployment, name, is_secret, value, error);
}

bool secrets_count(struct db *db, int64_t *count, struct sv_error *error)
{
	return db_value(db, error, count, 0, "SELECT count(*) FROM setting WHERE secret = 1", "");
}

bool secrets_check(struct db *db, const struct seal_key *key, struct sv_error *error)
{
	char place[192];
	struct sv_error problem = SV_ERROR_INIT;
	struct buffer text = {0};
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT deployment, name, value FROM setting WHERE secret = 1 LIMIT 1", "");
	bool done = rows != NULL;
	if (done && db_next(rows, &problem)) {
		setting_place(place, sizeof place, db_integer(rows, 0), db_text(rows, 1));
		done = seal_open(key, place, db_bytes(rows, 2), &text, &problem);
	}
	db_done(rows);
	db_unlock(db);
	buffer_wipe(&text);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

bool settings_each(struct db *db, int64_t deployment, setting_visit visit, void *data,
		struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT name, secret, CASE secret WHEN 0 THEN value ELSE '' END FROM "
			"setting "
			"WHERE deployment = ? ORDER BY name",
			"i", deployment);
	while (rows && db_next(rows, &problem)) {
		if (!visit(data, db_text(rows, 0), db_integer(rows, 1) != 0, db_text(rows, 2)))
			break;
	}
	db_done(rows);
	db_unlock(db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

/* ---- as a guest gets them ---- */

static bool environment_add(struct environment *environment, const struct seal_key *key,
		int64_t deployment, struct sqlite3_stmt *row, struct sv_error *error)
{
	char place[192];
	struct buffer item = {0};
	const char *name = db_text(row, 0);
	setting_place(place, sizeof place, deployment, name);
	bool done = buffer_printf(&item, error, "%s=", name);
	if (done && db_integer(row, 1))
		done = seal_open(key, place, db_bytes(row, 2), &item, error);
	else if (done)
		done = buffer_append(&item, db_bytes(row, 2).data, db_bytes(row, 2).length, error);
	done = done && buffer_append(&item, "", 1, error);
	if (!done) {
		buffer_finish(&item);
		return false;
	}
	environment->is_secret[environment->count] = db_integer(row, 1) != 0;
	environment->items[environment->count++] = (char *)item.data;
	return true;
}

bool environment_load(struct environment *environment, struct db *db, const struct seal_key *key,
		int64_t deployment, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	*environment = (struct environment){.items = calloc(SETTINGS_MOST, sizeof(char *)),
			.is_secret = calloc(SETTINGS_MOST, sizeof(bool))};
	if (!environment->items || !environment->is_secret)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an environment");
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT name, secret, value FROM setting WHERE deployment = ? ORDER BY "
			"name "
			"LIMIT ?",
			"ii", deployment, (int64_t)SETTINGS_MOST);
	bool done = rows != NULL;
	while (done && db_next(rows, &problem))
		done = environment_add(environment, key, deployment, rows, &problem);
	db_done(rows);
	db_unlock(db);
	if (problem.code == SV_ERROR_NONE)
		return true;
	environment_finish(environment);
	return sv_fail(error, problem.code, "%s", problem.text);
}

void environment_finish(struct environment *environment)
{
	for (size_t i = 0; i < environment->count; i++) {
		explicit_bzero(environment->items[i], strlen(environment->items[i]));
		free(environment->items[i]);
	}
	free(environment->items);
	free(environment->is_secret);
	*environment = (struct environment){0};
}
