/*
 * sqlite.c: SQLite with everything in memory: rows made, indexed, joined, sorted, changed. It has
 * no system below it: what a database in memory asks of one is here.
 */
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

static const char script[] =
		"CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price INT, kind INT);"
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)"
		"  INSERT INTO item SELECT i, 'item ' || (i * 7919 % 20011), i % 997, i % 17 FROM "
                "n;"
		"CREATE INDEX by_name ON item(name);"
		"CREATE INDEX by_kind ON item(kind, price);"
		"UPDATE item SET price = price + length(name) WHERE kind IN (3, 5, 8);"
		"DELETE FROM item WHERE id % 10 = 7;"
		"SELECT count(*), sum(price), max(name) FROM item;"
		"SELECT kind, count(DISTINCT price), group_concat(id) FROM item"
		"  WHERE name LIKE '%99%' GROUP BY kind ORDER BY 2 DESC, 1 LIMIT 3;"
		"SELECT count(*), sum(a.price * b.kind) FROM item a JOIN item b ON a.name = b.name"
		"  WHERE a.id < 4000;"
		"SELECT name, price FROM item ORDER BY substr(name, 8), price DESC, id LIMIT 2;";

static int no_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
	(void)vfs, (void)name, (void)file, (void)flags, (void)out;
	return SQLITE_CANTOPEN;
}

static int no_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	(void)vfs;
	snprintf(out, (size_t)size, "%s", name);
	return SQLITE_OK;
}

static int random_bytes(sqlite3_vfs *vfs, int size, char *out)
{
	(void)vfs;
	memset(out, 7, (size_t)size);
	return size;
}

static int what_time(sqlite3_vfs *vfs, double *day)
{
	(void)vfs;
	*day = 2460000.5;
	return SQLITE_OK;
}

int sqlite3_os_init(void)
{
	static sqlite3_vfs vfs = {.iVersion = 1,
			.szOsFile = sizeof(sqlite3_file),
			.mxPathname = 64,
			.zName = "none",
			.xOpen = no_file,
			.xFullPathname = no_path,
			.xRandomness = random_bytes,
			.xCurrentTime = what_time};

	return sqlite3_vfs_register(&vfs, 1);
}

int sqlite3_os_end(void)
{
	return SQLITE_OK;
}

static int print_row(void *data, int count, char **values, char **names)
{
	(void)data, (void)names;
	for (int i = 0; i < count; i++)
		printf("sqlite %.40s%c", values[i], i + 1 < count ? ' ' : '\n');
	return 0;
}

int main(void)
{
	sqlite3 *database;
	char *error = NULL;

	if (sqlite3_open(":memory:", &database) != SQLITE_OK)
		return 1;
	if (sqlite3_exec(database, script, print_row, NULL, &error) == SQLITE_OK)
		return 0;
	fprintf(stderr, "%s\n", error);
	return 1;
}
