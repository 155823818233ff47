/*
 * cmd_backup.c: `selvage backup FILE` and `selvage restore FILE`: a data folder in a file, and
 * back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <jansson.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/user_folder.h"
#include "platform/backup.h"

struct backup_options {
	const char *data;
	bool force;
};

#define DATA_ROW \
	{.name = "data", \
			.kind = OPTION_TEXT, \
			.offset = offsetof(struct backup_options, data), \
			.argument = "DIR", \
			.help = "the data folder (default: $XDG_DATA_HOME/selvage or " \
				"~/.local/share/selvage)"}

static const struct option_row backup_rows[] = {
		DATA_ROW,
};

static const struct option_row restore_rows[] = {
		DATA_ROW,
		{.name = "force",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct backup_options, force),
				.help = "take the place of a folder that is not empty, which is "
					"kept under another name"},
};

static const struct option_table backup_table = {
		.command = "backup",
		.rows = backup_rows,
		.row_count = ARRAY_LENGTH(backup_rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

static const struct option_table restore_table = {
		.command = "restore",
		.rows = restore_rows,
		.row_count = ARRAY_LENGTH(restore_rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

static void backup_print(const char *what, const char *path, const struct backup_facts *facts,
		const char *kept)
{
	if (report_uses_json()) {
		json_t *answer = json_pack("{s:s, s:I, s:I, s:s*}", what, path, "files",
				(json_int_t)facts->files, "bytes", (json_int_t)facts->bytes,
				"kept", kept[0] ? kept : NULL);
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(answer);
		return;
	}
	printf("%s: %" PRIu64 " modules and artifacts, %" PRIu64 " bytes\n", path, facts->files,
			facts->bytes);
	if (kept[0])
		printf("what was there before is in %s\n", kept);
}

/* The operand, or NULL with the exit code. */
static const char *backup_begin(const struct option_table *table, int argc, char **argv,
		struct backup_options *options, int *code)
{
	static char data[512];
	struct sv_error error = SV_ERROR_INIT;
	int operand;
	if (!options_parse(table, argc, argv, options, &operand, code))
		return NULL;
	*code = EXIT_FINE;
	if (!options->data) {
		if (!user_folder_data(data, sizeof data, &error)) {
			*code = report_error(&error);
			return NULL;
		}
		options->data = data;
	}
	/* Keys are in memory, and in the files that are made. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	umask(077);
	return argv[operand];
}

int cmd_backup(int argc, char **argv)
{
	struct backup_options options = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct backup_facts facts;
	int code;
	const char *path = backup_begin(&backup_table, argc, argv, &options, &code);
	if (!path)
		return code;
	if (!backup_write(options.data, path, &facts, &error))
		return report_error(&error);
	backup_print("backup", path, &facts, "");
	return EXIT_FINE;
}

int cmd_restore(int argc, char **argv)
{
	struct backup_options options = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct backup_facts facts;
	char kept[600];
	int code;
	const char *path = backup_begin(&restore_table, argc, argv, &options, &code);
	if (!path)
		return code;
	if (!backup_restore(options.data, path, options.force, kept, &facts, &error))
		return report_error(&error);
	backup_print("data", options.data, &facts, kept);
	return EXIT_FINE;
}
