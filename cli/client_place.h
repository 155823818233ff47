/*
 * client_place.h: where the server is and what it lets us in with. Each from the first that has
 * it: the options, SELVAGE_URL and SELVAGE_TOKEN, client.json in $XDG_CONFIG_HOME/selvage.
 */
#ifndef SELVAGE_CLI_CLIENT_PLACE_H
#define SELVAGE_CLI_CLIENT_PLACE_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"

struct client_place {
	char *url;   /* owned */
	char *token; /* owned, wiped when let go of */
	char *authority; /* owned; certificate that vouches for what is served there, or NULL */
};

/* `url` and `token_file` are the options, NULL if not given. Finish it in any case. */
SV_MUST_USE bool client_place_find(struct client_place *place, const char *url,
		const char *token_file, struct sv_error *error);

void client_place_finish(struct client_place *place);

#endif
