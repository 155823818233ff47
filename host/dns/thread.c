/*
 * thread.c: the thread that asks name servers: c-ares with its sockets in an epoll set.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/processors.h"
#include "host/dns/inner.h"

/* For the first answer of a server, in milliseconds, and how often all servers are asked. */
enum { FIRST_TIME = 1500, TRIES = 3 };

/* Number of the socket that c-ares is told of, beside those of its own. */
static const uint64_t event_mark = UINT64_MAX;

/* ---- answers ---- */

/* Hand it over to its owner for good; without one it is gone. */
static void query_end(struct dns_query *query, int failure, const unsigned char *answer, int length)
{
	struct dns *dns = query->dns;
	if (!failure &&
			(length < (int)sizeof query->number ||
					!buffer_append(&query->answer, answer, (size_t)length,
							NULL)))
		failure = ARES_ENOMEM;
	if (!failure)
		memcpy(query->answer.data, query->number, sizeof query->number);
	pthread_mutex_lock(&dns->lock);
	query->failure = failure;
	query->is_done = true;
	dns->count--;
	bool is_ours = !query->waker;
	if (!is_ours && query->is_awaited)
		query->waker->wake(query->waker);
	pthread_mutex_unlock(&dns->lock);
	if (is_ours)
		dns_query_free(query);
}

static void query_answered(void *data, int status, int timeouts, unsigned char *answer, int length)
{
	(void)timeouts;
	query_end(data, status, answer, length);
}

/* ---- sockets ---- */

static void socket_changed(void *data, ares_socket_t socket, int readable, int writable)
{
	struct dns *dns = data;
	struct epoll_event event = {
			.events = (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0),
			.data.u64 = (uint64_t)socket,
	};
	if (!event.events) {
		epoll_ctl(dns->poller, EPOLL_CTL_DEL, socket, NULL);
		return;
	}
	/* Without room for it its question is answered by c-ares' clock: with a timeout. */
	if (epoll_ctl(dns->poller, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
		epoll_ctl(dns->poller, EPOLL_CTL_ADD, socket, &event);
}

static int thread_patience(struct dns *dns)
{
	static const int most = 60000;
	struct timeval room, *left = ares_timeout(dns->channel, NULL, &room);
	if (!left || left->tv_sec >= most / 1000)
		return most;
	return (int)(left->tv_sec * 1000 + (left->tv_usec + 999) / 1000);
}

/* Wait for sockets, time or a wish, and let c-ares have what there is. */
static void thread_turn(struct dns *dns)
{
	struct epoll_event events[16];
	int count = epoll_wait(dns->poller, events, ARRAY_LENGTH(events), thread_patience(dns));
	for (int i = 0; i < count; i++) {
		if (events[i].data.u64 == event_mark) {
			eventfd_t value;
			(void)!eventfd_read(dns->event, &value);
			continue;
		}
		ares_socket_t socket = (ares_socket_t)events[i].data.u64;
		bool is_bad = events[i].events & (EPOLLERR | EPOLLHUP);
		bool reads = is_bad || events[i].events & EPOLLIN;
		bool writes = is_bad || events[i].events & EPOLLOUT;
		ares_process_fd(dns->channel, reads ? socket : ARES_SOCKET_BAD,
				writes ? socket : ARES_SOCKET_BAD);
	}
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* ---- the thread ---- */

/* True until the end. */
static bool thread_take_wishes(struct dns *dns)
{
	pthread_mutex_lock(&dns->lock);
	struct dns_query *query = dns->wanting, *next;
	bool is_ending = dns->is_ending;
	dns->wanting = NULL;
	pthread_mutex_unlock(&dns->lock);
	for (; query; query = next) {
		next = query->next;
		ares_send(dns->channel, query->question.data, (int)query->question.length,
				query_answered, query);
	}
	return !is_ending;
}

static void *thread_run(void *data)
{
	struct dns *dns = data;
	/* Who needs it first may be one that leaves a processor to others; this serves all. */
	processors_use_all();
	while (thread_take_wishes(dns))
		thread_turn(dns);
	ares_cancel(dns->channel);
	return NULL;
}

static bool channel_open(struct dns *dns, struct sv_error *error)
{
	struct ares_options options = {
			.timeout = FIRST_TIME,
			.tries = TRIES,
			.sock_state_cb = socket_changed,
			.sock_state_cb_data = dns,
	};
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&dns->channel, &options,
				ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS) {
		dns->channel = NULL;
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot ask name servers: %s",
				ares_strerror(status));
	}
	if (dns->servers)
		status = ares_set_servers_ports_csv(dns->channel, dns->servers);
	return status == ARES_SUCCESS ||
			sv_fail(error, SV_ERROR_USAGE, "name servers \"%.100s\": %s", dns->servers,
					ares_strerror(status));
}

static bool poller_open(struct dns *dns, struct sv_error *error)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = event_mark};
	dns->poller = epoll_create1(EPOLL_CLOEXEC);
	dns->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dns->poller < 0 || dns->event < 0 ||
			epoll_ctl(dns->poller, EPOLL_CTL_ADD, dns->event, &event) != 0)
		return sv_fail_errno(error, "cannot ask name servers");
	return true;
}

static void thread_release(struct dns *dns)
{
	if (dns->channel)
		ares_destroy(dns->channel);
	if (dns->poller >= 0)
		close(dns->poller);
	if (dns->event >= 0)
		close(dns->event);
	dns->channel = NULL;
	dns->poller = dns->event = -1;
}

bool dns_thread_start(struct dns *dns, struct sv_error *error)
{
	if (dns->has_thread)
		return true;
	if (!channel_open(dns, error) || !poller_open(dns, error)) {
		thread_release(dns);
		return false;
	}
	int failure = aside_start(&dns->thread, NULL, thread_run, dns);
	dns->has_thread = failure == 0;
	if (dns->has_thread)
		return true;
	thread_release(dns);
	return sv_fail(error, SV_ERROR_SYSTEM, "no thread for questions to name servers: %s",
			strerror(failure));
}

void dns_thread_wake(struct dns *dns)
{
	(void)!eventfd_write(dns->event, 1);
}

void dns_thread_end(struct dns *dns)
{
	pthread_mutex_lock(&dns->lock);
	bool has_thread = dns->has_thread;
	dns->is_ending = true;
	if (has_thread)
		dns_thread_wake(dns);
	pthread_mutex_unlock(&dns->lock);
	if (has_thread)
		pthread_join(dns->thread, NULL);
	thread_release(dns);
}
