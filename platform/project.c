/*
 * project.c: see project.h.
 */
#include "platform/project.h"

#include <stdio.h>
#include <string.h>

static const struct language_row {
	const char *name, *ending;
	bool is_built;
	const char *needs;
} rows[] = {
#define LANGUAGE(name, ending, is_built, needs) {#name, ending, is_built, needs},
#include "platform/languages.def"
#undef LANGUAGE
};

const char *language_name(enum language language)
{
	return rows[language].name;
}

bool language_is_built(enum language language)
{
	return rows[language].is_built;
}

const char *language_needs(enum language language)
{
	return rows[language].needs;
}

bool language_find(const char *name, enum language *language)
{
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			*language = (enum language)i;
			return true;
		}
	}
	return false;
}

bool path_has_ending(const char *path, const char *ending)
{
	size_t length = strlen(path), end = strlen(ending);
	return length > end && strcasecmp(path + length - end, ending) == 0;
}

bool project_is_asset(const char *path)
{
	return strncmp(path, "assets/", 7) == 0;
}

/* In src/ and assembly/, where sources are: a file beside those may be of a build tool. */
static bool path_is_source(const char *path)
{
	return strncmp(path, "src/", 4) == 0 || strncmp(path, "assembly/", 9) == 0;
}

/* Sources first, then by path. */
static bool path_is_before(const char *one, const char *other)
{
	bool is_source = path_is_source(one), was_source = path_is_source(other);
	return is_source == was_source ? strcmp(one, other) < 0 : is_source;
}

/* The file of a kind that comes first in that order, and how many there are. */
static unsigned project_first(struct sv_bytes bundle, const char *ending, struct bundle_file *first)
{
	unsigned count = 0;
	struct bundle_file file;
	bool found;
	while (bundle_next(&bundle, &file, &found, NULL) && found) {
		if (project_is_asset(file.path) || !path_has_ending(file.path, ending))
			continue;
		if (count == 0 || path_is_before(file.path, first->path))
			*first = file;
		count++;
	}
	return count;
}

static bool project_guess(struct sv_bytes bundle, enum language *language, struct sv_error *error)
{
	struct bundle_file file, first = {0};
	bool found = false;
	for (unsigned i = 0; i < LANGUAGE_COUNT; i++) {
		if (project_first(bundle, rows[i].ending, &file) == 0)
			continue;
		if (!found || path_is_before(file.path, first.path)) {
			first = file;
			*language = (enum language)i;
		}
		found = true;
	}
	return found ||
			sv_fail(error, SV_ERROR_INVALID,
					"Unable to detect the programming language");
}

/* What Fastly's tools have built is there, beside its sources. */
static const char fastly_module[] = "bin/main.wasm";

static bool is_fastly(struct sv_bytes bundle)
{
	struct bundle_file file;
	return bundle_find(bundle, "fastly.toml", &file) &&
			bundle_find(bundle, fastly_module, &file);
}

bool project_language(struct sv_bytes bundle, const char *name, enum language *language,
		struct sv_error *error)
{
	bool is_guessed = !name[0] || strcmp(name, "auto") == 0;
	if (is_guessed && is_fastly(bundle))
		name = "wasm";
	else if (is_guessed)
		return project_guess(bundle, language, error);
	if (language_find(name, language))
		return true;
	return sv_fail(error, SV_ERROR_USAGE,
			"the language must be c, rust, assemblyscript, wasm, wat or auto, not "
			"\"%.32s\"",
			name);
}

bool project_module(struct sv_bytes bundle, struct bundle_file *file, struct sv_error *error)
{
	if (bundle_find(bundle, "module.wasm", file))
		return true;
	if (is_fastly(bundle))
		return bundle_find(bundle, fastly_module, file);
	unsigned count = project_first(bundle, ".wasm", file);
	const char *ending = count ? ".wasm" : ".wat";
	if (!count)
		count = project_first(bundle, ".wat", file);
	if (count == 1)
		return true;
	if (!count)
		return sv_fail(error, SV_ERROR_INVALID,
				"there is no module.wasm in the archive, and no other module");
	return sv_fail(error, SV_ERROR_INVALID,
			"there are %u files %s in the archive: one must be called module.wasm",
			count, ending);
}
