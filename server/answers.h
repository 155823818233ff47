/*
 * answers.h: the way from workers back to the loop: exchanges that are answered, and those of which
 * there is news though their guests go on. A lock of its own, under which nothing else is taken,
 * and an event descriptor. Any thread, unless said otherwise.
 */
#ifndef SELVAGE_SERVER_ANSWERS_H
#define SELVAGE_SERVER_ANSWERS_H

#include <pthread.h>

#include "server/exchange.h"

struct answers {
	int event; /* owned */
	pthread_mutex_t lock;
	/* under it */
	struct exchange *done_first, *done_last;
	struct exchange *news_first, *news_last; /* not done, but there is something of them */
};

SV_MUST_USE bool answers_init(struct answers *answers, struct sv_error *error);

/* Free those that nobody took. */
void answers_finish(struct answers *answers);

/* This one is done, and has no news besides. The loop is not told of it. */
void answers_add(struct answers *answers, struct exchange *exchange);

/* There is news of this one, in a turn of its guest; it is not done. The loop is told. */
void answers_stir(struct answers *answers, struct exchange *exchange);

/* Tell the loop: the descriptor becomes readable. */
void answers_tell(struct answers *answers);

/* The loop has heard: it is not readable any more. */
void answers_heard(struct answers *answers);

/* All that are done, oldest first, linked by `next`. */
struct exchange *answers_take(struct answers *answers);

/* One with news, or NULL. Its guest may be done at any time. */
struct exchange *answers_take_news(struct answers *answers);

#endif
