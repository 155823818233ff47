/*
 * feature_list.h: the value of --features.
 */
#ifndef SELVAGE_CLI_FEATURE_LIST_H
#define SELVAGE_CLI_FEATURE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

/*
 * Change `features` (bits 1 << enum sv_feature) as a list says: names separated by commas, each
 * with "-" before it to switch it off or "+" or nothing to switch it on; "all" means each.
 * NULL changes nothing. False with USAGE and the known names if one is unknown.
 */
SV_MUST_USE bool feature_list_apply(const char *list, uint64_t *features, struct sv_error *error);

#endif
