/*
 * platform_build.c: what becomes of a version whose activation ends in one way or another. What
 * activates is in here (the makefile leads its calls to it); the versions were sent compiled, so
 * that nothing is built.
 */
#include <stdlib.h>
#include <time.h>

#include "platform/accounts.h"
#include "platform/activate.h"
#include "platform/build.h"
#include "platform/db.h"
#include "platform/deployments.h"
#include "platform/journal.h"
#include "platform/routes.h"
#include "platform/state.h"
#include "tests/lib/test.h"

bool __real_activate_version(struct platform_state *state, const struct deployment *deployment,
		const struct version *version, int64_t only_over, struct sv_error *error);
bool __wrap_activate_version(struct platform_state *state, const struct deployment *deployment,
		const struct version *version, int64_t only_over, struct sv_error *error);

/* What the next activation ends with, and how many there were. */
static enum sv_error_code ending;
static atomic_uint activations;

bool __wrap_activate_version(struct platform_state *state, const struct deployment *deployment,
		const struct version *version, int64_t only_over, struct sv_error *error)
{
	(void)version;
	(void)only_over;
	atomic_fetch_add(&activations, 1);
	/* Something else is current by then. */
	if (ending == SV_ERROR_OVERTAKEN &&
			!deployment_set_current(state->db, deployment->id, 99, error))
		return false;
	return sv_fail(error, ending, "it did not come to be");
}

static char folder[64];
static struct platform_state state;
static struct sv_error error = SV_ERROR_INIT;

static bool state_open(void)
{
	int64_t tenant;
	bool is_taken;
	struct deployment deployment;
	snprintf(folder, sizeof folder, "/tmp/selvage-build-XXXXXX");
	if (!mkdtemp(folder))
		return false;
	state = (struct platform_state){.domain = "test"};
	snprintf(state.database, sizeof state.database, "%s/db", folder);
	snprintf(state.log_folder, sizeof state.log_folder, "%s", folder);
	pthread_mutex_init(&state.change, NULL);
	state.db = db_open(state.database, &error);
	atomic_store(&activations, 0);
	return state.db && accounts_tenant(state.db, "someone", &tenant, &error) &&
			deployment_make(state.db, tenant, "site", 0, &deployment, &is_taken,
					&error) &&
			(state.journals = journals_new(state.log_folder, &error)) != NULL &&
			(state.routes = routes_new(&state, &error)) != NULL;
}

static void state_close(void)
{
	char command[128];
	build_stop(state.build);
	routes_free(state.routes);
	journals_free(state.journals);
	db_free(state.db);
	pthread_mutex_destroy(&state.change);
	snprintf(command, sizeof command, "rm -r %s", folder);
	CHECK_EQ(system(command), 0);
}

/* The version as it is once it was to be activated, or after ten seconds. */
static bool version_after(struct version *version)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	int64_t number = version->number, deployment = version->deployment;
	bool found = false;
	for (int i = 0; i < 500 && version->state != VERSION_FAILED; i++) {
		nanosleep(&pause, NULL);
		if (!version_find(state.db, deployment, number, version, &found, &error))
			return false;
	}
	return found;
}

TEST(a_version_that_cannot_be_activated_has_failed_whatever_the_reason_is_called)
{
	struct version version = {.deployment = 1, .signature = "x", .module = "y"};
	CHECK(state_open());
	ending = SV_ERROR_USAGE;
	CHECK_OK(version_add(state.db, &version, &error));
	CHECK((state.build = build_start(&state, &error)) != NULL);
	CHECK(version_after(&version));
	CHECK_EQ(version.state, VERSION_FAILED);
	CHECK_STR(version.message, "it did not come to be");
	CHECK_EQ(atomic_load(&activations), 1);
	state_close();
}

TEST(a_release_tier_that_was_overtaken_has_not_failed)
{
	static const struct timespec pause = {.tv_nsec = 20000000};
	struct version version = {.deployment = 1, .signature = "x", .module = "y"};
	bool found;
	CHECK(state_open());
	ending = SV_ERROR_OVERTAKEN;
	CHECK_OK(version_add(state.db, &version, &error));
	CHECK_OK(version_set_state(state.db, version.id, VERSION_READY, "", &error));
	CHECK_OK(version_set_artifact(state.db, version.id, "y", TIER_FAST, &error));
	CHECK_OK(deployment_set_current(state.db, 1, version.number, &error));
	CHECK((state.build = build_start(&state, &error)) != NULL);
	for (int i = 0; i < 500 && !atomic_load(&activations); i++)
		nanosleep(&pause, NULL);
	build_stop(state.build);
	state.build = NULL;
	CHECK_OK(version_find(state.db, 1, version.number, &version, &found, &error));
	CHECK_EQ(atomic_load(&activations), 1);
	CHECK_EQ(version.state, VERSION_READY);
	CHECK_STR(version.message, "");
	state_close();
}

TEST(what_was_removed_is_overtaken)
{
	const struct deployment removed = {.id = 7, .name = "gone"};
	const struct version version = {.deployment = 7};
	CHECK(state_open());
	CHECK(!__real_activate_version(&state, &removed, &version, 0, &error));
	CHECK_EQ(error.code, SV_ERROR_OVERTAKEN);
	CHECK_HAS(error.text, "removed meanwhile");
	sv_error_clear(&error);
	state_close();
}

TEST_MAIN()
