/*
 * snapshot_fixture.h: what tests of snapshots share: instances whose export `init` has run.
 */
#ifndef SELVAGE_TESTS_SNAPSHOT_FIXTURE_H
#define SELVAGE_TESTS_SNAPSHOT_FIXTURE_H

#include "runtime/snapshot.h"
#include "tests/unit/runtime_fixture.h"

static inline struct guest guest_of(struct sv_artifact *artifact, struct sv_linker *linker)
{
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, linker, NULL, &error);
	fixture_need(guest.instance != NULL, "instance");
	return guest;
}

static inline struct guest initialised(struct sv_artifact *artifact, struct sv_linker *linker)
{
	union sv_value none;
	struct guest guest = guest_of(artifact, linker);
	fixture_need(guest_call(&guest, "init", &none) == SV_RETURNED, "init");
	return guest;
}

static const struct snapshot_exports keep_all;

static inline struct buffer snapshot_of(const struct guest *guest)
{
	struct buffer bytes = {0};
	fixture_need(snapshot_make(guest->instance, &keep_all, &bytes, &error), "snapshot");
	return bytes;
}

#endif
