/*
 * executor_help.c: the loop's thread as a worker, for first turns while guests are short
 * (decision 28).
 */
#include "server/executor_parts.h"
#include "server/loop.h"

/* Bytes that the loop's thread compresses itself: a third of a millisecond. */
static const size_t most_packed = 16384;

/* A guest may keep the loop's thread from its connections for one turn, if that is so short. */
static const uint64_t longest_help = 1000000;

/* What waits, if it takes so long together, is worth waking another thread beside the loop's. */
static const uint64_t worth_sharing = 200000;

/*
 * One request that waits alone may take longer than waking a thread: where little goes on, that
 * thread would begin with cold caches, and behind whatever else the processor does.
 */
static const uint64_t longest_alone = 100000;

/* Requests that the loop's thread takes before it looks at its connections again. */
static const unsigned most_helped = 64;

bool executor_is_fit(const struct executor *executor)
{
	if (!executor->queue_count || !executor->queue[executor->queue_first]->is_quick)
		return false;
	uint64_t longest = executor->queue_count == 1 ? longest_alone : EXECUTOR_WAKE_COST;
	return executor->typical < longest && desks_have_room(&executor->desks);
}

bool executor_enter(struct executor *executor, struct sv_error *error)
{
	const struct handler *handler = executor->config.handler;
	if (!handler->is_quick || executor->config.turn > longest_help)
		return false;
	executor->is_helped = handler->thread_enter(handler->data, error);
	return executor->is_helped;
}

void executor_leave(struct executor *executor)
{
	const struct handler *handler = executor->config.handler;
	if (executor->is_helped)
		handler->thread_leave(handler->data);
	executor->is_helped = false;
}

/* A request for the loop's thread, or NULL. */
static struct desk *helper_next(struct executor *executor)
{
	pthread_mutex_lock(&executor->lock);
	struct desk *desk = executor_is_fit(executor)
			? executor_begin(executor, executor->helper.ended)
			: NULL;
	pthread_mutex_unlock(&executor->lock);
	return desk;
}

/* More than one thread is good for: before the first of them. */
static void helper_share(struct executor *executor)
{
	pthread_mutex_lock(&executor->lock);
	bool wakes = executor->queue_count * executor->typical >= worth_sharing &&
			executor_wakes(executor, true);
	pthread_mutex_unlock(&executor->lock);
	if (wakes)
		pthread_cond_signal(&executor->changed);
}

/* Behind a turn: one that is to go on does so elsewhere. */
static void helper_note(struct executor *executor, uint64_t spent, enum handled handled)
{
	pthread_mutex_lock(&executor->lock);
	executor_note(executor, spent);
	bool goes_on = handled == HANDLED_AGAIN || handled == HANDLED_KEPT;
	bool wakes = goes_on && executor_wakes(executor, true);
	pthread_mutex_unlock(&executor->lock);
	if (wakes)
		pthread_cond_signal(&executor->changed);
}

/*
 * A turn that the clock says was long may have been a short one in which others had the CPU: that
 * is told by the thread's own clock, which is a system call and so read once for all short ones.
 */
bool executor_help(struct executor *executor)
{
	struct worker *helper = &executor->helper;
	struct desk *desk = helper_next(executor);
	if (!desk)
		return false;
	helper_share(executor);
	uint64_t run = clock_of_thread(); /* when the turn began, by that clock */
	helper->ended = clock_now();
	for (unsigned i = 0; desk; i++) {
		helper->began = helper->ended;
		enum handled handled = executor_turn(executor, desk, most_packed);
		helper->ended = clock_now();
		uint64_t spent = helper->ended - helper->began;
		if (spent >= EXECUTOR_WAKE_COST)
			spent = clock_of_thread() - run;
		run += spent;
		helper_note(executor, spent, handled);
		desk = i < most_helped ? helper_next(executor) : NULL;
	}
	return true;
}
