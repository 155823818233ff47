/*
 * limit_list.h: limits of a deployment on the command line: NAME=VALUE, with units.
 */
#ifndef SELVAGE_CLI_LIMIT_LIST_H
#define SELVAGE_CLI_LIMIT_LIST_H

#include "cli/client.h"

/*
 * Add "rate=10", "timeout=2s", "memory=64MiB" to an object as the API has them; nothing behind "="
 * takes a limit away.
 */
SV_MUST_USE bool limit_add(json_t *limits, const char *text, struct sv_error *error);

/* One a line, as they may be given. */
void limits_print(json_t *limits);

#endif
