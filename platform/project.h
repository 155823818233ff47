/*
 * project.h: what a bundle of files is: in which language, and where its module is if it has one
 * already. Decides only.
 */
#ifndef SELVAGE_PLATFORM_PROJECT_H
#define SELVAGE_PLATFORM_PROJECT_H

#include "platform/bundle.h"

enum language {
#define LANGUAGE(name, ending, is_built, needs) LANGUAGE_##name,
#include "platform/languages.def"
#undef LANGUAGE
	LANGUAGE_COUNT
};

const char *language_name(enum language language);

/* It has to be built; otherwise the module is among the files. */
bool language_is_built(enum language language);

/* What building needs on this machine, in words. */
const char *language_needs(enum language language);

/* A language by its name; false if there is none. */
bool language_find(const char *name, enum language *language);

/*
 * The language that `name` says, "auto" or "" for that of the first file, by path, whose ending
 * says one; what is in a folder "assets" says nothing. USAGE or INVALID if there is none.
 */
SV_MUST_USE bool project_language(struct sv_bytes bundle, const char *name, enum language *language,
		struct sv_error *error);

/*
 * The module in a project that is not built: module.wasm, or else the only .wasm, or else the
 * only .wat. INVALID if it cannot be said which.
 */
SV_MUST_USE bool project_module(struct sv_bytes bundle, struct bundle_file *file,
		struct sv_error *error);

/* It is in the folder of files that are served as they are. */
bool project_is_asset(const char *path);

/* The path ends like this, in upper or lower case. */
bool path_has_ending(const char *path, const char *ending);

#endif
