/*
 * package.h: from objects to the shared object that is the artifact.
 */
#ifndef SELVAGE_COMPILER_PACKAGE_H
#define SELVAGE_COMPILER_PACKAGE_H

#include "base/bytes.h"

/*
 * Link `count` objects and append the artifact to `output`, with the checksum in its note. The
 * product is checked as the runtime will check it: no relocation, no undefined symbol.
 */
SV_MUST_USE bool package_link(const struct buffer *objects, size_t count, struct buffer *output,
		struct sv_error *error);

#endif
