/*
 * unpack.h: bodies of backends that are compressed, and that the guest wants as they were.
 */
#ifndef SELVAGE_HOST_FASTLY_UNPACK_H
#define SELVAGE_HOST_FASTLY_UNPACK_H

#include "host/fastly/flow.h"

/* What one takes, roughly; counted in what the guest holds. */
#define UNPACK_BYTES (64u * 1024)

struct fastly_unpack;

/* Where it takes from, as flow_take. */
typedef enum flow_progress (*unpack_source)(struct fastly_guest *guest, struct fastly_body *body,
		uint8_t *to, size_t room, size_t *count);

/* NULL: no memory. Freeing NULL is allowed. */
struct fastly_unpack *unpack_new(void);
void unpack_free(struct fastly_unpack *unpack);

/* As flow_take, of what `source` brings; BROKEN also if that is no gzip, or ends within it. */
enum flow_progress unpack_take(struct fastly_guest *guest, struct fastly_body *body,
		unpack_source source, uint8_t *to, size_t room, size_t *count);

/* READY if there may be something without anything more from the source. */
enum flow_progress unpack_readable(const struct fastly_unpack *unpack);

/* True if it was BROKEN because of what the source brought. */
bool unpack_is_wrong(const struct fastly_unpack *unpack);

#endif
