/*
 * curl.h: libcurl, loaded when something asks for it. It brings thirty libraries with it, which
 * every start of the program would pay for (docs/decisions/0016).
 */
#ifndef SELVAGE_HOST_CURL_H
#define SELVAGE_HOST_CURL_H

#include <curl/curl.h>

#include "base/error.h"

/* Each function under its name without curl_: api->easy_perform(handle). */
struct curl_api {
#define CURL_FUNCTION(name) __typeof__(curl_##name) *name;
#include "host/curl.def"
#undef CURL_FUNCTION
};

/*
 * The library, loaded and initialised by the first call and never let go of; NULL with `error`
 * if it is not there. Any thread.
 */
const struct curl_api *curl_load(struct sv_error *error);

#endif
