/*
 * host_outbound.c: what comes from elsewhere is counted, and ends the guest when it is too much.
 */
#include "host/outbound.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/fetch/fetch.h"
#include "runtime/selvage.h"
#include "tests/lib/test.h"

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";

/* Gives the answer once. */
static void *origin_run(void *data)
{
	char head[4096];
	int fd = accept(*(int *)data, NULL, NULL);
	if (fd < 0 || read(fd, head, sizeof head) <= 0 ||
			write(fd, answer, sizeof answer - 1) < 0)
		abort();
	close(fd);
	return NULL;
}

static int origin_listen(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
			listen(fd, 1) != 0 ||
			getsockname(fd, (struct sockaddr *)&address, &length) != 0)
		abort();
	*port = ntohs(address.sin_port);
	return fd;
}

static void wake(struct host_waker *waker)
{
	(void)waker;
}

static struct host_waker waker = {wake};

/* A request with a body of 3 bytes. */
static struct fetch *start(struct host_call *call, struct fetcher *fetcher, uint16_t port)
{
	struct sv_error error = SV_ERROR_INIT;
	struct host_response fields = {0};
	const struct fetch_target target = {
			.host = "127.0.0.1", .port = port, .is_trusted = true};
	struct fetch_request request = {.target = &target, .method = host_text("POST"),
			.path = host_text("/"), .host = host_text("origin"), .fields = &fields,
			.call = call, .waker = &waker};
	if (!buffer_append(&request.body, "abc", 3, NULL))
		abort();
	struct fetch *fetch = fetch_start(fetcher, &request, &error);
	buffer_finish(&request.body);
	return fetch;
}

/* How reading goes in the end, and how many bytes came. */
static enum fetch_progress read_all(struct fetch *fetch, size_t *total)
{
	uint8_t bytes[4];
	size_t count;
	enum fetch_progress progress;
	*total = 0;
	for (unsigned i = 0; i < 20000; i++) {
		while ((progress = fetch_read(fetch, bytes, sizeof bytes, &count)) == FETCH_READY)
			*total += count;
		if (progress != FETCH_LATER)
			return progress;
		usleep(1000);
	}
	return FETCH_LATER;
}

/* One request within so many bytes, of which 13 move. */
static enum fetch_progress one_within(const struct host_outbound *limits,
		struct host_outcome *outcome, const char **text)
{
	static char reason[200];
	struct sv_error error = SV_ERROR_INIT;
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	struct sv_store *store = engine ? sv_store_new(engine, NULL, &error) : NULL;
	struct fetcher *fetcher = fetcher_new(&error);
	const struct host_guest guest = {.outbound = limits};
	const struct host_request request = {0};
	struct host_call call = {.guest = &guest, .store = store, .request = &request,
			.outcome = outcome};
	uint16_t port;
	size_t total;
	pthread_t thread;
	int fd = origin_listen(&port);
	if (!store || !fetcher || pthread_create(&thread, NULL, origin_run, &fd) != 0)
		abort();
	struct fetch *fetch = start(&call, fetcher, port);
	enum fetch_progress progress = fetch ? read_all(fetch, &total) : FETCH_LATER;
	if (fetch && atomic_load(limits->under_way) != 1)
		progress = FETCH_READY; /* never in the end */
	if (fetch)
		fetch_failure(fetch, text);
	snprintf(reason, sizeof reason, "%s", fetch ? *text : "");
	*text = reason;
	fetch_release(fetch);
	pthread_join(thread, NULL);
	close(fd);
	fetcher_free(fetcher);
	sv_store_free(store);
	sv_engine_free(engine);
	return progress;
}

static enum fetch_progress one(uint64_t most, struct host_outcome *outcome, const char **text,
		atomic_uint *under_way)
{
	const struct host_outbound limits = {.bytes = most, .at_once = 1, .under_way = under_way};
	return one_within(&limits, outcome, text);
}

TEST(memory_is_counted_while_a_request_is_under_way)
{
	struct host_outcome outcome = {0};
	atomic_uint under_way = 0;
	atomic_size_t held = 0;
	const char *text;
	struct host_outbound limits = {
			.memory = 100000, .under_way = &under_way, .held = &held};
	CHECK_EQ(one_within(&limits, &outcome, &text), FETCH_END);
	CHECK_EQ(outcome.ending, HOST_ANSWERED);
	CHECK_EQ(atomic_load(&held), 0);
	/* The upload alone is within it, head and body of the answer are not. */
	atomic_store(&held, 99800);
	CHECK_EQ(one_within(&limits, &outcome, &text), FETCH_BROKEN);
	CHECK_EQ(atomic_load(&held), 99800);
	CHECK_STR(text, "limit outbound_memory: more than 100000 bytes of requests to elsewhere "
			"under way");
	CHECK_EQ(outcome.ending, HOST_OUTBOUND);
	CHECK_STR(outcome.cause, text);
}

TEST(a_request_that_takes_too_much_memory_does_not_begin)
{
	struct sv_error error = SV_ERROR_INIT;
	struct host_outcome outcome = {0};
	atomic_uint under_way = 0;
	atomic_size_t held = 0;
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	struct sv_store *store = engine ? sv_store_new(engine, NULL, &error) : NULL;
	struct fetcher *fetcher = fetcher_new(&error);
	const struct host_outbound limits = {.memory = 1, .under_way = &under_way, .held = &held};
	const struct host_guest guest = {.outbound = &limits};
	const struct host_request request = {0};
	struct host_call call = {.guest = &guest, .store = store, .request = &request,
			.outcome = &outcome};
	CHECK(store && fetcher);
	CHECK(start(&call, fetcher, 9) == NULL);
	CHECK_EQ(outcome.ending, HOST_OUTBOUND);
	CHECK_EQ(atomic_load(&held), 0);
	CHECK_EQ(atomic_load(&under_way), 0);
	fetcher_free(fetcher);
	sv_store_free(store);
	sv_engine_free(engine);
}

TEST(bytes_are_counted_to_and_fro)
{
	struct host_outcome outcome = {0};
	atomic_uint under_way = 0;
	const char *text;
	CHECK_EQ(one(13, &outcome, &text, &under_way), FETCH_END);
	CHECK_EQ(outcome.ending, HOST_ANSWERED);
	CHECK_EQ(one(12, &outcome, &text, &under_way), FETCH_BROKEN);
	CHECK_STR(text, "limit outbound_bytes: more than 12 bytes to and from elsewhere");
	CHECK_EQ(outcome.ending, HOST_OUTBOUND);
	CHECK_STR(outcome.cause, text);
	CHECK_EQ(atomic_load(&under_way), 0);
}

TEST(requests_that_may_not_begin_are_not_counted)
{
	struct sv_error error = SV_ERROR_INIT;
	struct host_outcome outcome = {0};
	atomic_uint under_way = 0;
	struct sv_engine *engine = sv_engine_new(NULL, &error);
	struct sv_store *store = engine ? sv_store_new(engine, NULL, &error) : NULL;
	struct host_outbound limits = {.requests = 2, .at_once = 1, .under_way = &under_way};
	const struct host_guest guest = {.outbound = &limits};
	struct host_call call = {.guest = &guest, .store = store, .outcome = &outcome};
	CHECK(store != NULL);
	CHECK(host_outbound_enter(&call, &error));
	CHECK_ERROR(host_outbound_enter(&call, &error), SV_ERROR_LIMIT,
			"limit outbound_concurrency: more than 1 requests to elsewhere at once");
	CHECK_EQ(atomic_load(&under_way), 1);
	host_outbound_leave(&limits);
	limits.at_once = 0;
	error = (struct sv_error)SV_ERROR_INIT;
	CHECK(host_outbound_enter(&call, &error));
	CHECK_ERROR(host_outbound_enter(&call, &error), SV_ERROR_LIMIT,
			"limit outbound: more than 2 requests to elsewhere");
	CHECK_EQ(atomic_load(&under_way), 1);
	sv_store_free(store);
	sv_engine_free(engine);
}

TEST_MAIN()
