/*
 * deploy.h: the steps of `selvage deploy`: what is sent, and what is said while it goes on.
 */
#ifndef SELVAGE_CLI_DEPLOY_H
#define SELVAGE_CLI_DEPLOY_H

#include <stdint.h>

#include "base/bytes.h"
#include "cli/client_command.h"

/* What is waited for: that it is served, or that it is served from the release tier. */
enum deploy_goal { GOAL_LIVE, GOAL_RELEASE };

struct deploy_options {
	struct client_options client;
	const char *name;          /* "-": the server chooses one */
	uint64_t ttl;              /* nanoseconds; 0: none */
	uint64_t wait;             /* nanoseconds until a build is given up on */
	unsigned wait_for;         /* enum deploy_goal */
	struct option_list envs;
	struct option_list secrets;
	struct option_list limits;
	const char *check;         /* NULL: none */
	const char *language;      /* of a folder; "auto": to be guessed */
};

/* One line of progress on standard error; nothing with --json. */
void deploy_say(const char *format, ...) SV_PRINTF(1, 2);

/*
 * Read the module or the project at `path` and all that goes with it, and write the request's body
 * to `body`, an empty buffer, which the caller wipes and finishes in any case.
 */
SV_MUST_USE bool deploy_encode(const struct deploy_options *options, const char *path,
		struct buffer *body, struct sv_error *error);

/* Follow a build to its goal and say how it goes; false if that will not be reached. */
SV_MUST_USE bool deploy_wait(struct client *client, const char *build, enum deploy_goal goal,
		uint64_t limit, struct sv_error *error);

/* Show where the deployment is: the address alone on standard output. */
SV_MUST_USE bool deploy_show(struct client *client, const char *name, struct sv_error *error);

#endif
