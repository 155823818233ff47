/*
 * builder_pieces.h: objects of pieces of a module that an earlier compilation left at a
 * descriptor (platform/pieces.h), and what this one leaves there.
 */
#ifndef SELVAGE_CLI_BUILDER_PIECES_H
#define SELVAGE_CLI_BUILDER_PIECES_H

#include <pthread.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "compiler/compiler.h"
#include "platform/pieces.h"

struct builder_pieces {
	struct sv_piece_cache calls; /* for the compiler; its data is this */
	pthread_mutex_t lock;
	struct buffer before; /* as read */
	struct buffer after;  /* head, and each piece of this module once */
	struct pieces_head head;
	bool is_too_much;     /* `after` lacks some */
};

/* What is at PIECES_DESCRIPTOR, found or not to be what it should; the struct stays where it is. */
SV_MUST_USE bool builder_pieces_open(struct builder_pieces *pieces, struct sv_error *error);

/* Leave there what the next compilation is to find. */
SV_MUST_USE bool builder_pieces_leave(struct builder_pieces *pieces, struct sv_error *error);

void builder_pieces_finish(struct builder_pieces *pieces);

#endif
