/*
 * server_executor.c: worker threads, the queue and the way back, with a handler that is no
 * guest; and a whole server around that handler.
 */
#include "server/executor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/server.h"
#include "tests/lib/test.h"

/* A handler that counts, and that waits at a gate if it has one. */
struct fake {
	struct handler handler;
	atomic_int entered, left, handled, recycled;
	int fail_at;   /* the thread_enter that fails; 0: none */
	sem_t *gate;   /* borrowed; NULL: none */
};

static void *fake_enter(void *data, struct sv_error *error)
{
	struct fake *fake = data;
	if (atomic_fetch_add(&fake->entered, 1) + 1 == fake->fail_at) {
		sv_fail(error, SV_ERROR_SYSTEM, "this thread does not want to");
		return NULL;
	}
	return fake;
}

static void fake_leave(void *data, void *state)
{
	struct fake *fake = data;
	(void)state;
	atomic_fetch_add(&fake->left, 1);
}

static void fake_handle(void *data, void *state, struct exchange *exchange)
{
	struct fake *fake = data;
	(void)state;
	if (fake->gate)
		sem_wait(fake->gate);
	atomic_fetch_add(&fake->handled, 1);
	if (!buffer_append(&exchange->response.body, "fake", 4, NULL))
		abort();
}

static void fake_recycle(void *data, void *state)
{
	struct fake *fake = data;
	(void)state;
	atomic_fetch_add(&fake->recycled, 1);
}

static void fake_init(struct fake *fake)
{
	*fake = (struct fake){.handler = {fake, fake_enter, fake_leave, fake_handle, fake_recycle}};
}

/* Take answers until `count` have come; they are freed. */
static int drain(struct executor *executor, int count)
{
	int taken = 0;
	while (taken < count) {
		struct pollfd wait = {.fd = executor_descriptor(executor), .events = POLLIN};
		if (poll(&wait, 1, 10000) != 1)
			return taken;
		struct exchange *next;
		for (struct exchange *x = executor_take(executor); x; x = next) {
			next = x->next;
			exchange_free(x);
			taken++;
		}
	}
	return taken;
}

TEST(every_exchange_comes_back_once)
{
	struct fake fake;
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	server_limits_init(&limits);
	struct executor *executor = executor_new(&fake.handler, 4, 5000, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	for (int i = 0; i < 5000; i++)
		CHECK(executor_submit(executor, exchange_new(&limits)));
	CHECK_EQ(drain(executor, 5000), 5000);
	executor_free(executor);
	CHECK_EQ(fake.handled, 5000);
	CHECK_EQ(fake.recycled, 5000);
	CHECK_EQ(fake.left, 4);
}

TEST(full_queue_refuses_and_goes_on)
{
	struct fake fake;
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	sem_t gate;
	sem_init(&gate, 0, 0);
	fake_init(&fake);
	fake.gate = &gate;
	server_limits_init(&limits);
	struct executor *executor = executor_new(&fake.handler, 1, 3, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	int accepted = 0;
	struct exchange *refused = NULL;
	while (!refused && accepted < 10) {
		struct exchange *exchange = exchange_new(&limits);
		if (executor_submit(executor, exchange))
			accepted++;
		else
			refused = exchange;
	}
	exchange_free(refused);
	/* Three wait; one more may already be with the worker. */
	CHECK_MSG(accepted == 3 || accepted == 4, "%d were accepted", accepted);
	for (int i = 0; i < accepted; i++)
		sem_post(&gate);
	CHECK_EQ(drain(executor, accepted), accepted);
	executor_free(executor);
	sem_destroy(&gate);
}

TEST(thread_that_cannot_enter_fails_the_start)
{
	for (int at = 1; at <= 3; at++) {
		struct fake fake;
		struct sv_error error = SV_ERROR_INIT;
		fake_init(&fake);
		fake.fail_at = at;
		CHECK_ERROR(executor_new(&fake.handler, 3, 10, &error) != NULL, SV_ERROR_SYSTEM,
				"does not want to");
		CHECK_EQ(fake.entered, 3);
		CHECK_EQ(fake.left, 2);
	}
}

static void *run_server(void *server)
{
	return server_run(server) ? server : NULL;
}

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

TEST(server_answers_with_any_handler_and_stops)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";
	struct fake fake;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	struct server_config config = {.listen = "127.0.0.1:0",
			.workers = 2,
			.quiet = true,
			.handler = &fake.handler};
	server_limits_init(&config.limits);
	struct server *server = server_new(&config, &error);
	CHECK_MSG(server != NULL, "%s", error.text);
	pthread_t thread;
	CHECK_EQ(pthread_create(&thread, NULL, run_server, server), 0);
	for (int i = 0; i < 100; i++) {
		char text[500] = "";
		size_t length = 0;
		ssize_t count = 0;
		int fd = connect_to(server_address(server));
		CHECK_EQ(write(fd, request, sizeof request - 1), sizeof request - 1);
		while ((count = read(fd, text + length, sizeof text - 1 - length)) > 0)
			length += (size_t)count;
		close(fd);
		CHECK_HAS(text, "HTTP/1.1 200 OK\r\n");
		CHECK_HAS(text, "\r\n\r\nfake");
	}
	void *result;
	server_stop(server);
	pthread_join(thread, &result);
	CHECK(result == server);
	server_free(server);
	CHECK_EQ(fake.handled, 100);
	CHECK_EQ(fake.left, 2);
}

TEST(server_that_cannot_listen_says_where)
{
	struct fake fake;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	struct server_config config = {.workers = 1, .handler = &fake.handler};
	server_limits_init(&config.limits);
	config.listen = "nonsense";
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_USAGE, "nonsense");
	config.listen = "192.0.2.1:0";
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_SYSTEM, "192.0.2.1:0");
	config.listen = "127.0.0.1:0";
	config.limits.queue = 0;
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_USAGE, "--queue-limit");
}

TEST_MAIN()
