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

#include "server/loop.h"
#include "server/server.h"
#include "tests/lib/test.h"

/* A handler that counts, and that waits at a gate if it has one. */
struct fake {
	struct handler handler;
	atomic_int entered, left, handled, recycled;
	int fail_at;   /* the thread_enter that fails; 0: none */
	sem_t *gate;   /* borrowed; NULL: none */
	int turns;     /* that a request takes besides the first */
	uint64_t sleep; /* nanoseconds between two of them */
	bool holds;     /* the first turn of a request ends in sleep until its waker is used */
	struct host_waker *held[4];
	int held_count;
	sem_t *asleep;  /* borrowed; not NULL: each turn but the last ends in sleep without end */
	struct host_waker *waker; /* of the desk that has posted `asleep` */
	atomic_int at_once, most_at_once; /* requests that have begun and not ended */
};

/* The first byte of the response counts the turns. */
struct fake_desk {
	struct exchange *exchange;
	int turns;
	uint64_t wake;
};

static bool fake_enter(void *data, struct sv_error *error)
{
	struct fake *fake = data;
	if (atomic_fetch_add(&fake->entered, 1) + 1 == fake->fail_at)
		return sv_fail(error, SV_ERROR_SYSTEM, "this thread does not want to");
	return true;
}

static void fake_leave(void *data)
{
	struct fake *fake = data;
	atomic_fetch_add(&fake->left, 1);
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

static enum handled fake_go_on(void *data, void *own, uint64_t *wake)
{
	struct fake *fake = data;
	struct fake_desk *desk = own;
	if (desk->wake && clock_now() < desk->wake)
		abort();
	if (!desk->turns && fake->holds) {
		desk->turns++;
		fake->held[fake->held_count++] = desk->exchange->waker;
		*wake = UINT64_MAX;
		return HANDLED_ASLEEP;
	}
	if (desk->turns++ < fake->turns && fake->asleep) {
		struct host_waker *waker = desk->exchange->waker;
		*wake = UINT64_MAX;
		if (desk->turns == 1) {
			waker->wake(waker);
		} else {
			fake->waker = waker;
			sem_post(fake->asleep);
		}
		return HANDLED_ASLEEP;
	}
	if (desk->turns <= fake->turns) {
		*wake = desk->wake = fake->sleep ? clock_now() + fake->sleep : 0;
		return fake->sleep ? HANDLED_ASLEEP : HANDLED_AGAIN;
	}
	atomic_fetch_add(&fake->handled, 1);
	atomic_fetch_sub(&fake->at_once, 1);
	if (!buffer_append(&desk->exchange->response.body, "fake", 4, NULL))
		abort();
	return HANDLED_ANSWERED;
}

static enum handled fake_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct fake *fake = data;
	struct fake_desk *desk = own;
	*desk = (struct fake_desk){.exchange = exchange};
	int at_once = atomic_fetch_add(&fake->at_once, 1) + 1;
	int most = atomic_load(&fake->most_at_once);
	while (at_once > most && !atomic_compare_exchange_weak(&fake->most_at_once, &most, at_once))
		;
	if (fake->gate)
		sem_wait(fake->gate);
	return fake_go_on(data, own, wake);
}

static void fake_recycle(void *data, void *desk)
{
	struct fake *fake = data;
	(void)desk;
	atomic_fetch_add(&fake->recycled, 1);
}

static bool fake_is_quick(void *data, const struct host_request *request)
{
	(void)data;
	return !request->remote_address || strcmp(request->remote_address, "disk") != 0;
}

static void fake_init(struct fake *fake)
{
	*fake = (struct fake){
			.handler = {fake, fake_enter, fake_leave, fake_desk_new, fake_desk_free,
					fake_begin, fake_go_on, fake_recycle}};
}

static struct executor *fake_executor(const struct fake *fake, unsigned workers, size_t queue,
		size_t desks, struct sv_error *error)
{
	const struct executor_config config = {.handler = &fake->handler,
			.workers = workers,
			.queue_limit = queue,
			.desk_limit = desks,
			.turn = 1000000};
	return executor_new(&config, error);
}

/* As the loop does for each turn's requests. */
static bool submit(struct executor *executor, struct exchange *exchange)
{
	bool is_queued = executor_submit(executor, exchange);
	(void)executor_nudge(executor, 0);
	return is_queued;
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
		executor_heard(executor);
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
	struct executor *executor = fake_executor(&fake, 4, 5000, 4, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	for (int i = 0; i < 5000; i++)
		CHECK(submit(executor, exchange_new(&limits)));
	CHECK_EQ(drain(executor, 5000), 5000);
	executor_free(executor);
	CHECK_EQ(fake.handled, 5000);
	CHECK_EQ(fake.recycled, 5000);
	CHECK_EQ(fake.left, 4);
}

/* What was queued before the workers hear of it is done, and the loop hears of all answers. */
TEST(requests_and_answers_are_told_of_together)
{
	struct fake fake;
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	server_limits_init(&limits);
	struct executor *executor = fake_executor(&fake, 2, 100, 4, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	for (int round = 1; round <= 50; round++) {
		for (int i = 0; i < round; i++)
			CHECK(executor_submit(executor, exchange_new(&limits)));
		(void)executor_nudge(executor, 0);
		CHECK_EQ(drain(executor, round), round);
	}
	executor_free(executor);
	CHECK_EQ(fake.handled, 50 * 51 / 2);
}

TEST(requests_take_turns_up_to_a_limit)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		struct fake fake;
		struct server_limits limits;
		struct sv_error error = SV_ERROR_INIT;
		fake_init(&fake);
		server_limits_init(&limits);
		fake.turns = 20;
		fake.sleep = sleeps ? 300000 : 0;
		struct executor *executor = fake_executor(&fake, 3, 500, 40, &error);
		CHECK_MSG(executor != NULL, "%s", error.text);
		for (int i = 0; i < 500; i++)
			CHECK(submit(executor, exchange_new(&limits)));
		CHECK_EQ(drain(executor, 500), 500);
		executor_free(executor);
		CHECK_EQ(fake.handled, 500);
		CHECK_EQ(fake.recycled, 500);
		CHECK_EQ(fake.at_once, 0);
		/* Sleepers make room for others: all desks are used, and no more. */
		CHECK(fake.most_at_once <= 40);
		if (sleeps)
			CHECK_EQ(fake.most_at_once, 40);
	}
}

TEST(the_end_waits_for_what_has_begun)
{
	struct fake fake;
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	server_limits_init(&limits);
	fake.turns = 3;
	fake.sleep = 20000000;
	struct executor *executor = fake_executor(&fake, 2, 8, 8, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	CHECK(submit(executor, exchange_new(&limits)));
	while (!atomic_load(&fake.at_once))
		;
	executor_free(executor);
	CHECK_EQ(fake.handled, 1);
	CHECK_EQ(fake.left, 2);
}

/* Once in its turn, which then ends in no sleep; once from another thread, perhaps asleep. */
TEST(who_sleeps_is_woken_by_its_waker)
{
	struct fake fake;
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	sem_t asleep;
	sem_init(&asleep, 0, 0);
	fake_init(&fake);
	fake.turns = 2;
	fake.asleep = &asleep;
	server_limits_init(&limits);
	struct executor *executor = fake_executor(&fake, 2, 4, 4, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	for (int i = 0; i < 20; i++) {
		CHECK(submit(executor, exchange_new(&limits)));
		sem_wait(&asleep);
		fake.waker->wake(fake.waker);
		CHECK_EQ(drain(executor, 1), 1);
		/* Who is not there sleeps no less for it. */
		fake.waker->wake(fake.waker);
	}
	executor_free(executor);
	sem_destroy(&asleep);
}

/* An executor that this thread helps, with so many requests waiting. */
static struct executor *helped_executor(struct fake *fake, int requests)
{
	struct server_limits limits;
	struct sv_error error = SV_ERROR_INIT;
	server_limits_init(&limits);
	fake->handler.is_quick = fake_is_quick;
	struct executor *executor = fake_executor(fake, 2, 500, 4, &error);
	if (!executor || !executor_enter(executor, &error))
		abort();
	for (int i = 0; i < requests; i++) {
		if (!executor_submit(executor, exchange_new(&limits)))
			abort();
	}
	return executor;
}

static int take(struct executor *executor)
{
	int taken = 0;
	struct exchange *next;
	for (struct exchange *x = executor_take(executor); x; x = next) {
		next = x->next;
		exchange_free(x);
		taken++;
	}
	return taken;
}

/* Workers are not told of them; some are left for when the loop has looked at its connections. */
TEST(short_requests_are_answered_by_who_queues_them)
{
	struct fake fake;
	fake_init(&fake);
	struct executor *executor = helped_executor(&fake, 200);
	int taken = 0, rounds = 0;
	while (executor_nudge(executor, 0) == 0) {
		CHECK(executor_help(executor));
		taken += take(executor);
		rounds++;
	}
	CHECK_EQ(taken, 200);
	CHECK_MSG(rounds > 1, "all at once");
	CHECK(!executor_help(executor));
	struct pollfd wait = {.fd = executor_descriptor(executor), .events = POLLIN};
	CHECK_EQ(poll(&wait, 1, 0), 0);
	CHECK_EQ(fake.entered, 3);
	executor_leave(executor);
	CHECK_EQ(fake.left, 1);
	executor_free(executor);
	CHECK_EQ(fake.handled, 200);
	CHECK_EQ(fake.recycled, 200);
	CHECK_EQ(fake.left, 3);
}

/* Whether they want another turn or sleep: the first turn alone is this thread's. */
TEST(who_does_not_end_at_once_goes_on_with_a_worker)
{
	for (int sleeps = 0; sleeps < 2; sleeps++) {
		struct fake fake;
		fake_init(&fake);
		fake.turns = 3;
		fake.sleep = sleeps ? 2000000 : 0;
		struct executor *executor = helped_executor(&fake, 3);
		CHECK(executor_help(executor));
		CHECK_EQ(drain(executor, 3), 3);
		CHECK_EQ(fake.handled, 3);
		executor_leave(executor);
		executor_free(executor);
	}
}

/* One that burns its time, which only the first turn of a request does. */
static enum handled burn_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	uint64_t end = clock_of_thread() + 2000000;
	while (clock_of_thread() < end)
		;
	return fake_begin(data, own, exchange, wake);
}

TEST(long_requests_are_left_to_the_workers)
{
	struct fake fake;
	fake_init(&fake);
	fake.handler.begin = burn_begin;
	struct executor *executor = helped_executor(&fake, 8);
	CHECK(executor_help(executor));
	/* The first has told how long they are. */
	CHECK_EQ(take(executor), 1);
	CHECK(!executor_help(executor));
	CHECK(executor_nudge(executor, 0) != 0);
	CHECK_EQ(drain(executor, 7), 7);
	executor_leave(executor);
	executor_free(executor);
	CHECK_EQ(fake.handled, 8);
}

/* Longer than waking a thread takes, by the thread's clock. */
static enum handled linger_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	for (uint64_t end = clock_of_thread() + 60000; clock_of_thread() < end;)
		;
	return fake_begin(data, own, exchange, wake);
}

TEST(a_request_that_waits_alone_may_be_longer)
{
	struct fake fake;
	struct server_limits limits;
	fake_init(&fake);
	server_limits_init(&limits);
	fake.handler.begin = linger_begin;
	struct executor *executor = helped_executor(&fake, 1);
	for (int i = 0; i < 6; i++) {
		CHECK_EQ(executor_nudge(executor, 0), 0);
		CHECK(executor_help(executor));
		CHECK_EQ(take(executor), 1);
		CHECK(executor_submit(executor, exchange_new(&limits)));
	}
	/* Now there are two, and they are known to be long. */
	CHECK(executor_submit(executor, exchange_new(&limits)));
	CHECK(!executor_help(executor) && executor_nudge(executor, 0) != 0);
	CHECK_EQ(drain(executor, 2), 2);
	executor_leave(executor);
	executor_free(executor);
	CHECK_EQ(fake.handled, 8);
}

TEST(a_request_that_may_wait_for_a_disk_is_left_to_the_workers)
{
	struct fake fake;
	struct server_limits limits;
	fake_init(&fake);
	server_limits_init(&limits);
	struct executor *executor = helped_executor(&fake, 1);
	struct exchange *slow = exchange_new(&limits);
	slow->request.remote_address = "disk";
	CHECK(executor_submit(executor, slow));
	CHECK(executor_submit(executor, exchange_new(&limits)));
	CHECK(executor_help(executor));
	/* The one before it; the one behind it waits its turn. */
	CHECK_EQ(take(executor), 1);
	CHECK(!executor_help(executor) && executor_nudge(executor, 0) != 0);
	CHECK_EQ(drain(executor, 2), 2);
	executor_leave(executor);
	executor_free(executor);
}

TEST(nobody_helps_who_may_block_or_has_long_turns)
{
	struct fake fake;
	struct sv_error error = SV_ERROR_INIT;
	fake_init(&fake);
	struct executor_config config = {.handler = &fake.handler,
			.workers = 1,
			.queue_limit = 1,
			.desk_limit = 1,
			.turn = 1000000};
	struct executor *executor = executor_new(&config, &error);
	CHECK(executor && !executor_enter(executor, &error));
	executor_leave(executor);
	executor_free(executor);
	fake.handler.is_quick = fake_is_quick;
	config.turn = 2000000;
	executor = executor_new(&config, &error);
	CHECK(executor && !executor_enter(executor, &error));
	executor_free(executor);
	CHECK_EQ(error.code, SV_ERROR_NONE);
	CHECK_EQ(fake.left, 2);
}

/* All desks are asleep: who waits does so without this thread looking all the time. */
TEST(help_ends_where_no_more_may_begin)
{
	struct fake fake;
	fake_init(&fake);
	fake.turns = 1;
	fake.holds = true;
	struct executor *executor = helped_executor(&fake, 8);
	CHECK(executor_help(executor));
	CHECK_EQ(take(executor), 0);
	CHECK(!executor_help(executor));
	CHECK(executor_nudge(executor, 0) != 0);
	CHECK_EQ(fake.held_count, 4);
	fake.holds = false;
	for (int i = 0; i < 4; i++)
		fake.held[i]->wake(fake.held[i]);
	CHECK_EQ(drain(executor, 8), 8);
	executor_leave(executor);
	executor_free(executor);
	CHECK_EQ(fake.most_at_once, 4);
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
	struct executor *executor = fake_executor(&fake, 1, 3, 8, &error);
	CHECK_MSG(executor != NULL, "%s", error.text);
	int accepted = 0;
	struct exchange *refused = NULL;
	while (!refused && accepted < 10) {
		struct exchange *exchange = exchange_new(&limits);
		if (submit(executor, exchange))
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
		CHECK_ERROR(fake_executor(&fake, 3, 10, 3, &error) != NULL, SV_ERROR_SYSTEM,
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
	const struct server_listener listeners[] = {{"127.0.0.1:0", NULL}, {"127.0.0.1:0", NULL}};
	struct server_config config = {.listeners = listeners,
			.listener_count = 2,
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
		int fd = connect_to(server_address(server, i % 2));
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
	struct server_listener listeners[] = {{"127.0.0.1:0", NULL}, {"nonsense", NULL}};
	struct server_config config = {.workers = 1, .handler = &fake.handler};
	server_limits_init(&config.limits);
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_USAGE, "from 1 to 16 listeners");
	config.listeners = listeners;
	config.listener_count = 2;
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_USAGE, "nonsense");
	listeners[1].where = "192.0.2.1:0";
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_SYSTEM, "192.0.2.1:0");
	listeners[1].where = "systemd:web";
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_SYSTEM, "systemd:web");
	listeners[1].where = "127.0.0.1:0";
	config.limits.queue = 0;
	CHECK_ERROR(server_new(&config, &error) != NULL, SV_ERROR_USAGE, "--queue-limit");
}

TEST_MAIN()
