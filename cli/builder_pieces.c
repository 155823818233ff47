/*
 * builder_pieces.c: see builder_pieces.h. A piece is its key, the length of its object and that;
 * they follow each other to the end. Who wrote them may have been taken over: a length is believed
 * as far as there are bytes.
 */
#include "cli/builder_pieces.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { KEY = 32 };

/* Before each object, in the file. */
struct piece_head {
	uint8_t key[KEY];
	uint64_t length;
};

/* The object at `*at`, which moves behind it; false at the end, and where that can't be. */
static bool piece_next(const struct buffer *pieces, size_t *at, struct piece_head *head,
		struct sv_bytes *object)
{
	if (pieces->length - *at < sizeof *head)
		return false;
	memcpy(head, pieces->data + *at, sizeof *head);
	*at += sizeof *head;
	if (head->length > pieces->length - *at)
		return false;
	*object = (struct sv_bytes){pieces->data + *at, (size_t)head->length};
	*at += (size_t)head->length;
	return true;
}

static void piece_add(struct builder_pieces *pieces, const uint8_t key[KEY], struct sv_bytes object)
{
	struct piece_head head = {.length = object.length};
	memcpy(head.key, key, KEY);
	if (!pieces->is_too_much)
		pieces->is_too_much = !buffer_append(&pieces->after, &head, sizeof head, NULL) ||
				!buffer_append(&pieces->after, object.data, object.length, NULL);
}

static bool pieces_find(void *data, const uint8_t key[KEY], struct buffer *object)
{
	struct builder_pieces *pieces = data;
	struct piece_head head;
	struct sv_bytes found;
	size_t at = 0;
	while (piece_next(&pieces->before, &at, &head, &found)) {
		if (memcmp(head.key, key, KEY) != 0)
			continue;
		if (!buffer_append(object, found.data, found.length, NULL))
			return false;
		pthread_mutex_lock(&pieces->lock);
		piece_add(pieces, key, found);
		pieces->head.found++;
		pthread_mutex_unlock(&pieces->lock);
		return true;
	}
	return false;
}

static void pieces_keep_one(void *data, const uint8_t key[KEY], struct sv_bytes object)
{
	struct builder_pieces *pieces = data;
	pthread_mutex_lock(&pieces->lock);
	piece_add(pieces, key, object);
	pieces->head.made++;
	pthread_mutex_unlock(&pieces->lock);
}

bool builder_pieces_open(struct builder_pieces *pieces, struct sv_error *error)
{
	*pieces = (struct builder_pieces){
			.calls = {pieces_find, pieces_keep_one, pieces},
			.lock = PTHREAD_MUTEX_INITIALIZER,
			.before.limit = PIECES_MOST,
			.after.limit = PIECES_MOST,
	};
	return file_read_descriptor(PIECES_DESCRIPTOR, "kept pieces", &pieces->before, error) &&
			buffer_append(&pieces->after, &pieces->head, sizeof pieces->head, error);
}

bool builder_pieces_leave(struct builder_pieces *pieces, struct sv_error *error)
{
	struct sv_bytes left = buffer_view(&pieces->after);
	memcpy(pieces->after.data, &pieces->head, sizeof pieces->head);
	/* Nothing new, or too much of it: what there was stays. */
	if (!pieces->head.made || pieces->is_too_much)
		left.length = sizeof pieces->head;
	if (ftruncate(PIECES_DESCRIPTOR, 0) != 0)
		return sv_fail_errno(error, "cannot leave pieces");
	for (size_t at = 0; at < left.length;) {
		ssize_t count = pwrite(PIECES_DESCRIPTOR, left.data + at, left.length - at,
				(off_t)at);
		if (count <= 0)
			return sv_fail_errno(error, "cannot leave pieces");
		at += (size_t)count;
	}
	return true;
}

void builder_pieces_finish(struct builder_pieces *pieces)
{
	buffer_finish(&pieces->before);
	buffer_finish(&pieces->after);
	pthread_mutex_destroy(&pieces->lock);
}
