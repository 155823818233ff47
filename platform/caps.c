/*
 * caps.c: see caps.h.
 */
#include "platform/caps.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "platform/db.h"
#include "server/limits.h"

enum cap_unit { UNIT_COUNT, UNIT_BYTES, UNIT_TIME };

/* A field of server_limits by its name; `none` is no field. */
#define WITHIN_none SIZE_MAX
#define WITHIN_guests offsetof(struct server_limits, guests)
#define WITHIN_request_time offsetof(struct server_limits, request_time)
#define WITHIN_guest_memory offsetof(struct server_limits, guest_memory)
#define WITHIN_outbound_memory offsetof(struct server_limits, outbound_memory)
#define WITHIN_body_bytes offsetof(struct server_limits, body_bytes)

static const struct cap_row {
	const char *name;
	enum cap_unit unit;
	uint64_t least, most;
	size_t within, offset;
} rows[] = {
#define CAP(name, unit, least, most, within, status, help) \
	{#name, UNIT_##unit, least, most, WITHIN_##within, offsetof(struct caps, name)},
#include "platform/caps.def"
#undef CAP
};

static const struct cap_row *row_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

static uint64_t *cap_of(struct caps *caps, const struct cap_row *row)
{
	return (uint64_t *)((char *)caps + row->offset);
}

/* Times of the server are nanoseconds. */
static uint64_t row_most(const struct cap_row *row, const struct server_limits *limits)
{
	if (row->within == SIZE_MAX)
		return row->most;
	uint64_t most = *(const uint64_t *)((const char *)limits + row->within);
	if (row->unit == UNIT_TIME)
		most /= 1000000;
	return most < row->most ? most : row->most;
}

bool caps_load(struct db *db, int64_t deployment, struct caps *caps, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	*caps = (struct caps){0};
	db_lock(db);
	struct sqlite3_stmt *list = db_query(db, &problem,
			"SELECT name, value FROM cap WHERE deployment = ?", "i", deployment);
	while (list && db_next(list, &problem)) {
		const struct cap_row *row = row_find(db_text(list, 0));
		if (row)
			*cap_of(caps, row) = (uint64_t)db_integer(list, 1);
	}
	db_done(list);
	db_unlock(db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

bool cap_set(struct db *db, int64_t deployment, const char *name, uint64_t value,
		const struct server_limits *limits, struct sv_error *error)
{
	static const char *const units[] = {"", " bytes", " ms"};
	const struct cap_row *row = row_find(name);
	if (!row)
		return sv_fail(error, SV_ERROR_USAGE, "there is no limit \"%.64s\"", name);
	if (!value)
		return db_run(db, error, "DELETE FROM cap WHERE deployment = ? AND name = ?", "is",
				deployment, name);
	uint64_t most = row_most(row, limits);
	if (value < row->least || value > most)
		return sv_fail(error, SV_ERROR_USAGE,
				"the limit %s is not from %" PRIu64 " to %" PRIu64 "%s", name,
				row->least, most, units[row->unit]);
	return db_run(db, error,
			"INSERT OR REPLACE INTO cap (deployment, name, value) VALUES (?, ?, ?)",
			"isi", deployment, name, (int64_t)value);
}

void caps_each(const struct caps *caps, void (*visit)(void *data, const char *name, uint64_t value),
		void *data)
{
	struct caps copy = *caps;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (*cap_of(&copy, &rows[i]))
			visit(data, rows[i].name, *cap_of(&copy, &rows[i]));
	}
}
