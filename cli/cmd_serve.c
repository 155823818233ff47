/*
 * cmd_serve.c: `selvage serve`: an artifact, the ABI it speaks, a server in front of it.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/compile_flags.h"
#include "cli/daemon.h"
#include "cli/grants.h"
#include "cli/module_open.h"
#include "cli/options.h"
#include "cli/profile_file.h"
#include "cli/report.h"
#include "cli/serving.h"
#include "cli/tls_flags.h"
#include "host/host.h"
#include "host/outbound.h"
#include "runtime/selvage.h"
#include "server/limits.h"
#include "server/log.h"
#include "server/log_writer.h"
#include "server/server.h"

struct serve_options {
	struct compile_flags flags;
	const char *listen;
	struct tls_flags tls;
	const char *config;
	struct option_list dirs;
	struct option_list envs;
	uint64_t workers;
	bool quiet;
	unsigned log_format;
	bool watch;
	bool pass_authorization;
	const char *profile_out;
	struct server_limits limits;
};

#define LIMIT_COUNT OPTION_NUMBER, .argument = "N"
#define LIMIT_BYTES OPTION_SIZE, .argument = "SIZE"
#define LIMIT_TIME OPTION_DURATION, .argument = "DUR"

static const struct option_row rows[] = {
		{.name = "listen",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct serve_options, listen),
				.argument = "ADDR:PORT",
				.help = "where to listen (default 127.0.0.1:8080; port 0: any free "
					"one; systemd[:NAME]: a socket that systemd passed)"},
		TLS_FLAG_ROWS(struct serve_options, tls),
		{.name = "config",
				.kind = OPTION_TEXT,
				.offset = offsetof(struct serve_options, config),
				.argument = "FILE",
				.help = "what guests find: a fastly.toml with [local_server], or "
					"settings of a Terrarium guest"},
		GRANT_ROWS(struct serve_options),
		{.name = "workers",
				.kind = OPTION_NUMBER,
				.offset = offsetof(struct serve_options, workers),
				.argument = "N",
				.minimum = 1,
				.maximum = 1024,
				.help = "threads that run guests (default: two for each CPU, at "
					"least 4)"},
		{.name = "quiet",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct serve_options, quiet),
				.help = "log only requests that failed"},
		{.name = "log-format",
				.kind = OPTION_CHOICE,
				.offset = offsetof(struct serve_options, log_format),
				.argument = "FORM",
				.choices = log_format_names,
				.help = "lines of the log as text (default), json, or combined as "
					"other web servers have them"},
		{.name = "watch",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct serve_options, watch),
				.help = "when FILE or the file of --config changes, serve the new "
					"one"},
		{.name = "pass-authorization",
				.kind = OPTION_FLAG,
				.offset = offsetof(struct serve_options, pass_authorization),
				.help = "show the Authorization field to CGI programs"},
		PROFILE_OUT_ROW(struct serve_options, profile_out),
#define SERVER_LIMIT(field, option, unit, initial, least, most, status, text) \
	{.name = option, \
			.kind = LIMIT_##unit, \
			.offset = offsetof(struct serve_options, limits.field), \
			.minimum = least, \
			.maximum = most, \
			.help = text},
#include "server/limits.def"
#undef SERVER_LIMIT
		COMPILE_FLAG_ROWS(struct serve_options, flags),
};

#undef LIMIT_COUNT
#undef LIMIT_BYTES
#undef LIMIT_TIME

static const struct option_table table = {
		.command = "serve",
		.rows = rows,
		.row_count = ARRAY_LENGTH(rows),
		.minimum_operands = 1,
		.maximum_operands = 1,
};

/* Everything a server needs, in the order in which it is made. */
struct serve {
	const struct serve_options *options;
	const char *path;
	struct grants grants;
	struct sv_engine *engine;
	struct host_outbound outbound; /* limits on it, and what there is */
	atomic_uint outbound_count;
	atomic_size_t outbound_held;
	struct serving *serving;
	struct tls_identities *tls; /* NULL: no TLS */
	struct server *server;
};

static void serve_stop(void *server)
{
	server_stop(server);
}

static bool serve_open_guest(struct serve *serve, struct sv_error *error)
{
	const struct serve_options *options = serve->options;
	TRY(grants_open(&serve->grants, &options->dirs, &options->envs, error));
	serve->engine = sv_engine_new(NULL, error);
	if (!serve->engine)
		return false;
	/* What is read for the guest may have something to say. */
	TRY(log_writer_start(error));
	serve->outbound = (struct host_outbound){
			.memory = options->limits.outbound_memory,
			.under_way = &serve->outbound_count,
			.held = &serve->outbound_held,
	};
	const struct host_guest guest = {
			.name = module_base_name(serve->path),
			.config = options->config,
			.environment = serve->grants.env,
			.environment_count = serve->grants.env_count,
			.preopens = serve->grants.preopens,
			.preopen_count = serve->grants.preopen_count,
			.max_memory = options->limits.guest_memory,
			.outbound = &serve->outbound,
			.log_limit = options->limits.log_bytes,
			.pass_authorization = options->pass_authorization,
			.log = log_guest,
			.log_data = (void *)(uintptr_t)module_base_name(serve->path),
	};
	const struct serving_config config = {
			.engine = serve->engine,
			.path = serve->path,
			.flags = &options->flags,
			.limits = &options->limits,
			.guest = guest,
			.profile_out = options->profile_out,
			.is_watched = options->watch,
	};
	serve->serving = serving_new(&config, error);
	return serve->serving != NULL;
}

static bool serve_prepare(struct serve *serve, struct sv_error *error)
{
	const struct serve_options *options = serve->options;
	TRY(server_limits_check(&options->limits, error));
	TRY(tls_flags_open(&options->tls, &serve->tls, error));
	TRY(serve_open_guest(serve, error));
	const struct server_listener listeners[] = {
			{.where = options->listen},
			{.where = tls_flags_where(&options->tls), .tls = serve->tls},
	};
	const struct server_config config = {
			.listeners = listeners,
			.listener_count = serve->tls ? 2 : 1,
			.limits = options->limits,
			.workers = daemon_workers(options->workers),
			.quiet = options->quiet,
			.handler = serving_handler(serve->serving),
	};
	serve->server = server_new(&config, error);
	return serve->server && serving_watch(serve->serving, error);
}

static void serve_finish(struct serve *serve)
{
	server_free(serve->server);
	tls_identities_free(serve->tls);
	/* What is being compiled is of no use any more: leave it to the system. */
	if (!serving_free(serve->serving))
		_exit(EXIT_FINE);
	sv_engine_free(serve->engine);
	grants_close(&serve->grants);
}

static void serve_announce(const struct serve *serve)
{
	printf("serving %s on http://%s/\n", serve->path, server_address(serve->server, 0));
	if (serve->tls)
		tls_flags_announce(serve->tls, server_address(serve->server, 1));
	fflush(stdout);
}

static int serve_file(const struct serve_options *options, const char *path)
{
	struct sv_error error = SV_ERROR_INIT;
	struct serve serve = {.options = options, .path = path};
	int code = EXIT_FINE;
	daemon_begin();
	log_set_format((enum log_format)options->log_format);
	if (serve_prepare(&serve, &error)) {
		daemon_ready(serve_stop, serve.server);
		serve_announce(&serve);
		/* Guests that still run hold on to all there is: leave it to the system. */
		if (!server_run(serve.server))
			_exit(EXIT_FINE);
	} else {
		code = report_error(&error);
	}
	serve_finish(&serve);
	return code;
}

int cmd_serve(int argc, char **argv)
{
	struct serve_options options = {
			.flags = COMPILE_FLAGS_INIT,
			.listen = "127.0.0.1:8080",
	};
	int operand, code;
	server_limits_init(&options.limits);
	if (options_parse(&table, argc, argv, &options, &operand, &code))
		code = serve_file(&options, argv[operand]);
	option_list_finish(&options.dirs);
	option_list_finish(&options.envs);
	return code;
}
