/*
 * host_tables.h: the worlds with what is known of their functions: good calls, and what one that
 * fails may write.
 */
#ifndef SELVAGE_TESTS_UNIT_HOST_TABLES_H
#define SELVAGE_TESTS_UNIT_HOST_TABLES_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/host_worlds.h"

/* ---- good calls ---- */

static const struct step wasi_steps[] = {
#define STEP(groups, function, ...) {(groups), function, {__VA_ARGS__}},
#define GOOD(groups, module, name, ...)
#define NEVER(module, name, reason)
#include "tests/unit/host_good_wasi.def"
#undef STEP
#undef GOOD
#undef NEVER
};

static const struct good wasi_goods[] = {
#define STEP(groups, function, ...)
#define GOOD(groups, module, name, ...) {#module, #name, NULL, (groups), {__VA_ARGS__}},
#define NEVER(module, name, reason) {#module, #name, reason, 0, {0}},
#include "tests/unit/host_good_wasi.def"
#undef STEP
#undef GOOD
#undef NEVER
};

static const struct step terrarium_steps[] = {
#define STEP(groups, function, ...) {(groups), function, {__VA_ARGS__}},
#define GOOD(groups, module, name, ...)
#define NEVER(module, name, reason)
#include "tests/unit/host_good_terrarium.def"
#undef STEP
#undef GOOD
#undef NEVER
};

static const struct good terrarium_goods[] = {
#define STEP(groups, function, ...)
#define GOOD(groups, module, name, ...) {#module, #name, NULL, (groups), {__VA_ARGS__}},
#define NEVER(module, name, reason) {#module, #name, reason, 0, {0}},
#include "tests/unit/host_good_terrarium.def"
#undef STEP
#undef GOOD
#undef NEVER
};

static const struct step fastly_steps[] = {
#define STEP(groups, function, ...) {(groups), function, {__VA_ARGS__}},
#define GOOD(groups, module, name, ...)
#define NEVER(module, name, reason)
#include "tests/unit/host_good_fastly.def"
#undef STEP
#undef GOOD
#undef NEVER
};

static const struct good fastly_goods[] = {
#define STEP(groups, function, ...)
#define GOOD(groups, module, name, ...) {"fastly_" #module, #name, NULL, (groups), {__VA_ARGS__}},
#define NEVER(module, name, reason) {"fastly_" #module, #name, reason, 0, {0}},
#include "tests/unit/host_good_fastly.def"
#undef STEP
#undef GOOD
#undef NEVER
};

/* Settings in which a Fastly guest's good calls find something; %u: see struct world. */
static const char fastly_toml[] =
		"[local_server.backends.origin]\nurl = \"http://127.0.0.1:%u/\"\n"
		"[local_server.kv_stores]\nstore = []\n"
		"[local_server.config_stores.store]\nformat = \"inline-toml\"\n"
		"contents = { key = \"value\" }\n"
		"[local_server.secret_stores]\nstore = [{ key = \"key\", data = \"secret\" }]\n"
		"[local_server.acls.store]\nfile = \"acl.json\"\n"
		"[local_server.shielding_sites.site]\nunencrypted = \"http://192.0.2.2\"\n"
		"encrypted = \"https://192.0.2.2\"\n"
		"[local_server.device_detection]\nformat = \"inline-toml\"\n"
		"[local_server.device_detection.user_agents.\"Mozilla/5.0 (X11; Linux x86_64) "
		"Chrome/126.1.2 Safari/537.36\"]\nuser_agent = {}\n";

/* ---- what calls may write ---- */

static size_t wasi_allowed(const struct row *row, int64_t result)
{
	(void)row;
	return result == 0 ? SIZE_MAX : 0;
}

/* Its calls have no errors in common: they trap. */
static size_t terrarium_allowed(const struct row *row, int64_t result)
{
	bool has_handle = strstr(row->name, "req_create") || strstr(row->name, "_send") ||
			strstr(row->name, "pending_");
	bool is_early = (int32_t)result == -2; /* ask again */
	return has_handle && (int32_t)result < 0 && !is_early ? 0 : SIZE_MAX;
}

/*
 * BUFLEN tells how many bytes would do, and where a list goes on; NONE, that there are none.
 * Functions with a place for the detail of an error fill it in.
 */
static size_t fastly_allowed(const struct row *row, int64_t result)
{
	static const char *const detailed[] = {"send_v2", "send_v3", "pending_req_wait_v2",
			"pending_req_poll_v2", "pending_req_select_v2"};
	for (size_t i = 0; result && i < ARRAY_LENGTH(detailed); i++) {
		if (strcmp(row->name, detailed[i]) == 0)
			return 12;
	}
	/* Its options tell the lengths of both lists. */
	if (result == 4 && strcmp(row->name, "get_suggested_cache_options") == 0)
		return 76;
	switch (result) {
	case 0:
		return SIZE_MAX;
	case 4: /* BUFLEN */
		return 12;
	case 10: /* NONE */
		return 4;
	default:
		return 0;
	}
}

/* ---- the worlds ---- */

/* The folder as the tables say it is. */
static inline void wasi_refresh(int folder)
{
	static const char content[] = "sixteen bytes ..";
	/* Guests ask for files of 4 GiB, which /tmp may have in memory. */
	static const struct rlimit most = {64 << 20, RLIM_INFINITY};
	(void)signal(SIGXFSZ, SIG_IGN);
	check(setrlimit(RLIMIT_FSIZE, &most) == 0);
	(void)!unlinkat(folder, "new", 0);
	(void)!unlinkat(folder, "new", AT_REMOVEDIR);
	(void)!unlinkat(folder, "file", 0);
	(void)!mkdirat(folder, "folder", 0700);
	(void)!symlinkat("file", folder, "link");
	int fd = openat(folder, "file", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	check(fd >= 0 && write(fd, content, sizeof content - 1) == sizeof content - 1);
	close(fd);
}

#define WORLD(world) \
	.rows = world##_rows, .count = ARRAY_LENGTH(world##_rows), .steps = world##_steps, \
	.step_count = ARRAY_LENGTH(world##_steps), .goods = world##_goods, \
	.good_count = ARRAY_LENGTH(world##_goods), .allowed = world##_allowed

static const struct world wasi_world = {
		.name = "WASI", .entry = "_start", WORLD(wasi), .refresh = wasi_refresh};

static const struct world terrarium_world = {.name = "Terrarium",
		.entry = "run",
		WORLD(terrarium),
		.settings = "[requests]\nallow = [\"127.0.0.1:%u\"]\n"
			    "[dns]\nservers = [\"127.0.0.1:%u\"]\n"};

static const struct world fastly_world = {
		.name = "Fastly", .entry = "_start", WORLD(fastly), .settings = fastly_toml};

#endif
