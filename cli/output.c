/*
 * output.c: names and writes what a command makes.
 */
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/module_open.h"

char *output_name(const char *input, const char *suffix)
{
	const char *base = module_base_name(input);
	const char *dot = strrchr(base, '.');
	size_t stem = dot && dot != base ? (size_t)(dot - input) : strlen(input);
	char *name = NULL;
	if (asprintf(&name, "%.*s%s", (int)stem, input, suffix) < 0)
		return NULL;
	return name;
}

bool output_is_input(const char *input, const char *output)
{
	struct stat a, b;
	return stat(input, &a) == 0 && stat(output, &b) == 0 && a.st_dev == b.st_dev &&
			a.st_ino == b.st_ino;
}

bool output_write(const char *path, struct sv_bytes bytes, unsigned mode, struct sv_error *error)
{
	if (strcmp(path, "-") != 0)
		return file_write(path, bytes, mode, error);
	if (fwrite(bytes.data, 1, bytes.length, stdout) != bytes.length || fflush(stdout) != 0)
		return sv_fail_errno(error, "cannot write to standard output");
	return true;
}
