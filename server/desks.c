/*
 * desks.c: lists of desks, and a heap of those that sleep.
 */
#include "server/desks.h"

#include <stdlib.h>

static struct desk *desk_make(struct desks *desks, struct sv_error *error)
{
	struct desk *desk = calloc(1, sizeof *desk);
	if (!desk) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a desk");
		return NULL;
	}
	desk->waker = calloc(1, sizeof *desk->waker);
	if (!desk->waker)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a desk");
	else
		desk->own = desks->handler->desk_new(desks->handler->data, error);
	if (!desk->own) {
		free(desk->waker);
		free(desk);
		return NULL;
	}
	*desk->waker = (struct desk_waker){{executor_wake}, desks->executor, desk};
	desk->asleep_at = DESK_AWAKE;
	desks->made++;
	return desk;
}

bool desks_init(struct desks *desks, struct executor *executor, const struct handler *handler,
		size_t limit, struct sv_error *error)
{
	*desks = (struct desks){.executor = executor, .handler = handler, .limit = limit};
	desks->asleep = calloc(limit, sizeof(struct desk *));
	if (!desks->asleep)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %zu desks", limit);
	desks->spares = desk_make(desks, error);
	return desks->spares != NULL;
}

void desks_finish(struct desks *desks)
{
	check(!desks->busy);
	while (desks->spares) {
		struct desk *desk = desks->spares;
		desks->spares = desk->next;
		desks->handler->desk_free(desks->handler->data, desk->own);
		free(desk->waker);
		free(desk);
	}
	free(desks->asleep);
}

struct desk *desks_take_spare(struct desks *desks)
{
	struct desk *desk = desks->spares;
	if (desk) {
		desks->spares = desk->next;
	} else if (desks->made < desks->limit) {
		struct sv_error error = SV_ERROR_INIT;
		desks->is_short = !(desk = desk_make(desks, &error)); /* then the request waits */
	}
	desks->busy += desk != NULL;
	if (desk)
		desk->is_roused = false;
	return desk;
}

void desks_put_spare(struct desks *desks, struct desk *desk)
{
	desks->kept -= desk->is_kept;
	desk->next = desks->spares;
	desks->spares = desk;
	desks->is_short = false;
	desks->busy--;
}

struct desk *desks_take_ready(struct desks *desks)
{
	struct desk *desk = desks->ready_first;
	if (!desk)
		return NULL;
	desks->ready_first = desk->next;
	desk->is_roused = false;
	return desk;
}

void desks_put_ready(struct desks *desks, struct desk *desk)
{
	desk->next = NULL;
	*(desks->ready_first ? &desks->ready_last->next : &desks->ready_first) = desk;
	desks->ready_last = desk;
}

/* ---- those that sleep ---- */

static void heap_set(struct desks *desks, size_t at, struct desk *desk)
{
	desks->asleep[at] = desk;
	desk->asleep_at = at;
}

/* Put a desk where `at` is free, nearer to the top or the bottom by its time. */
static void heap_settle(struct desks *desks, size_t at, struct desk *desk)
{
	struct desk **heap = desks->asleep;
	size_t child;
	for (; at && heap[(at - 1) / 2]->wake > desk->wake; at = (at - 1) / 2)
		heap_set(desks, at, heap[(at - 1) / 2]);
	while ((child = 2 * at + 1) < desks->asleep_count) {
		if (child + 1 < desks->asleep_count && heap[child + 1]->wake < heap[child]->wake)
			child++;
		if (heap[child]->wake >= desk->wake)
			break;
		heap_set(desks, at, heap[child]);
		at = child;
	}
	heap_set(desks, at, desk);
}

static void heap_remove(struct desks *desks, struct desk *desk)
{
	size_t at = desk->asleep_at;
	struct desk *moved = desks->asleep[--desks->asleep_count];
	desk->asleep_at = DESK_AWAKE;
	if (moved != desk)
		heap_settle(desks, at, moved);
}

void desks_put_asleep(struct desks *desks, struct desk *desk)
{
	if (desk->is_roused)
		desks_put_ready(desks, desk);
	else
		heap_settle(desks, desks->asleep_count++, desk);
}

bool desks_rouse(struct desks *desks, struct desk *desk)
{
	desk->is_roused = true;
	if (desk->asleep_at == DESK_AWAKE)
		return false;
	heap_remove(desks, desk);
	desks_put_ready(desks, desk);
	return true;
}

void desks_wake(struct desks *desks, uint64_t now)
{
	while (desks->asleep_count && desks->asleep[0]->wake <= now) {
		struct desk *desk = desks->asleep[0];
		heap_remove(desks, desk);
		desks_put_ready(desks, desk);
	}
}

uint64_t desks_next_wake(const struct desks *desks)
{
	return desks->asleep_count ? desks->asleep[0]->wake : UINT64_MAX;
}

/* ---- those that are kept ---- */

bool desks_keep(struct desks *desks, struct desk *desk)
{
	desk->is_kept = desks->kept < desks->limit / 2;
	desks->kept += desk->is_kept;
	return desk->is_kept;
}

void desks_adopt(struct desks *desks, struct desk *desk, struct desk *kept)
{
	struct desk_waker *waker = desk->waker;
	desk->waker = kept->waker;
	desk->waker->desk = desk;
	kept->waker = waker;
	waker->desk = kept;
	kept->is_kept = false;
	desks->kept--;
}

bool desk_hears_of_end(struct desk *desk)
{
	bool hears = !desk->exchange && !desk->is_told;
	desk->is_told |= hears;
	return hears;
}

void desks_tell_kept(struct desks *desks)
{
	for (size_t i = 0; i < desks->asleep_count;) {
		struct desk *desk = desks->asleep[i];
		if (!desk_hears_of_end(desk))
			i++;
		else if (desks_rouse(desks, desk))
			i = 0; /* the heap is another one */
	}
}
