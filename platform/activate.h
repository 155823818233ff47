/*
 * activate.h: what a deployment serves, changed: new version, rollback, other settings, removal.
 * Each loads first, then changes the database, then the route, so that a kill leaves one or the
 * other.
 */
#ifndef SELVAGE_PLATFORM_ACTIVATE_H
#define SELVAGE_PLATFORM_ACTIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct deployment;
struct platform_state;
struct route;
struct version;

/*
 * Load `version`, whose artifact is set, have it answer its probe, and make it current. False with
 * `error` and nothing changed if it cannot be loaded or fails; with OVERTAKEN, which nothing else
 * gives, if the deployment is not there any more, or `only_over` is not 0 and not the number of the
 * current version any more.
 */
SV_MUST_USE bool activate_version(struct platform_state *state, const struct deployment *deployment,
		const struct version *version, int64_t only_over, struct sv_error *error);

/* The version that is current, with what the database says of it now: settings, artifact. */
SV_MUST_USE bool activate_again(struct platform_state *state, const struct deployment *deployment,
		struct sv_error *error);

/* The deployment's route, made if there is none, counted. NULL with `error`. */
struct route *activate_route(struct platform_state *state, const struct deployment *deployment,
		struct sv_error *error);

/*
 * Take the deployment away, with its versions, settings and log; `expired_by` and `removed` as for
 * deployment_remove.
 */
SV_MUST_USE bool activate_removal(struct platform_state *state, const struct deployment *deployment,
		int64_t expired_by, bool *removed, struct sv_error *error);

#endif
