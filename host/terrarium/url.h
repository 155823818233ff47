/*
 * url.h: where a request goes. Parsing is libcurl's.
 */
#ifndef SELVAGE_HOST_TERRARIUM_URL_H
#define SELVAGE_HOST_TERRARIUM_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/* Bytes of a URL, and of the name of a host. */
#define TERRARIUM_MAX_URL 8192u
#define TERRARIUM_MAX_HOST 255u

struct terrarium_url {
	struct buffer text; /* the whole of it, without a fragment, as a string */
	struct buffer path; /* with the query */
	char host[TERRARIUM_MAX_HOST + 1];
	char authority[TERRARIUM_MAX_HOST + 7]; /* with the port, unless it is the scheme's */
	uint16_t port;
	bool is_tls;
};

/* Make it what `text` is, or what that is at `base` (NULL: none). False leaves it as it was. */
SV_MUST_USE bool terrarium_url_parse(struct terrarium_url *url, const struct terrarium_url *base,
		struct sv_bytes text, struct sv_error *error);

void terrarium_url_finish(struct terrarium_url *url);

#endif
