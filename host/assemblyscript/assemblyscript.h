/*
 * assemblyscript.h: the one function that AssemblyScript's own runtime imports, env.abort.
 */
#ifndef SELVAGE_HOST_ASSEMBLYSCRIPT_H
#define SELVAGE_HOST_ASSEMBLYSCRIPT_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"

struct sv_linker;

/* Define env.abort: a trap whose text has the message, the file, the line and the column. */
SV_MUST_USE bool assemblyscript_bind(struct sv_linker *linker, struct sv_error *error);

#endif
