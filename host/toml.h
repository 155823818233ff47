/*
 * toml.h: TOML documents, as the JSON values they are about the same as.
 */
#ifndef SELVAGE_HOST_TOML_H
#define SELVAGE_HOST_TOML_H

#include <jansson.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Parse a text. Dates and times become strings. NULL with `error`, which has line and column;
 * otherwise the caller's, to be released with json_decref.
 */
json_t *toml_parse(const char *text, size_t length, struct sv_error *error);

#ifdef __cplusplus
}
#endif

#endif
