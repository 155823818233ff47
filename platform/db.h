/*
 * db.h: SQLite in a few calls: one connection, one lock, values bound by a format. Any thread.
 */
#ifndef SELVAGE_PLATFORM_DB_H
#define SELVAGE_PLATFORM_DB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct db;
struct sqlite3_stmt;

/* Open or make the database at `path` and bring its schema up to date. NULL with `error`. */
struct db *db_open(const char *path, struct sv_error *error);
void db_free(struct db *db);

/*
 * Copy the database at `from` as it is at one instant, whoever writes to it, to the new file `to`.
 */
SV_MUST_USE bool db_copy(const char *from, const char *to, struct sv_error *error);

/*
 * The lock, for more than one statement; recursive. Functions below take it themselves,
 * but for rows, which are read under the caller's.
 */
void db_lock(struct db *db);
void db_unlock(struct db *db);

/* A transaction, under the lock from begin to end. db_end commits if `keep`, else rolls back. */
SV_MUST_USE bool db_begin(struct db *db, struct sv_error *error);
SV_MUST_USE bool db_end(struct db *db, bool keep, struct sv_error *error);

/*
 * Run one statement to its end. `format` has a letter for each value: s (const char *, NULL
 * allowed), i (int64_t), b (struct sv_bytes).
 */
SV_MUST_USE bool db_run(struct db *db, struct sv_error *error, const char *sql, const char *format,
		...);

/*
 * The same, but the disk need not have it when this returns: it survives the process, not always
 * the machine. Not in a transaction.
 */
SV_MUST_USE bool db_run_unsynced(struct db *db, struct sv_error *error, const char *sql,
		const char *format, ...);

/* As db_run for a statement that gives rows; NULL with `error`. The caller holds the lock. */
struct sqlite3_stmt *db_query(struct db *db, struct sv_error *error, const char *sql,
		const char *format, ...);

struct sqlite3_stmt *db_query_list(struct db *db, struct sv_error *error, const char *sql,
		const char *format, va_list *values);

/* The next row; false at the end, or with `error` filled. */
SV_MUST_USE bool db_next(struct sqlite3_stmt *rows, struct sv_error *error);

/* Values of the current row, valid until the next. Text is "" for NULL. */
int64_t db_integer(struct sqlite3_stmt *rows, int column);
const char *db_text(struct sqlite3_stmt *rows, int column);
struct sv_bytes db_bytes(struct sqlite3_stmt *rows, int column);

/* End a query. NULL is allowed. */
void db_done(struct sqlite3_stmt *rows);

/* Rows that the last statement changed, and the id it made. Under the lock. */
int64_t db_changes(struct db *db);
int64_t db_last_id(struct db *db);

/* One integer, or `missing` if there is no row. */
SV_MUST_USE bool db_value(struct db *db, struct sv_error *error, int64_t *value, int64_t missing,
		const char *sql, const char *format, ...);

#endif
