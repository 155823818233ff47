/*
 * cmd_up.c: `selvage up`: the platform on this machine, until SIGTERM or SIGINT.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/compiler_load.h"
#include "cli/daemon.h"
#include "cli/options.h"
#include "cli/report.h"
#include "cli/user_folder.h"
#include "platform/platform.h"
#include "server/log.h"

struct up_options {
	struct option_list tools, certificates, keys, trust, reach;
	struct platform_config config;
	uint64_t workers;
	unsigned log_format;
};

#define LIMIT_COUNT OPTION_NUMBER, .argument = "N"
#define LIMIT_BYTES OPTION_SIZE, .argument = "SIZE"
#define LIMIT_TIME OPTION_DURATION, .argument = "DUR"

static const struct option_row rows[] = {
		{.name = "data",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.data),
				.argument = "DIR",
				.help = "where everything is kept (default: "
					"$XDG_DATA_HOME/selvage or ~/.local/share/selvage)"},
		{.name = "listen",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.http),
				.argument = "ADDR:PORT",
				.help = "where deployments are served (default 127.0.0.1:8080)"},
		{.name = "listen-tls",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.https),
				.argument = "ADDR:PORT",
				.help = "the same by HTTPS (default 127.0.0.1:8443)"},
		{.name = "tls-cert",
				.kind = OPTION_LIST,
				.offset = offsetof(struct up_options, certificates),
				.argument = "FILE",
				.help = "certificate and its chain, PEM, for the names in it; read "
					"again when it changes (repeatable)"},
		{.name = "tls-key",
				.kind = OPTION_LIST,
				.offset = offsetof(struct up_options, keys),
				.argument = "FILE",
				.help = "its key, PEM (repeatable, in the same order)"},
		{.name = "tls-client-ca",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.client_authority),
				.argument = "FILE",
				.help = "ask clients for certificates of these authorities, PEM; "
					"guests are told what came of it"},
		{.name = "acme",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.acme),
				.argument = "DIR",
				.help = "serve the challenges that an ACME client puts there at "
					"/.well-known/acme-challenge/"},
		{.name = "control",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.control),
				.argument = "ADDR:PORT",
				.help = "where the REST API is (default 127.0.0.1:7777)"},
		{.name = "domain",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.domain),
				.argument = "NAME",
				.help = "deployments are NAME.DOMAIN (default localhost)"},
		{.name = "workers",
				.kind = OPTION_NUMBER,
				.offset = offsetof(struct up_options, workers),
				.argument = "N",
				.minimum = 1,
				.maximum = 1024,
				.help = "threads that run guests (default: two for each CPU, at "
					"least 4)"},
		{.name = "tools",
				.kind = OPTION_LIST,
				.offset = offsetof(struct up_options, tools),
				.argument = "DIR",
				.help = "a folder with compilers for projects in DIR/bin, besides "
					"/usr/local and /usr (repeatable)"},
		{.name = "trust",
				.kind = OPTION_LIST,
				.offset = offsetof(struct up_options, trust),
				.argument = "FILE",
				.help = "take compiled artifacts that are signed with a key in "
					"this file, PEM; read at each use (repeatable)"},
		{.name = "name-servers",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct up_options, config.name_servers),
				.argument = "LIST",
				.help = "who is asked for proofs of tenants' host names, "
					"ADDR:PORT,... (default: as the machine)"},
		{.name = "reach",
				.kind = OPTION_LIST,
				.offset = offsetof(struct up_options, reach),
				.argument = "HOST:PORT",
				.help = "let backends of guests be there, though the address is "
					"private (repeatable)"},
		{.name = "terrarium",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct up_options, config.terrarium),
				.help = "take what terrctl sends, from anyone: invented names, 15 "
					"minutes to live"},
		{.name = "quiet",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct up_options, config.quiet),
				.help = "log only requests that failed"},
		{.name = "log-format",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct up_options, log_format),
				.argument = "FORM",
				.choices = log_format_names,
				.help = "lines of the log as text (default), json, or combined as "
					"other web servers have them"},
#define SERVER_LIMIT(field, option, unit, initial, least, most, status, text) \
	{.name = option, \
			.kind = LIMIT_##unit, \
			.offset = offsetof(struct up_options, config.limits.field), \
			.minimum = least, \
			.maximum = most, \
			.help = text},
#include "server/limits.def"
#undef SERVER_LIMIT
#define QUOTA(field, option, unit, initial, least, most, status, sql, text) \
	{.name = option, \
			.kind = LIMIT_##unit, \
			.offset = offsetof(struct up_options, config.quotas.field), \
			.minimum = least, \
			.maximum = most, \
			.help = text},
#include "platform/quotas.def"
#undef QUOTA
};

static const struct quotas usual_quotas = {
#define QUOTA(field, option, unit, initial, least, most, status, sql, text) .field = initial,
#include "platform/quotas.def"
#undef QUOTA
};

static const struct option_table table = {
		.command = "up",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.maximum_operands = 0,
};

static void up_stop(void *platform)
{
	platform_stop(platform);
}

/* ---- where things are ---- */

/* What the client needs: where we are, the token, who vouches for our certificates. */
static char *up_client_text(const struct platform *platform, const char *token)
{
	char url[128], *authority = realpath(platform_authority(platform), NULL);
	snprintf(url, sizeof url, "http://%s", platform_control(platform));
	json_t *client = json_pack("{s:s, s:s, s:s*}", "url", url, "token", token, "authority",
			authority);
	char *text = client ? json_dumps(client, JSON_INDENT(1)) : NULL;
	json_decref(client);
	free(authority);
	return text;
}

static bool up_client_folder(char *folder, size_t size, struct sv_error *error)
{
	TRY(user_folder_config(folder, size, error));
	for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(folder, 0755); /* the last one says what is wrong */
		*at = '/';
	}
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return sv_fail_errno(error, "cannot make the folder %s", folder);
	return true;
}

/* The token is in the file: the start before this one was cut short after it wrote that. */
static bool up_client_has(const char *path, const char *token)
{
	struct buffer text = {.limit = 131072};
	bool has = file_read(path, &text, NULL) &&
			memmem(text.data, text.length, token, strlen(token)) != NULL;
	buffer_wipe(&text);
	return has;
}

/* The client's file, so that `selvage deploy` works at once; one that is there is kept. */
static bool up_write_client(const struct platform *platform, const char *token, char *path,
		size_t size, struct sv_error *error)
{
	char folder[512];
	TRY(up_client_folder(folder, sizeof folder, error));
	snprintf(path, size, "%s/client.json", folder);
	if (up_client_has(path, token))
		return true;
	if (access(path, F_OK) == 0)
		return sv_fail(error, SV_ERROR_USAGE, "%s is there already, and is kept", path);
	char *text = up_client_text(platform, token);
	if (!text)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %s", path);
	bool done = file_write(path, (struct sv_bytes){(const uint8_t *)text, strlen(text)}, 0600,
			error);
	explicit_bzero(text, strlen(text));
	free(text);
	return done;
}

/* ---- what is said at the start ---- */

static bool up_greet_key(void *unused, const char *signer)
{
	(void)unused;
	printf("artifacts    of the key %s are taken\n", signer);
	return true;
}

static bool up_greet(struct platform *platform, const struct platform_config *config,
		struct sv_error *error)
{
	char token[TOKEN_SIZE], path[600];
	struct sv_error problem = SV_ERROR_INIT;
	const char *http = platform_http(platform), *https = platform_https(platform);
	const char *control = platform_control(platform);
	TRY(platform_first_token(platform, token, error));
	printf("deployments  https://NAME.%s:%s/\n", config->domain, strrchr(https, ':') + 1);
	printf("and without  http://NAME.%s:%s/\n", config->domain, strrchr(http, ':') + 1);
	printf("to trust     %s%s\n", platform_authority(platform),
			token[0] ? " (how: selvage help up)" : "");
	printf("control      http://%s/\n", control);
	for (size_t i = 0; i < config->trust.count; i++)
		TRY(signature_keys(config->trust.files[i], up_greet_key, NULL, error));
	printf("data         %s\n", config->data);
	if (token[0] && up_write_client(platform, token, path, sizeof path, &problem))
		printf("token        in %s\n\nnext:        selvage deploy module.wasm\n", path);
	else if (token[0])
		printf("token        %s (shown only now; %s)\n\n"
		       "next:        SELVAGE_URL=http://%s SELVAGE_TOKEN=%s selvage deploy "
		       "module.wasm\n",
				token, problem.text, control, token);
	explicit_bzero(token, sizeof token);
	fflush(stdout);
	return true;
}

static int up_run(const struct platform_config *config)
{
	struct sv_error error = SV_ERROR_INIT;
	daemon_begin();
	/* What is kept is for this user only. */
	umask(077);
	struct platform *platform = platform_new(config, &error);
	if (!platform)
		return report_error(&error);
	daemon_ready(up_stop, platform);
	if (!up_greet(platform, config, &error)) {
		platform_free(platform);
		return report_error(&error);
	}
	/* Guests that still run hold on to all there is: leave it to the system. */
	if (!platform_run(platform))
		_exit(EXIT_FINE);
	platform_free(platform);
	return EXIT_FINE;
}

/* Whole paths, with ':' in between: where builders look is no matter of where this was started. */
static bool up_tools(const struct option_list *list, char *tools, size_t size,
		struct sv_error *error)
{
	size_t length = 0;
	tools[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		char path[PATH_MAX];
		if (!realpath(list->items[i], path))
			return sv_fail_errno(error, "--tools %s", list->items[i]);
		length += (size_t)snprintf(tools + length, size - length, "%s%s", i ? ":" : "",
				path);
		if (length >= size || strchr(path, ':'))
			return sv_fail(error, SV_ERROR_USAGE, "--tools %s: too long, or with a ':'",
					path);
	}
	return true;
}

int cmd_up(int argc, char **argv)
{
	struct up_options options = {
			.config = {.http = "127.0.0.1:8080",
					.https = "127.0.0.1:8443",
					.control = "127.0.0.1:7777",
					.domain = "localhost",
					.quotas = usual_quotas},
	};
	char data[512], tools[2048], stamp[COMPILER_STAMP_SIZE];
	int operand, code;
	struct sv_error error = SV_ERROR_INIT;
	server_limits_init(&options.config.limits);
	if (!options_parse(&table, argc, argv, &options, &operand, &code))
		return code;
	if (options.certificates.count != options.keys.count)
		return report_usage("up: --tls-cert and --tls-key go together");
	log_set_format((enum log_format)options.log_format);
	options.config.certificates = options.certificates.items;
	options.config.keys = options.keys.items;
	options.config.certificate_count = options.keys.count;
	if (!options.config.data) {
		if (!user_folder_data(data, sizeof data, &error))
			return report_error(&error);
		options.config.data = data;
	}
	bool has_tools = up_tools(&options.tools, tools, sizeof tools, &error);
	option_list_finish(&options.tools);
	if (!has_tools)
		return report_error(&error);
	options.config.trust = (struct trust){options.trust.items, options.trust.count};
	options.config.reachable = options.reach.items;
	options.config.reachable_count = options.reach.count;
	options.config.tools = tools;
	compiler_stamp(stamp);
	options.config.compiler = stamp;
	options.config.workers = daemon_workers(options.workers);
	code = up_run(&options.config);
	option_list_finish(&options.certificates);
	option_list_finish(&options.keys);
	option_list_finish(&options.trust);
	option_list_finish(&options.reach);
	return code;
}
