/*
 * sockets.c: what the thread waits for: the sockets and the timer of libcurl, and whoever wants it.
 * Each event costs the same, however many requests are under way.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/fetch/inner.h"

/* Taken at once; what is left is taken next time. */
enum { MOST_EVENTS = 256 };

static const uint64_t millisecond = 1000000;

/* A CURLMOPT_SOCKETFUNCTION: what libcurl wants to hear of a socket. */
static int watch(CURL *easy, curl_socket_t fd, int what, void *user, void *unused)
{
	const struct fetcher *fetcher = user;
	struct epoll_event event = {.data.fd = fd};
	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		/* Closing it may have done that. */
		(void)epoll_ctl(fetcher->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (epoll_ctl(fetcher->epoll, EPOLL_CTL_MOD, fd, &event) == 0)
		return 0;
	/* A failure ends the request. */
	return errno == ENOENT ? epoll_ctl(fetcher->epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

/* A CURLMOPT_TIMERFUNCTION: when libcurl wants to be called, whatever happens. */
static int set_timer(CURLM *multi, long milliseconds, void *user)
{
	struct fetcher *fetcher = user;
	(void)multi;
	fetcher->timer = milliseconds < 0
			? UINT64_MAX
			: host_now() + (uint64_t)milliseconds * millisecond;
	return 0;
}

bool sockets_open(struct fetcher *fetcher, struct sv_error *error)
{
	struct epoll_event event = {.events = EPOLLIN};
	fetcher->timer = UINT64_MAX;
	fetcher->epoll = epoll_create1(EPOLL_CLOEXEC);
	fetcher->wish = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	event.data.fd = fetcher->wish;
	if (fetcher->epoll < 0 || fetcher->wish < 0 ||
			epoll_ctl(fetcher->epoll, EPOLL_CTL_ADD, fetcher->wish, &event) != 0) {
		sv_fail(error, SV_ERROR_SYSTEM, "no descriptors for requests to elsewhere: %s",
				strerror(errno));
		sockets_close(fetcher);
		return false;
	}
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, watch);
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	fetcher->curl->multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	return true;
}

void sockets_close(struct fetcher *fetcher)
{
	if (fetcher->epoll >= 0)
		close(fetcher->epoll);
	if (fetcher->wish >= 0)
		close(fetcher->wish);
	fetcher->epoll = fetcher->wish = -1;
}

void sockets_wake(const struct fetcher *fetcher)
{
	static const uint64_t one = 1;
	ssize_t written = write(fetcher->wish, &one, sizeof one);
	check(written == sizeof one || errno == EAGAIN);
}

/* Milliseconds until libcurl or the thread has something to do. */
static int patience(const struct fetcher *fetcher)
{
	static const uint64_t most = 60000;
	uint64_t first = fetcher->timer < fetcher->next_deadline ? fetcher->timer
								 : fetcher->next_deadline;
	if (first == UINT64_MAX)
		return (int)most;
	uint64_t now = host_now();
	uint64_t left = first > now ? (first - now + millisecond - 1) / millisecond : 0;
	return (int)(left < most ? left : most);
}

static void happen(struct fetcher *fetcher, const struct epoll_event *event)
{
	int running, fd = event->data.fd;
	uint64_t wishes;
	if (fd == fetcher->wish) {
		/* That somebody has one is all there is to know. */
		ssize_t ignored = read(fd, &wishes, sizeof wishes);
		(void)ignored;
		return;
	}
	int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
	fetcher->curl->multi_socket_action(fetcher->multi, fd, what, &running);
}

void sockets_wait(struct fetcher *fetcher)
{
	struct epoll_event events[MOST_EVENTS];
	int running;
	int count = epoll_wait(fetcher->epoll, events, MOST_EVENTS, patience(fetcher));
	for (int i = 0; i < count; i++)
		happen(fetcher, &events[i]);
	if (fetcher->timer > host_now())
		return;
	/* It is set again, in here, if there is need. */
	fetcher->timer = UINT64_MAX;
	fetcher->curl->multi_socket_action(fetcher->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}
