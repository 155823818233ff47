/*
 * cmd_deploy.c: `selvage deploy`: a module or a project becomes a version of a deployment, and an
 * address.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/deploy.h"
#include "cli/progress.h"
#include "cli/report.h"

/* In the order of enum deploy_goal. */
static const char *const goal_names[] = {"live", "release", NULL};

static const struct option_row rows[] = {
		{.name = "name",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct deploy_options, name),
				.argument = "NAME",
				.help = "a new version of this deployment, or its first (default: "
					"a new one, named by the server)"},
		{.name = "ttl",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct deploy_options, ttl),
				.argument = "DUR",
				.help = "time until the deployment is removed, such as 15m "
					"(default: it stays)"},
		{.name = "env",
				.kind = OPTION_LIST,
				.offset = offsetof(struct deploy_options, envs),
				.argument = "KEY=VALUE",
				.help = "a variable of the guest's environment (repeatable)"},
		{.name = "secret",
				.kind = OPTION_LIST,
				.offset = offsetof(struct deploy_options, secrets),
				.argument = "KEY[=@FILE]",
				.help = "a secret, from a file or standard input (repeatable)"},
		{.name = "limit",
				.kind = OPTION_LIST,
				.offset = offsetof(struct deploy_options, limits),
				.argument = "LIMIT=VALUE",
				.help = "a limit of the deployment, as in `selvage limits` "
					"(repeatable)"},
		{.name = "check",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct deploy_options, check),
				.argument = "PATH",
				.help = "the new version takes over only if it answers this path "
					"well"},
		{.name = "language",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct deploy_options, language),
				.argument = "LANG",
				.help = "of a folder: c, rust, assemblyscript, wasm, wat (default: "
					"by its first file)"},
		{.name = "wait",
				.kind = OPTION_DURATION,
				.offset = offsetof(struct deploy_options, wait),
				.argument = "DUR",
				.help = "time to wait for the build (default 10m)"},
		{.name = "wait-for",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct deploy_options, wait_for),
				.argument = "live|release",
				.choices = goal_names,
				.help = "until it is served (default), or served from the release "
					"tier"},
		CLIENT_ROWS(struct deploy_options, client),
};

/* Where the upload went: a build to follow, and the name the server chose. */
static bool deploy_upload(struct client *client, const struct deploy_options *options,
		struct sv_bytes body, json_t **answer, struct sv_error *error)
{
	char path[120];
	snprintf(path, sizeof path, "/v1/deployments/%s/versions", options->name);
	const struct client_request request = {
			.method = "POST",
			.path = path,
			.body = body,
			.with_progress = progress_is_wanted() && !report_uses_json(),
	};
	deploy_say("Upload in progress...");
	TRY(client_call(client, &request, answer, error));
	deploy_say("Upload done, compilation in progress...");
	return true;
}

static bool deploy_follow(struct client *client, const struct deploy_options *options,
		json_t *uploaded, struct sv_error *error)
{
	const char *build, *name;
	TRY(client_unpack(uploaded, error, "{s:s, s:s}", "build", &build, "name", &name));
	/* They become part of addresses. */
	TRY(client_check_id("build", build, error));
	TRY(client_check_name(name, error));
	TRY(deploy_wait(client, build, (enum deploy_goal)options->wait_for,
			options->wait, error));
	return deploy_show(client, name, error);
}

static bool deploy_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	const struct deploy_options *options = values;
	struct buffer body = {0};
	json_t *uploaded = NULL;
	(void)count;
	bool done = deploy_encode(options, operands[0], &body, error) &&
			deploy_upload(client, options, buffer_view(&body), &uploaded, error);
	if (body.data)
		explicit_bzero(body.data, body.capacity);
	buffer_finish(&body);
	if (done)
		done = deploy_follow(client, options, uploaded, error);
	json_decref(uploaded);
	return done;
}

static const struct client_table table = {
		.options = {.command = "deploy",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.minimum_operands = 1,
				.maximum_operands = 1},
		.work = deploy_work,
};

int cmd_deploy(int argc, char **argv)
{
	struct deploy_options options = {
			.client = CLIENT_OPTIONS_INIT,
			.name = "-",
			.language = "auto",
			.wait = UINT64_C(600000000000),
	};
	int code = client_command(&table, argc, argv, &options);
	option_list_finish(&options.envs);
	option_list_finish(&options.limits);
	option_list_finish(&options.secrets);
	return code;
}
