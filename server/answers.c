/*
 * answers.c: see answers.h.
 */
#include "server/answers.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool answers_init(struct answers *answers, struct sv_error *error)
{
	pthread_mutexattr_t adaptive;
	pthread_mutexattr_init(&adaptive);
	pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
	pthread_mutex_init(&answers->lock, &adaptive);
	pthread_mutexattr_destroy(&adaptive);
	answers->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return answers->event >= 0 || sv_fail_errno(error, "eventfd");
}

void answers_finish(struct answers *answers)
{
	while (answers->done_first) {
		struct exchange *next = answers->done_first->next;
		exchange_free(answers->done_first);
		answers->done_first = next;
	}
	if (answers->event >= 0)
		close(answers->event);
	pthread_mutex_destroy(&answers->lock);
}

/* Under the lock, as is the next one. */
static void news_remove(struct answers *answers, struct exchange *exchange)
{
	struct exchange *previous = exchange->news_previous, *next = exchange->news_next;
	*(previous ? &previous->news_next : &answers->news_first) = next;
	*(next ? &next->news_previous : &answers->news_last) = previous;
	exchange->has_news = false;
}

static void news_add(struct answers *answers, struct exchange *exchange)
{
	struct exchange *last = answers->news_last;
	exchange->news_previous = last;
	exchange->news_next = NULL;
	*(last ? &last->news_next : &answers->news_first) = exchange;
	answers->news_last = exchange;
	exchange->has_news = true;
}

void answers_add(struct answers *answers, struct exchange *exchange)
{
	exchange->next = NULL;
	pthread_mutex_lock(&answers->lock);
	if (exchange->has_news)
		news_remove(answers, exchange);
	*(answers->done_first ? &answers->done_last->next : &answers->done_first) = exchange;
	answers->done_last = exchange;
	pthread_mutex_unlock(&answers->lock);
}

void answers_stir(struct answers *answers, struct exchange *exchange)
{
	pthread_mutex_lock(&answers->lock);
	bool was_empty = !answers->news_first;
	if (!exchange->has_news)
		news_add(answers, exchange);
	pthread_mutex_unlock(&answers->lock);
	if (was_empty)
		answers_tell(answers);
}

void answers_tell(struct answers *answers)
{
	uint64_t one = 1;
	/* Can only fail if the counter is at its end, and then the loop is awake anyway. */
	if (write(answers->event, &one, sizeof one) < 0)
		check(errno == EAGAIN);
}

void answers_heard(struct answers *answers)
{
	uint64_t count;
	if (read(answers->event, &count, sizeof count) < 0)
		check(errno == EAGAIN || errno == EINTR);
}

struct exchange *answers_take(struct answers *answers)
{
	pthread_mutex_lock(&answers->lock);
	struct exchange *first = answers->done_first;
	answers->done_first = answers->done_last = NULL;
	pthread_mutex_unlock(&answers->lock);
	return first;
}

struct exchange *answers_take_news(struct answers *answers)
{
	pthread_mutex_lock(&answers->lock);
	struct exchange *exchange = answers->news_first;
	if (exchange)
		news_remove(answers, exchange);
	pthread_mutex_unlock(&answers->lock);
	return exchange;
}
