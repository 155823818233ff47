/*
 * names.h: names for deployments that were given none: four words, as Terrarium gave them.
 */
#ifndef SELVAGE_PLATFORM_NAMES_H
#define SELVAGE_PLATFORM_NAMES_H

#include "base/check.h"
#include "base/error.h"

/* Four words with hyphens between them. */
SV_MUST_USE bool name_invent(char name[static 64], struct sv_error *error);

#endif
