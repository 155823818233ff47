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
	desk->own = desks->handler->desk_new(desks->handler->data, error);
	if (!desk->own) {
		free(desk);
		return NULL;
	}
	desks->made++;
	return desk;
}

bool desks_init(struct desks *desks, const struct handler *handler, size_t limit,
		struct sv_error *error)
{
	*desks = (struct desks){.handler = handler, .limit = limit};
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
		free(desk);
	}
	free(desks->asleep);
}

struct desk *desks_take_spare(struct desks *desks)
{
	struct sv_error error = SV_ERROR_INIT;
	struct desk *desk = desks->spares;
	if (desk)
		desks->spares = desk->next;
	else if (desks->made < desks->limit)
		desk = desk_make(desks, &error); /* without one, the request waits */
	desks->busy += desk != NULL;
	return desk;
}

void desks_put_spare(struct desks *desks, struct desk *desk)
{
	desk->next = desks->spares;
	desks->spares = desk;
	desks->busy--;
}

struct desk *desks_take_ready(struct desks *desks)
{
	struct desk *desk = desks->ready_first;
	if (desk)
		desks->ready_first = desk->next;
	return desk;
}

void desks_put_ready(struct desks *desks, struct desk *desk)
{
	desk->next = NULL;
	*(desks->ready_first ? &desks->ready_last->next : &desks->ready_first) = desk;
	desks->ready_last = desk;
}

void desks_put_asleep(struct desks *desks, struct desk *desk)
{
	size_t at = desks->asleep_count++;
	for (; at && desks->asleep[(at - 1) / 2]->wake > desk->wake; at = (at - 1) / 2)
		desks->asleep[at] = desks->asleep[(at - 1) / 2];
	desks->asleep[at] = desk;
}

static struct desk *desks_take_first_asleep(struct desks *desks)
{
	struct desk **heap = desks->asleep;
	struct desk *first = heap[0], *moved = heap[--desks->asleep_count];
	size_t at = 0, child;
	while ((child = 2 * at + 1) < desks->asleep_count) {
		if (child + 1 < desks->asleep_count && heap[child + 1]->wake < heap[child]->wake)
			child++;
		if (heap[child]->wake >= moved->wake)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
	return first;
}

void desks_wake(struct desks *desks, uint64_t now)
{
	while (desks->asleep_count && desks->asleep[0]->wake <= now)
		desks_put_ready(desks, desks_take_first_asleep(desks));
}

uint64_t desks_next_wake(const struct desks *desks)
{
	return desks->asleep_count ? desks->asleep[0]->wake : UINT64_MAX;
}
