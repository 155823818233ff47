/*
 * db.c: see db.h. Statements are prepared anew each time: the control plane makes a few a second.
 */
#include "platform/db.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db {
	sqlite3 *handle; /* owned */
	pthread_mutex_t lock;
};

/* How long to wait for another process that has the database, such as a backup. */
static const int busy_milliseconds = 5000;

static bool db_fail(sqlite3 *handle, const char *what, struct sv_error *error)
{
	enum sv_error_code code = SV_ERROR_SYSTEM;
	if (sqlite3_errcode(handle) == SQLITE_NOMEM)
		code = SV_ERROR_NO_MEMORY;
	return sv_fail(error, code, "database: %s (%.60s)", sqlite3_errmsg(handle), what);
}

static bool db_exec(struct db *db, const char *sql, struct sv_error *error)
{
	if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return db_fail(db->handle, sql, error);
}

/* ---- schema ---- */

static const struct migration {
	int number;
	const char *sql;
} migrations[] = {
#define MIGRATION(number, sql) {number, sql},
#include "platform/schema.def"
#undef MIGRATION
};

static bool db_migrate_to(struct db *db, const struct migration *migration, struct sv_error *error)
{
	char version[64];
	snprintf(version, sizeof version, "PRAGMA user_version = %d", migration->number);
	TRY(db_begin(db, error));
	bool done = db_exec(db, migration->sql, error) && db_exec(db, version, error);
	return db_end(db, done, error) && done;
}

static bool db_migrate(struct db *db, struct sv_error *error)
{
	const int newest = migrations[ARRAY_LENGTH(migrations) - 1].number;
	int64_t version;
	TRY(db_value(db, error, &version, 0, "PRAGMA user_version", ""));
	if (version > newest)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"the database is of version %d, which is newer than this program's "
				"%d: it was written by a later Selvage",
				(int)version, newest);
	for (size_t i = 0; i < ARRAY_LENGTH(migrations); i++) {
		if (migrations[i].number > version)
			TRY(db_migrate_to(db, &migrations[i], error));
	}
	return true;
}

/* ---- open and close ---- */

static bool db_prepare_file(struct db *db, const char *path, struct sv_error *error)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
	if (sqlite3_open_v2(path, &db->handle, flags, NULL) != SQLITE_OK) {
		if (!db->handle)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a database");
		return db_fail(db->handle, path, error);
	}
	sqlite3_busy_timeout(db->handle, busy_milliseconds);
	return db_exec(db, "PRAGMA journal_mode = WAL", error) &&
			db_exec(db, "PRAGMA synchronous = FULL", error) &&
			db_exec(db, "PRAGMA foreign_keys = ON", error) &&
			db_exec(db, "PRAGMA secure_delete = ON", error) && db_migrate(db, error);
}

struct db *db_open(const char *path, struct sv_error *error)
{
	struct db *db = calloc(1, sizeof *db);
	if (!db) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a database");
		return NULL;
	}
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&db->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	if (db_prepare_file(db, path, error))
		return db;
	db_free(db);
	return NULL;
}

void db_free(struct db *db)
{
	if (!db)
		return;
	check(sqlite3_close(db->handle) == SQLITE_OK);
	pthread_mutex_destroy(&db->lock);
	free(db);
}

static bool db_copy_all(sqlite3 *from, sqlite3 *to, struct sv_error *error)
{
	sqlite3_busy_timeout(from, busy_milliseconds);
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	if (!backup)
		return db_fail(to, "copy", error);
	int result = sqlite3_backup_step(backup, -1);
	sqlite3_backup_finish(backup);
	if (result == SQLITE_DONE)
		return true;
	return sv_fail(error, SV_ERROR_SYSTEM, "database: %s (copy)", sqlite3_errstr(result));
}

bool db_copy(const char *from, const char *to, struct sv_error *error)
{
	const int new_file = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	sqlite3 *source = NULL, *target = NULL;
	bool done;
	if (sqlite3_open_v2(from, &source, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		done = db_fail(source, from, error);
	else if (sqlite3_open_v2(to, &target, new_file, NULL) != SQLITE_OK)
		done = db_fail(target, to, error);
	else
		done = db_copy_all(source, target, error);
	sqlite3_close(target);
	sqlite3_close(source);
	return done;
}

void db_lock(struct db *db)
{
	pthread_mutex_lock(&db->lock);
}

void db_unlock(struct db *db)
{
	pthread_mutex_unlock(&db->lock);
}

bool db_begin(struct db *db, struct sv_error *error)
{
	db_lock(db);
	if (db_exec(db, "BEGIN IMMEDIATE", error))
		return true;
	db_unlock(db);
	return false;
}

bool db_end(struct db *db, bool keep, struct sv_error *error)
{
	bool done = db_exec(db, keep ? "COMMIT" : "ROLLBACK", error);
	/* A commit that failed leaves the transaction open, unless SQLite has ended it itself. */
	if (!done && !sqlite3_get_autocommit(db->handle))
		done = !db_exec(db, "ROLLBACK", NULL) && done;
	db_unlock(db);
	return done;
}

/* ---- statements ---- */

static int db_bind(sqlite3_stmt *statement, int at, char kind, va_list *values)
{
	if (kind == 'i')
		return sqlite3_bind_int64(statement, at, va_arg(*values, int64_t));
	if (kind == 's')
		return sqlite3_bind_text(statement, at, va_arg(*values, const char *), -1,
				SQLITE_TRANSIENT);
	check(kind == 'b');
	struct sv_bytes bytes = va_arg(*values, struct sv_bytes);
	return sqlite3_bind_blob64(statement, at, bytes.length ? (const void *)bytes.data : "",
			bytes.length, SQLITE_TRANSIENT);
}

static sqlite3_stmt *db_prepare(struct db *db, const char *sql, const char *format, va_list *values,
		struct sv_error *error)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
	for (int at = 1; result == SQLITE_OK && *format; at++)
		result = db_bind(statement, at, *format++, values);
	if (result == SQLITE_OK)
		return statement;
	db_fail(db->handle, sql, error);
	sqlite3_finalize(statement);
	return NULL;
}

/* Under the lock. */
static bool run_list(struct db *db, struct sv_error *error, const char *sql, const char *format,
		va_list *values)
{
	sqlite3_stmt *statement = db_prepare(db, sql, format, values, error);
	if (!statement)
		return false;
	int result = sqlite3_step(statement);
	bool done = result == SQLITE_DONE || result == SQLITE_ROW;
	if (!done)
		db_fail(db->handle, sql, error);
	sqlite3_finalize(statement);
	return done;
}

bool db_run(struct db *db, struct sv_error *error, const char *sql, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	db_lock(db);
	bool done = run_list(db, error, sql, format, &values);
	db_unlock(db);
	va_end(values);
	return done;
}

bool db_run_unsynced(struct db *db, struct sv_error *error, const char *sql, const char *format,
		...)
{
	va_list values;
	va_start(values, format);
	db_lock(db);
	check(sqlite3_get_autocommit(db->handle));
	bool done = db_exec(db, "PRAGMA synchronous = NORMAL", error) &&
			run_list(db, error, sql, format, &values);
	/* Without it, what is acknowledged later could be lost with the machine. */
	check(db_exec(db, "PRAGMA synchronous = FULL", error));
	db_unlock(db);
	va_end(values);
	return done;
}

struct sqlite3_stmt *db_query(struct db *db, struct sv_error *error, const char *sql,
		const char *format, ...)
{
	va_list values;
	va_start(values, format);
	sqlite3_stmt *statement = db_prepare(db, sql, format, &values, error);
	va_end(values);
	return statement;
}

struct sqlite3_stmt *db_query_list(struct db *db, struct sv_error *error, const char *sql,
		const char *format, va_list *values)
{
	return db_prepare(db, sql, format, values, error);
}

bool db_next(struct sqlite3_stmt *rows, struct sv_error *error)
{
	int result = sqlite3_step(rows);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		db_fail(sqlite3_db_handle(rows), sqlite3_sql(rows), error);
	return result == SQLITE_ROW;
}

int64_t db_integer(struct sqlite3_stmt *rows, int column)
{
	return sqlite3_column_int64(rows, column);
}

const char *db_text(struct sqlite3_stmt *rows, int column)
{
	const unsigned char *text = sqlite3_column_text(rows, column);
	return text ? (const char *)text : "";
}

struct sv_bytes db_bytes(struct sqlite3_stmt *rows, int column)
{
	const uint8_t *data = sqlite3_column_blob(rows, column);
	return (struct sv_bytes){data, (size_t)sqlite3_column_bytes(rows, column)};
}

void db_done(struct sqlite3_stmt *rows)
{
	sqlite3_finalize(rows);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes(db->handle);
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}

bool db_value(struct db *db, struct sv_error *error, int64_t *value, int64_t missing,
		const char *sql, const char *format, ...)
{
	va_list values;
	va_start(values, format);
	db_lock(db);
	struct sv_error problem = SV_ERROR_INIT;
	sqlite3_stmt *rows = db_prepare(db, sql, format, &values, &problem);
	*value = missing;
	if (rows && db_next(rows, &problem))
		*value = db_integer(rows, 0);
	db_done(rows);
	db_unlock(db);
	va_end(values);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}
