/*
 * server.c: puts loop, listeners and executor together, and ends them in order.
 */
#include "server/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/connection.h"
#include "server/http2.h"
#include "server/log_writer.h"

/* A client that has its response closes; one that does not is not waited for longer. */
static const uint64_t linger_time = UINT64_C(2000000000);

/* A connection that was idle for so long gives back what it can. */
static const uint64_t rest_time = UINT64_C(1000000000);

/* At the end, a log that nobody reads is not waited for longer. */
static const uint64_t log_time = UINT64_C(1000000000);

static void server_take_answers(struct server *server)
{
	struct exchange *exchange = executor_take(server->executor);
	while (exchange) {
		struct exchange *next = exchange->next;
		stream_answered(exchange);
		exchange = next;
	}
	while ((exchange = executor_take_news(server->executor)))
		stream_news(exchange);
}

static void server_hear(struct loop_source *source, uint32_t events)
{
	struct server *server =
			(struct server *)((char *)source - offsetof(struct server, answers));
	(void)events;
	executor_heard(server->executor);
	server_take_answers(server);
}

/* Guests that are short run here and now. */
static void server_help(struct server *server)
{
	if (!executor_help(server->executor))
		return;
	server->loop.now = clock_now();
	server_take_answers(server);
}

static void server_begin_stop(struct loop_source *source, uint32_t events)
{
	struct server *server = (struct server *)((char *)source - offsetof(struct server, stop));
	(void)events;
	loop_remove(&server->loop, source);
	server->is_stopping = true;
	listen_close(server);
	struct connection *next;
	for (struct connection *c = server->connections; c; c = next) {
		next = c->next;
		connection_stop(c);
	}
}

static bool server_watch(struct server *server, struct sv_error *error)
{
	server->stop_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop_descriptor < 0)
		return sv_fail_errno(error, "eventfd");
	server->stop = (struct loop_source){
			.fd = server->stop_descriptor, .ready = server_begin_stop};
	TRY(loop_add(&server->loop, &server->stop, EPOLLIN, error));
	server->answers = (struct loop_source){
			.fd = executor_descriptor(server->executor), .ready = server_hear};
	return loop_add(&server->loop, &server->answers, EPOLLIN, error);
}

/* As many descriptors as connections and guests may need, or as the system grants. */
static void server_raise_descriptors(const struct server_limits *limits)
{
	struct rlimit limit;
	rlim_t wanted = limits->connections + 1024;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	/* If it fails, connections wait to be accepted until others are closed. */
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool server_start(struct server *server, const struct server_config *config,
		struct sv_error *error)
{
	struct server_limits *limits = &server->limits;
	TRY(server_limits_check(limits, error));
	server_raise_descriptors(limits);
	TRY(log_writer_start(error));
	TRY(loop_init(&server->loop, error));
	TRY(listen_open(server, config, error));
	loop_add_timeouts(&server->loop, &server->handshake, limits->handshake_time,
			connection_expired);
	loop_add_timeouts(&server->loop, &server->idle, limits->idle_time, connection_expired);
	uint64_t rest = rest_time < limits->idle_time / 2 ? rest_time : limits->idle_time / 2;
	loop_add_timeouts(&server->loop, &server->rest, rest, connection_expired);
	loop_add_timeouts(&server->loop, &server->rested, limits->idle_time - rest,
			connection_expired);
	loop_add_timeouts(&server->loop, &server->head, limits->head_time, connection_expired);
	loop_add_timeouts(&server->loop, &server->body, limits->body_time, connection_expired);
	loop_add_timeouts(&server->loop, &server->write, limits->write_time, connection_expired);
	loop_add_timeouts(&server->loop, &server->linger, linger_time, connection_expired);
	loop_add_timeouts(&server->loop, &server->stream_body, limits->body_time, http2_expired);
	loop_add_timeouts(&server->loop, &server->arrival, limits->body_time,
			stream_arrival_expired);
	loop_add_timeouts(&server->loop, &server->stream_write, limits->write_time, http2_expired);
	const struct executor_config executor = {.handler = config->handler,
			.workers = config->workers,
			.queue_limit = limits->queue,
			.desk_limit = limits->guests,
			.turn = limits->turn};
	server->handler = config->handler;
	server->executor = executor_new(&executor, error);
	return server->executor && server_watch(server, error);
}

struct server *server_new(const struct server_config *config, struct sv_error *error)
{
	struct server *server = calloc(1, sizeof *server);
	if (!server) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the server");
		return NULL;
	}
	server->limits = config->limits;
	server->log.is_quiet = config->quiet;
	server->loop.epoll = -1;
	server->stop_descriptor = -1;
	/* A head, two empty lines before it, and what one read takes. */
	server->input_size = (size_t)config->limits.head_bytes + CONNECTION_READ_SIZE + 64;
	if (server_start(server, config, error))
		return server;
	server_free(server);
	return NULL;
}

const char *server_address(const struct server *server, size_t index)
{
	check(index < server->listener_count);
	return server->listeners[index].address;
}

/* How long the loop may wait, in milliseconds; -1: for any time. */
static int server_patience(struct server *server)
{
	int patience = executor_nudge(server->executor, server->loop.now);
	return patience < 0 && server->is_stopping ? 20 : patience;
}

static void server_enter(struct server *server)
{
	struct sv_error error = SV_ERROR_INIT;
	if (!executor_enter(server->executor, &error) && error.code != SV_ERROR_NONE)
		log_event(&server->log, "workers alone run guests: %s", error.text);
}

bool server_run(struct server *server)
{
	uint64_t stop_by = UINT64_MAX;
	/* A reader of our output that goes away must not end us. */
	signal(SIGPIPE, SIG_IGN);
	server_enter(server);
	while (!server->is_stopping || server->connection_count) {
		loop_turn(&server->loop, server_patience(server));
		server_help(server);
		connection_send_all(server);
		connection_bury(server);
		log_flush(&server->log);
		if (server->is_stopping && stop_by == UINT64_MAX)
			stop_by = server->loop.now + server->limits.stop_time;
		if (server->loop.now >= stop_by)
			break;
	}
	executor_leave(server->executor);
	size_t left = 0;
	for (struct connection *c = server->connections; c; c = c->next)
		left += c->out_count;
	if (left)
		log_event(&server->log, "stopped with %zu requests unanswered", left);
	log_flush(&server->log);
	log_writer_drain(log_time);
	return left == 0;
}

void server_stop(struct server *server)
{
	int saved = errno;
	uint64_t one = 1;
	ssize_t written = write(server->stop_descriptor, &one, sizeof one);
	(void)written; /* fails only if it is already readable */
	errno = saved;
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (server->connections) {
		check(!server->connections->out_count);
		connection_close(server->connections);
	}
	connection_bury(server);
	executor_free(server->executor);
	listen_close(server);
	for (size_t i = 0; i < server->listener_count; i++)
		tls_context_free(server->listeners[i].tls);
	if (server->stop_descriptor >= 0)
		close(server->stop_descriptor);
	spare_finish(server);
	buffer_finish(&server->log.out);
	loop_finish(&server->loop);
	free(server);
}
