/*
 * server_streams.c: a server whose handler streams, without guests, so that it can run under
 * ThreadSanitizer; clients read, read slowly, and leave.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/stream.h"
#include "server/executor.h"
#include "server/loop.h"
#include "server/server.h"
#include "tests/lib/test.h"

/* What a request's path asks for: /N streams so many bytes; a letter behind it how that ends. */
struct fake_desk {
	struct exchange *exchange;
	size_t left;
	char ending;
	bool has_rested;
};

static atomic_int left_early;

static bool fake_enter(void *data, struct sv_error *error)
{
	(void)data;
	(void)error;
	return true;
}

static void fake_leave(void *data)
{
	(void)data;
}

static void *fake_desk_new(void *data, struct sv_error *error)
{
	(void)data;
	(void)error;
	return calloc(1, sizeof(struct fake_desk));
}

static void fake_desk_free(void *data, void *desk)
{
	(void)data;
	free(desk);
}

/* 'b': given up; 'f': failed; 'r': ended, but the handler goes on for a while. */
static enum handled fake_end(struct fake_desk *desk, uint64_t *wake)
{
	struct host_stream *stream = &desk->exchange->stream;
	if (desk->ending == 'b') {
		host_outcome_set(&desk->exchange->outcome, HOST_INVALID, "given up");
		host_stream_break(stream);
	} else if (desk->ending == 'f') {
		host_outcome_set(&desk->exchange->outcome, HOST_TRAPPED, "failed");
	} else {
		(void)host_stream_end(stream);
	}
	if (desk->ending != 'r' || desk->has_rested)
		return HANDLED_ANSWERED;
	desk->has_rested = true;
	*wake = clock_now() + 1000000;
	return HANDLED_ASLEEP;
}

static enum handled fake_go_on(void *data, void *own, uint64_t *wake)
{
	struct fake_desk *desk = own;
	struct host_stream *stream = &desk->exchange->stream;
	uint8_t bytes[3000] = {0};
	(void)data;
	if (desk->has_rested)
		return HANDLED_ANSWERED;
	if (host_stream_left(stream)) {
		atomic_fetch_add(&left_early, 1);
		host_outcome_set(&desk->exchange->outcome, HOST_LEFT, "left");
		return HANDLED_ANSWERED;
	}
	while (desk->left) {
		size_t count;
		struct sv_bytes view = {
				bytes, desk->left < sizeof bytes ? desk->left : sizeof bytes};
		memset(bytes, 'x', sizeof bytes);
		enum host_stream_progress progress = host_stream_write(stream, view, &count);
		if (progress == HOST_STREAM_LATER) {
			*wake = UINT64_MAX;
			return HANDLED_ASLEEP;
		}
		if (progress == HOST_STREAM_LOST) {
			atomic_fetch_add(&left_early, 1);
			host_outcome_set(&desk->exchange->outcome, HOST_LEFT, "lost");
			return HANDLED_ANSWERED;
		}
		desk->left -= count;
	}
	return fake_end(desk, wake);
}

static enum handled fake_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct fake_desk *desk = own;
	char *end;
	char path[32] = "";
	memcpy(path, exchange->request.path.data, exchange->request.path.length % sizeof path);
	*desk = (struct fake_desk){.exchange = exchange, .left = strtoul(path + 1, &end, 10)};
	desk->ending = *end;
	if (!buffer_append(&exchange->response.body, "head", 4, NULL))
		abort();
	host_stream_begin(&exchange->stream, -1);
	host_stream_flush(&exchange->stream);
	return fake_go_on(data, own, wake);
}

static void fake_recycle(void *data, void *desk)
{
	(void)data;
	(void)desk;
}

/* ---- clients ---- */

static int connect_to(const char *address)
{
	struct sockaddr_in to = {.sin_family = AF_INET};
	to.sin_port = htons((uint16_t)atoi(strrchr(address, ':') + 1));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	abort();
}

/* How many 'x' come until the connection ends; `most`: leave then. `*is_whole`: with an end. */
static size_t ask(const char *address, const char *path, size_t most, bool *is_whole)
{
	char text[8192], last[6] = "";
	size_t total = 0;
	ssize_t count;
	int fd = connect_to(address);
	int length = snprintf(text, sizeof text,
			"GET /%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", path);
	check(write(fd, text, (size_t)length) == length);
	while (total < most && (count = read(fd, text, sizeof text)) > 0) {
		for (ssize_t i = 0; i < count; i++) {
			total += text[i] == 'x';
			memmove(last, last + 1, 4);
			last[4] = text[i];
		}
	}
	close(fd);
	*is_whole = memcmp(last, "0\r\n\r\n", 5) == 0 || (*path == '0' && path[1] != 'b');
	return total;
}

struct job {
	const char *address;
	unsigned number;
};

static void *client_run(void *data)
{
	const struct job *job = data;
	bool is_whole;
	for (unsigned turn = 0; turn < 12; turn++) {
		unsigned kind = (job->number + turn) % 6;
		/* The last ones leave when a part has come. */
		if (kind == 0)
			check(ask(job->address, "40000", SIZE_MAX, &is_whole) == 40000);
		else if (kind == 1)
			check(ask(job->address, "700000r", SIZE_MAX, &is_whole) == 700000);
		else if (kind == 2)
			check(ask(job->address, "900000b", SIZE_MAX, &is_whole) <= 900000);
		else if (kind == 3)
			check(ask(job->address, "900000f", SIZE_MAX, &is_whole) <= 900000);
		else
			ask(job->address, "90000000", 1000 * turn, &is_whole);
		check(is_whole == (kind < 2));
	}
	return NULL;
}

static void *run_server(void *server)
{
	return server_run(server) ? server : NULL;
}

static bool fake_is_quick(void *data, const struct host_request *request)
{
	(void)data;
	(void)request;
	return true;
}

TEST(streams_end_as_they_should_whatever_clients_do)
{
	enum { CLIENTS = 8 };
	const struct handler handler = {NULL, fake_enter, fake_leave, fake_desk_new, fake_desk_free,
			fake_begin, fake_go_on, fake_recycle, NULL, NULL, fake_is_quick};
	const struct server_listener listeners[] = {{"127.0.0.1:0", NULL}};
	struct sv_error error = SV_ERROR_INIT;
	struct server_config config = {.listeners = listeners,
			.listener_count = 1,
			.workers = 3,
			.quiet = true,
			.handler = &handler};
	server_limits_init(&config.limits);
	config.limits.stream_bytes = 16384;
	struct server *server = server_new(&config, &error);
	CHECK_MSG(server != NULL, "%s", error.text);
	pthread_t thread, clients[CLIENTS];
	struct job jobs[CLIENTS];
	CHECK_EQ(pthread_create(&thread, NULL, run_server, server), 0);
	for (unsigned i = 0; i < CLIENTS; i++) {
		jobs[i] = (struct job){server_address(server, 0), i};
		CHECK_EQ(pthread_create(&clients[i], NULL, client_run, &jobs[i]), 0);
	}
	for (unsigned i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	void *result;
	server_stop(server);
	pthread_join(thread, &result);
	CHECK(result == server);
	server_free(server);
	CHECK_EQ(left_early, CLIENTS * 4);
}

TEST_MAIN()
