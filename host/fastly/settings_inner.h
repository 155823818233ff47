/*
 * settings_inner.h: what the files that read a fastly.toml share.
 */
#ifndef SELVAGE_HOST_FASTLY_SETTINGS_INNER_H
#define SELVAGE_HOST_FASTLY_SETTINGS_INNER_H

#include "host/fastly/settings.h"

/* Bytes of a file that is read. */
#define SETTINGS_MAX_FILE (64u * 1024 * 1024)

struct settings_reader {
	const struct host_guest *guest;
	struct fastly_settings *settings;
	const char *folder; /* of the file; NULL: of those that came with the program */
};

/* ---- settings_files.c ---- */

struct sv_bytes settings_bytes(const json_t *string);

/* The contents of a file that `path`, a string, names; it is beside fastly.toml. */
SV_MUST_USE bool settings_file(const struct settings_reader *reader, const json_t *path,
		struct buffer *bytes, struct sv_error *error);

/* A variable of the guest's or, if its settings are the operator's, of this process. */
SV_MUST_USE bool settings_variable(const struct settings_reader *reader, const char *name,
		struct sv_bytes *value);

/* A file that holds a JSON object, which is the caller's; NULL with `error`. */
json_t *settings_json(const struct settings_reader *reader, const json_t *path,
		struct sv_error *error);

/* Every name in `table` is one of `names`, which ends with NULL. */
SV_MUST_USE bool settings_names_known(const json_t *table, const char *const *names,
		struct sv_error *error);

/* ---- settings_tables.c: sections of local_server ---- */

SV_MUST_USE bool settings_read_places(struct settings_reader *reader, json_t *table,
		struct sv_error *error);
SV_MUST_USE bool settings_read_devices(struct settings_reader *reader, json_t *table,
		struct sv_error *error);
SV_MUST_USE bool settings_read_acls(struct settings_reader *reader, json_t *tables,
		struct sv_error *error);
SV_MUST_USE bool settings_read_shields(struct settings_reader *reader, json_t *tables,
		struct sv_error *error);
/* Those of `tables`; where guests may send requests, too, if an operator has named them. */
SV_MUST_USE bool settings_read_backends(const struct settings_reader *reader,
		struct fastly_backends *backends, const json_t *tables, struct sv_error *error);

SV_MUST_USE bool settings_read_keys(struct settings_reader *reader, json_t *keys,
		struct sv_error *error);

/* ---- settings_setup.c ---- */

/* [local_server], with what [setup] has besides; NULL with `error`. */
json_t *settings_sections(const struct settings_reader *reader, struct sv_error *error);

/* Stores of what the platform gives, unless the file has some of their names. */
SV_MUST_USE bool settings_add_given(struct settings_reader *reader, struct sv_error *error);

#endif
