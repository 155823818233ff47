/*
 * cmd_open.c: `selvage open NAME`.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/client_command.h"
#include "cli/client_print.h"
#include "cli/commands.h"

extern char **environ;

struct open_options {
	struct client_options client;
};

static const struct option_row rows[] = {
		CLIENT_ROWS(struct open_options, client),
};

/* Only what a browser is for: not a file, not an option of the opener. */
static bool url_is_of_web(const char *url)
{
	return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0;
}

/* Let the desktop open it, if there is one. */
static bool open_in_browser(const char *url)
{
	char *const arguments[] = {"xdg-open", (char *)url, NULL};
	pid_t child;
	int status;
	if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return false;
	unsetenv("SELVAGE_TOKEN"); /* is not the browser's */
	if (posix_spawnp(&child, arguments[0], NULL, NULL, arguments, environ) != 0)
		return false;
	return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool open_work(struct client *client, void *values, int count, char **operands,
		struct sv_error *error)
{
	json_t *answer;
	const char *url;
	(void)values;
	(void)count;
	TRY(client_send(client, "GET", NULL, &answer, error, "/v1/deployments/%s", operands[0]));
	bool done = client_unpack(answer, error, "{s:s}", "url", &url);
	if (done && !url_is_of_web(url))
		done = sv_fail(error, SV_ERROR_REMOTE, "the server names an address that is none");
	if (done && !print_json(answer) && !open_in_browser(url)) {
		print_text(stdout, url);
		putchar('\n');
	}
	json_decref(answer);
	return done;
}

static const struct client_table table = {
		.options = {.command = "open",
				.rows = rows,
				.row_count = ARRAY_LENGTH(rows),
				.json_help = CLIENT_JSON_HELP,
				.operand = "name",
				.minimum_operands = 1,
				.maximum_operands = 1},
		.is_by_name = true,
		.work = open_work,
};

int cmd_open(int argc, char **argv)
{
	struct open_options options = {.client = CLIENT_OPTIONS_INIT};
	return client_command(&table, argc, argv, &options);
}
