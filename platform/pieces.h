/*
 * pieces.h: objects of pieces of a deployment's code, kept from one compilation of a tier to the
 * next, so that a version of which little has changed is compiled in little time. A blob that only
 * the builder reads and writes (cli/builder_pieces.h): what a compiler that was taken over by its
 * input left there can do nothing but to later versions of the same deployment. Any thread.
 */
#ifndef SELVAGE_PLATFORM_PIECES_H
#define SELVAGE_PLATFORM_PIECES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "platform/child.h"
#include "platform/deployments.h"
#include "platform/state.h"

/* Bytes of a module from which there are pieces worth keeping. */
#define PIECES_LEAST (128 << 10)

/* Bytes of pieces of a deployment and a tier. What is larger is not kept. */
#define PIECES_MOST (UINT64_C(128) << 20)

/* The builder has them at this descriptor, and leaves there what is to be kept. */
#define PIECES_DESCRIPTOR CHILD_KEPT

/* What the builder leaves begins with this. Without pieces behind it: those it was given. */
struct pieces_head {
	uint32_t found, made; /* pieces that were there, and that were not */
};

/* Append what is kept for this deployment and the version's tier; nothing if it is damaged. */
void pieces_get(struct platform_state *state, const struct version *version, struct buffer *pieces);

/*
 * Keep what the builder left instead, if the tenant has room for it (a quarter of what it may
 * have, besides that), and count it. What can't be kept is made again.
 */
void pieces_keep(struct platform_state *state, const struct version *version, struct sv_bytes left,
		struct pieces_head *head);

#endif
