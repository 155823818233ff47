/*
 * deploy_wait.c: what happens after the upload.
 */
#include "cli/deploy.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/client_print.h"
#include "cli/json.h"
#include "cli/report.h"
#include "cli/units.h"

/* Questions about a build: often at first, since a small module is ready in a moment. */
#define FIRST_PAUSE UINT64_C(100000000)
#define LONGEST_PAUSE UINT64_C(1000000000)
/* So many questions in a row may fail, while a server is restarted. */
#define MAX_SILENT 10

/* What is said of a build whose server says nothing. */
static const struct {
	const char *status;
	const char *text;
} stages[] = {
		{"queued", "Waiting for build..."},
		{"building", "Building..."},
		{"checking", "Checking the new version..."},
};

/* A build as it was last seen. */
struct build_view {
	char status[24];
	char message[400];
	char tier[24];
	bool is_done;
	bool is_success;
	bool is_current;
};

void deploy_say(const char *format, ...)
{
	char line[600];
	va_list arguments;
	if (report_uses_json())
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	print_text(stderr, line);
	fputc('\n', stderr);
}

static uint64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void clock_pause(uint64_t nanoseconds)
{
	nanosleep(&(struct timespec){.tv_sec = (time_t)(nanoseconds / 1000000000),
				  .tv_nsec = (long)(nanoseconds % 1000000000)},
			NULL);
}

static bool build_ask(struct client *client, const char *build, struct build_view *view,
		struct sv_error *error)
{
	json_t *answer;
	const char *status, *message = "", *tier = "";
	int done, success, current;
	*view = (struct build_view){0};
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/builds/%s", build));
	bool understood = client_unpack(answer, error, "{s:s, s:b, s:b, s:b, s?s, s?s}", "status",
			&status, "done", &done, "success", &success, "current", &current,
			"message", &message, "tier", &tier);
	if (understood) {
		text_of_name(status, strlen(status), view->status, sizeof view->status);
		text_of_name(message, strlen(message), view->message, sizeof view->message);
		text_of_name(tier, strlen(tier), view->tier, sizeof view->tier);
		view->is_done = done;
		view->is_success = success;
		view->is_current = current;
	}
	json_decref(answer);
	return understood;
}

/* Whatever is new, in the server's words if it has any. */
static void build_say(const struct build_view *view, const struct build_view *before)
{
	if (strcmp(view->status, before->status) == 0 &&
			strcmp(view->message, before->message) == 0)
		return;
	if (view->message[0]) {
		/* Why a build failed is the error's text. */
		if (!view->is_done)
			deploy_say("%c%s...", toupper((unsigned char)view->message[0]),
					view->message + 1);
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(stages); i++) {
		if (strcmp(stages[i].status, view->status) == 0)
			deploy_say("%s", stages[i].text);
	}
}

/* It is served, or never will be. */
static bool build_end(const struct build_view *view, struct sv_error *error)
{
	if (!view->is_success)
		return sv_fail(error, SV_ERROR_INVALID, "the build failed: %s",
				view->message[0] ? view->message : "the server does not say why");
	deploy_say("Instance is deployed");
	if (strcmp(view->tier, "fast") == 0)
		deploy_say("It is now served from the fast tier; the release tier follows");
	return true;
}

/* Will the release tier come? It does for what is served, unless it failed. */
static bool release_is_coming(const struct build_view *view, struct sv_error *error)
{
	if (!view->is_success || !view->is_current)
		return sv_fail(error, SV_ERROR_INVALID,
				"another version is served meanwhile, and so this one has no "
				"release tier");
	if (view->message[0])
		return sv_fail(error, SV_ERROR_INVALID, "the release tier failed: %s",
				view->message);
	return true;
}

static bool build_is_late(uint64_t begin, uint64_t limit, const char *build, struct sv_error *error)
{
	char text[32];
	if (clock_now() - begin <= limit)
		return false;
	duration_text(limit, text, sizeof text);
	sv_fail(error, SV_ERROR_LIMIT, "build %s is not done within %s (--wait); it goes on", build,
			text);
	return true;
}

/* What a look at the build says of it; `*reached` if there is no more to wait for. */
static bool build_look(const struct build_view *view, const struct build_view *before,
		enum deploy_goal goal, bool *reached, struct sv_error *error)
{
	bool has_release = strcmp(view->tier, "release") == 0;
	*reached = view->is_done && (goal == GOAL_LIVE || has_release);
	if (before->is_done) { /* what is waited for now is the release tier */
		TRY(has_release || release_is_coming(view, error));
		if (has_release)
			deploy_say("It is now served from the release tier");
		return true;
	}
	build_say(view, before);
	return !view->is_done || build_end(view, error);
}

bool deploy_wait(struct client *client, const char *build, enum deploy_goal goal, uint64_t limit,
		struct sv_error *error)
{
	struct build_view view, before = {0};
	uint64_t begin = clock_now(), pause = FIRST_PAUSE;
	for (unsigned silent = 0;;) {
		struct sv_error trouble = SV_ERROR_INIT;
		if (build_ask(client, build, &view, &trouble)) {
			bool reached;
			silent = 0;
			TRY(build_look(&view, &before, goal, &reached, error));
			if (reached)
				return true;
			before = view;
		} else if (client_last_end(client)->reached || ++silent > MAX_SILENT) {
			return sv_fail(error, trouble.code, "%s", trouble.text);
		}
		if (build_is_late(begin, limit, build, error))
			return false;
		clock_pause(pause);
		pause = pause * 3 / 2 < LONGEST_PAUSE ? pause * 3 / 2 : LONGEST_PAUSE;
	}
}

/* ---- is it there? ---- */

/*
 * The address that answers here. HTTPS with a certificate that this machine does not trust (an
 * authority of the server's own) is left for browsers that do, if there is plain HTTP too.
 */
static const char *deploy_reach(struct client *client, const char *url, const char *http_url)
{
	char text[300] = "";
	long status;
	const char *reached = url;
	enum probe_outcome outcome = client_probe(client, url, &status, text, sizeof text);
	if (outcome == PROBE_UNTRUSTED && http_url[0]) {
		deploy_say("Its certificate for HTTPS is of an authority that is not trusted here");
		reached = http_url;
		outcome = client_probe(client, http_url, &status, text, sizeof text);
	}
	if (outcome != PROBE_ANSWERED) {
		deploy_say("Instance is not reachable from here: %s", text);
		return url;
	}
	deploy_say("Instance is running and reachable over %s (status %ld)",
			strncmp(reached, "https", 5) == 0 ? "HTTPS" : "HTTP", status);
	return reached;
}

bool deploy_show(struct client *client, const char *name, struct sv_error *error)
{
	json_t *answer;
	const char *url, *http_url;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s", name));
	bool done = client_unpack(answer, error, "{s:s, s:s}", "url", &url, "http_url", &http_url);
	if (done && !print_json(answer)) {
		const char *reached = deploy_reach(client, url, http_url);
		deploy_say("New instance deployed at [%s]", url);
		print_text(stdout, reached);
		putchar('\n');
	}
	json_decref(answer);
	return done;
}
