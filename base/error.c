/*
 * error.c: filling error reports, and the end of the process on a failed check.
 */
#include "base/error.h"
#include "base/check.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *condition, const char *file, int line)
{
	fprintf(stderr, "selvage: internal check failed: %s (%s:%d)\n", condition, file, line);
	abort();
}

void sv_error_clear(struct sv_error *error)
{
	error->code = SV_ERROR_NONE;
	error->position = -1;
	error->text[0] = '\0';
}

/* One line whatever the input held: control characters become '?'. */
static void error_flatten(char *text)
{
	for (char *c = text; *c; c++) {
		if (iscntrl((unsigned char)*c))
			*c = '?';
	}
}

static void error_report(struct sv_error *error, enum sv_error_code code, int64_t position,
		const char *format, va_list arguments)
{
	if (!error || error->code != SV_ERROR_NONE)
		return;
	error->code = code;
	error->position = position;
	vsnprintf(error->text, sizeof error->text, format, arguments);
	error_flatten(error->text);
}

bool sv_fail(struct sv_error *error, enum sv_error_code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error_report(error, code, -1, format, arguments);
	va_end(arguments);
	return false;
}

bool sv_fail_at(struct sv_error *error, enum sv_error_code code, int64_t position,
		const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	error_report(error, code, position, format, arguments);
	va_end(arguments);
	return false;
}

bool sv_fail_errno(struct sv_error *error, const char *format, ...)
{
	int saved = errno;
	char text[sizeof error->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return sv_fail(error, SV_ERROR_SYSTEM, "%s: %s", text, strerror(saved));
}

void sv_error_prefix(struct sv_error *error, const char *format, ...)
{
	if (!error || error->code == SV_ERROR_NONE)
		return;
	char prefix[sizeof error->text];
	char text[sizeof error->text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(prefix, sizeof prefix, format, arguments);
	va_end(arguments);
	memcpy(text, error->text, sizeof text);
	/* The cause is worth more than a long prefix: cut the prefix, keep 200 bytes of cause. */
	snprintf(error->text, sizeof error->text, "%.*s: %.*s", 270, prefix,
			(int)(sizeof error->text - 280), text);
	error_flatten(error->text);
}

const char *sv_error_code_name(enum sv_error_code code)
{
	static const char *const names[] = {
			[SV_ERROR_NONE] = "none",
#define SV_ERROR(name, text, meaning) [SV_ERROR_##name] = text,
#include "base/errors.def"
#undef SV_ERROR
	};
	if ((size_t)code >= ARRAY_LENGTH(names))
		return "unknown";
	return names[code];
}
