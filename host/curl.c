/*
 * curl.c: loads libcurl.
 */
#include "host/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

#include "base/check.h"

#define LIBRARY "libcurl.so.4"

static struct curl_api api;
/* Empty if the library is there; what every caller hears if it is not. */
static char failure[300] = "";

/* Where each function goes. Pointers to functions and to objects are alike (POSIX, dlsym). */
static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define CURL_FUNCTION(name) {"curl_" #name, offsetof(struct curl_api, name)},
#include "host/curl.def"
#undef CURL_FUNCTION
};

static void curl_load_once(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(failure, sizeof failure, "cannot load libcurl: %s", dlerror());
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++) {
		void *function = dlsym(library, functions[i].name);
		if (!function) {
			snprintf(failure, sizeof failure, "%s has no %s", LIBRARY,
					functions[i].name);
			return;
		}
		*(void **)((char *)&api + functions[i].offset) = function;
	}
	CURLcode code = api.global_init(CURL_GLOBAL_DEFAULT);
	if (code != CURLE_OK)
		snprintf(failure, sizeof failure, "cannot start libcurl: %s",
				api.easy_strerror(code));
}

const struct curl_api *curl_load(struct sv_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, curl_load_once);
	if (!failure[0])
		return &api;
	sv_fail(error, SV_ERROR_SYSTEM, "%s", failure);
	return NULL;
}
