/*
 * changes.c: fields of responses that have not come yet (fastly_http_req.pending_req_header_insert
 * and its relatives).
 */
#include "host/fastly/changes.h"

#include <stdlib.h>

#include "host/fastly/fields.h"
#include "host/fastly/pending.h"

/* Of the response, and of the one that stands for it if there is none. */
enum { OF_RESPONSE, OF_ERROR, KINDS };

/* Names of which all fields go, then fields that come. */
struct fastly_changes {
	struct {
		struct fastly_fields removed, added;
	} of[KINDS];
};

static struct fastly_changes *changes_of(struct fastly_pending *pending)
{
	if (pending->changes)
		return pending->changes;
	pending->changes = calloc(1, sizeof *pending->changes);
	for (int i = 0; pending->changes && i < KINDS; i++) {
		fastly_fields_reset(&pending->changes->of[i].removed);
		fastly_fields_reset(&pending->changes->of[i].added);
	}
	return pending->changes;
}

void fastly_changes_free(struct fastly_guest *guest, struct fastly_changes *changes)
{
	for (int i = 0; changes && i < KINDS; i++) {
		guest->held -= changes->of[i].removed.counted + changes->of[i].added.counted;
		host_response_finish(&changes->of[i].removed.head);
		host_response_finish(&changes->of[i].added.head);
	}
	free(changes);
}

bool fastly_changes_apply(const struct fastly_changes *changes, bool is_error,
		struct host_response *head)
{
	const struct host_response *removed, *added;
	if (!changes)
		return true;
	removed = &changes->of[is_error ? OF_ERROR : OF_RESPONSE].removed.head;
	added = &changes->of[is_error ? OF_ERROR : OF_RESPONSE].added.head;
	for (size_t i = 0; i < removed->field_count; i++)
		host_response_remove(head, host_response_field(removed, i).name, head->field_count);
	for (size_t i = 0; i < added->field_count; i++) {
		struct host_header field = host_response_field(added, i);
		TRY(host_response_add(head, field.name, field.value, NULL));
	}
	return true;
}

/* A change: a name of which nothing stays, a field that comes, or both. */
struct change {
	struct sv_bytes name, value;
	bool removes, adds;
};

static enum fastly_status fields_put(struct fastly_guest *guest, struct fastly_fields *fields,
		struct sv_bytes name, struct sv_bytes value)
{
	struct sv_error error = SV_ERROR_INIT;
	if (!fastly_may_hold(guest, name.length + value.length + sizeof *fields->head.fields))
		return FASTLY_LIMITEXCEEDED;
	bool is_put = host_response_add(&fields->head, name, value, &error);
	fastly_fields_count(guest, fields);
	if (is_put)
		return FASTLY_OK;
	return error.code == SV_ERROR_LIMIT ? FASTLY_HTTPHEADTOOLARGE : FASTLY_INVAL;
}

static enum fastly_status change_note(struct fastly_guest *guest, struct fastly_changes *changes,
		int kind, const struct change *change)
{
	struct fastly_fields *removed = &changes->of[kind].removed;
	struct fastly_fields *added = &changes->of[kind].added;
	enum fastly_status status = FASTLY_OK;
	if (change->removes) {
		host_response_remove(&added->head, change->name, added->head.field_count);
		host_response_remove(&removed->head, change->name, removed->head.field_count);
		status = fields_put(guest, removed, change->name, host_text(""));
	}
	if (status == FASTLY_OK && change->adds)
		status = fields_put(guest, added, change->name, change->value);
	return status;
}

/* Names and values are looked at before anything changes; argument `target` says of which. */
static enum fastly_status change_make(struct fastly_call *call, unsigned target,
		struct change *change)
{
	enum { TARGET_ANY = 0, TARGET_RESPONSE, TARGET_ERROR };
	struct host_response trial = {0};
	uint32_t of = fastly_argument(call, target);
	struct fastly_pending *pending = fastly_pending_of(call->guest, fastly_argument(call, 0));
	if (!pending)
		return FASTLY_BADF;
	if (of > TARGET_ERROR || !fastly_bytes(call, 1, &change->name) ||
			(change->adds && !fastly_bytes(call, 3, &change->value)))
		return FASTLY_INVAL;
	if (change->name.length + change->value.length > FASTLY_MAX_FIELD_BYTES)
		return FASTLY_HTTPHEADTOOLARGE;
	bool is_valid = host_response_add(&trial, change->name, change->value, NULL);
	host_response_finish(&trial);
	if (!is_valid)
		return FASTLY_INVAL;
	struct fastly_changes *changes = changes_of(pending);
	enum fastly_status status = changes ? FASTLY_OK : FASTLY_ERROR;
	if (status == FASTLY_OK && of != TARGET_ERROR)
		status = change_note(call->guest, changes, OF_RESPONSE, change);
	if (status == FASTLY_OK && of != TARGET_RESPONSE)
		status = change_note(call->guest, changes, OF_ERROR, change);
	return status;
}

enum fastly_status fastly_http_req_pending_req_header_insert(struct fastly_call *call)
{
	struct change change = {.removes = true, .adds = true};
	return change_make(call, 5, &change);
}

enum fastly_status fastly_http_req_pending_req_header_append(struct fastly_call *call)
{
	struct change change = {.adds = true};
	return change_make(call, 5, &change);
}

enum fastly_status fastly_http_req_pending_req_header_remove(struct fastly_call *call)
{
	struct change change = {.removes = true};
	return change_make(call, 3, &change);
}
