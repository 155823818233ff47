/*
 * database.c: SQLite with everything in memory, whose tables the initialiser makes; `find`, `sum`
 * and `add` ask it. tests/snapshot/sqlite.wasm is this file and the sqlite3.c of the npm package
 * better-sqlite3 12.11.1 (SQLite, public domain), made with
 *
 *   clang-22 --target=wasm32-wasi --no-wasm-opt -nostdlibinc -isystem /usr/include/wasm32-wasi
 *     -Os -s -mexec-model=reactor -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION
 *     -DSQLITE_OMIT_WAL -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_OMIT_TRACE -DSQLITE_OMIT_JSON
 *     -DSQLITE_OMIT_UTF16 -DSQLITE_OMIT_DECLTYPE -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_NO_SYNC
 *     -DSQLITE_TEMP_STORE=3 -D_WASI_EMULATED_MMAN -D_WASI_EMULATED_GETPID
 *     -Wl,-z,stack-size=1048576,--stack-first -I. database.c sqlite3.c -lwasi-emulated-getpid
 */
#include <sqlite3.h>
#include <stddef.h>

#define EXPORT(name) __attribute__((export_name(name)))

static sqlite3 *database;

static const char script[] =
		"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, kind INT);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
		"  INSERT INTO item SELECT i, 'item ' || (i * 7919 % 20011), i % 997 * 0.25, i % 17"
		"  FROM n;"
		"CREATE INDEX by_name ON item(name); CREATE INDEX by_kind ON item(kind, price);"
		"ANALYZE;";

EXPORT("wizer.initialize") void initialize(void)
{
	if (sqlite3_open(":memory:", &database) != SQLITE_OK ||
			sqlite3_exec(database, script, NULL, NULL, NULL) != SQLITE_OK)
		__builtin_trap();
}

/* The one row and column of a question with one number in it; -1 if there is none. */
static double ask(const char *question, int number)
{
	sqlite3_stmt *statement;
	double answer = -1;

	if (sqlite3_prepare_v2(database, question, -1, &statement, NULL) != SQLITE_OK)
		__builtin_trap();
	sqlite3_bind_int(statement, 1, number);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer = sqlite3_column_double(statement, 0);
	sqlite3_finalize(statement);
	return answer;
}

EXPORT("find") int find(int number)
{
	return (int)ask("SELECT id FROM item WHERE name = 'item ' || ?", number);
}

EXPORT("sum") double sum(int kind)
{
	return ask("SELECT sum(price) FROM item WHERE kind = ?", kind);
}

EXPORT("add") int add(int id)
{
	ask("INSERT INTO item VALUES (?, 'new', 1, 99)", id);
	return (int)ask("SELECT count(*) FROM item WHERE id >= ?", 0);
}
