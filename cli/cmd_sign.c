/*
 * cmd_sign.c: `selvage sign --key KEY FILE.so`: a signature beside an artifact.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/report.h"
#include "platform/blobs.h"
#include "platform/signature.h"

struct sign_options {
	const char *key;
};

static const struct option_row rows[] = {
		{.name = "key",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct sign_options, key),
				.argument = "FILE",
				.help = "the private key, as `selvage key create` makes it"},
};

static const struct option_table table = {
		.command = "sign",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

static bool sign_read(const char *path, char digest[static BLOB_NAME_SIZE], struct sv_error *error)
{
	struct buffer artifact = {0};
	enum module_form form;
	bool done = file_read(path, &artifact, error) &&
			module_find_form(buffer_view(&artifact), &form, error);
	if (done && form != MODULE_ARTIFACT)
		done = sv_fail(error, SV_ERROR_USAGE,
				"%s: not an artifact: sign what `selvage compile` makes of it",
				path);
	if (done)
		blob_name(buffer_view(&artifact), digest);
	buffer_finish(&artifact);
	return done;
}

static bool sign_work(const struct sign_options *options, const char *path, struct sv_error *error)
{
	char digest[BLOB_NAME_SIZE], text[SIGNATURE_SIZE + 1], target[4096];
	if (!options->key)
		return sv_fail(error, SV_ERROR_USAGE, "sign: --key is needed");
	TRY(sign_read(path, digest, error));
	TRY(signature_make(options->key, digest, text, error));
	int length = snprintf(target, sizeof target, "%s.sig", path);
	if (length < 0 || (size_t)length >= sizeof target)
		return sv_fail(error, SV_ERROR_USAGE, "%s: the path is too long", path);
	strcat(text, "\n");
	return file_write(target, (struct sv_bytes){(const uint8_t *)text, strlen(text)}, 0644,
			error);
}

int cmd_sign(int argc, char **argv)
{
	struct sign_options options = {0};
	struct sv_error error = SV_ERROR_INIT;
	int operand, code;
	if (!options_parse(&table, argc, argv, &options, &operand, &code))
		return code;
	return sign_work(&options, argv[operand], &error) ? EXIT_FINE : report_error(&error);
}
