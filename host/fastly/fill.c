/*
 * fill.c: see fill.h. What is kept and for how long is what the response says (http_rules.c), but
 * for what its request overrides.
 */
#include "host/fastly/fill.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "host/fastly/fields.h"
#include "host/fastly/http_rules.h"
#include "host/fastly/http_stored.h"

#define SECOND UINT64_C(1000000000)

struct fill {
	atomic_uint users; /* the guest and the thread */
	struct cache_lookup lookup;
	struct fastly_override override;
	enum fill_outcome outcome;
	struct cache_object *object; /* one use of it is ours */
	bool is_writing;             /* the object's body is not whole */
	uint64_t written;
};

struct fill *fill_new(struct cache_lookup *lookup, const struct fastly_override *override)
{
	struct fill *fill = calloc(1, sizeof *fill);
	if (!fill)
		return NULL;
	fill->override = *override;
	fill->override.surrogates = (struct buffer){0};
	if (!buffer_append(&fill->override.surrogates, override->surrogates.data,
			    override->surrogates.length, NULL)) {
		free(fill);
		return NULL;
	}
	fill->lookup = *lookup;
	*lookup = (struct cache_lookup){0};
	atomic_init(&fill->users, 2);
	return fill;
}

void fill_release(struct fill *fill)
{
	if (!fill || atomic_fetch_sub(&fill->users, 1) != 1)
		return;
	cache_object_release(fill->object);
	cache_lookup_finish(&fill->lookup);
	buffer_finish(&fill->override.surrogates);
	free(fill);
}

enum fill_outcome fill_outcome(const struct fill *fill)
{
	return fill->outcome;
}

struct cache_object *fill_object(const struct fill *fill)
{
	return fill->object;
}

const struct cache_lookup *fill_lookup(const struct fill *fill)
{
	return &fill->lookup;
}

/* ---- what is stored ---- */

/* Texts that a write points to. */
struct texts {
	struct buffer head, vary, surrogates;
};

static void texts_finish(struct texts *texts)
{
	buffer_finish(&texts->head);
	buffer_finish(&texts->vary);
	buffer_finish(&texts->surrogates);
}

/* Those of the response, and those of the request. */
static bool surrogates_make(const struct fill *fill, const struct host_response *head,
		struct buffer *list)
{
	struct sv_bytes own = buffer_view(&fill->override.surrogates);
	for (size_t i = 0; i < head->field_count; i++) {
		struct host_header field = host_response_field(head, i);
		if (!host_name_equal(field.name, host_text("Surrogate-Key")))
			continue;
		TRY(buffer_append(list, field.value.data, field.value.length, NULL));
		TRY(buffer_append(list, " ", 1, NULL));
	}
	return buffer_append(list, own.data, own.length, NULL);
}

static bool write_make(const struct fill *fill, const struct host_response *head,
		struct texts *texts, struct cache_write *write)
{
	const struct fastly_override *override = &fill->override;
	struct http_freshness fresh = http_freshness_of(head);
	int64_t length = fastly_fields_length(head);
	uint64_t ttl = override->has_ttl ? override->ttl + fresh.age : fresh.max_age;
	uint64_t stale = override->has_stale_while ? override->stale_while : fresh.stale_while;
	*texts = (struct texts){{.limit = CACHE_MAX_METADATA}, {.limit = CACHE_MAX_VARY},
			{.limit = CACHE_MAX_SURROGATES}};
	if (!http_head_write(head, &texts->head) || !http_vary_of(head, &texts->vary) ||
			!surrogates_make(fill, head, &texts->surrogates))
		return false;
	*write = (struct cache_write){
			.max_age = ttl * SECOND,
			.initial_age = fresh.age * SECOND,
			.stale_while = stale * SECOND,
			.stale_if_error = fresh.stale_if_error * SECOND,
			.length = length,
			.is_sensitive = override->is_sensitive,
			.vary = buffer_view(&texts->vary),
			.surrogates = buffer_view(&texts->surrogates),
			.metadata = buffer_view(&texts->head),
	};
	return true;
}

/* The response goes to the guest alone; who waits for it too makes a request of its own. */
static bool fill_pass(struct fill *fill, const struct host_response *head, bool is_refused)
{
	struct http_freshness fresh = http_freshness_of(head);
	const struct cache_write refusal = {.length = -1,
			.is_refusal = true,
			.max_age = (fresh.max_age ? fresh.max_age : HTTP_DEFAULT_SECONDS) * SECOND};
	struct cache_object *object = NULL;
	if (is_refused && cache_insert(&fill->lookup, &refusal, host_now(), &object) == CACHE_READY)
		cache_write_end(object);
	else
		cache_cancel(&fill->lookup);
	cache_object_release(object);
	fill->outcome = FILL_PASSED;
	return false;
}

/* What there was, for who would else see an error. False: there is nothing that may be used. */
static bool fill_stay(struct fill *fill, bool is_valid)
{
	if (!is_valid && !cache_choose_stale(&fill->lookup, host_now()))
		return false;
	fill->object = cache_object_use(fill->lookup.object);
	fill->outcome = FILL_STALE;
	cache_cancel(&fill->lookup);
	return true;
}

static bool fill_store(struct fill *fill, const struct host_response *head)
{
	struct texts texts;
	struct cache_write write;
	bool is_stored = write_make(fill, head, &texts, &write) &&
			cache_insert(&fill->lookup, &write, host_now(), &fill->object) ==
					CACHE_READY;
	texts_finish(&texts);
	if (!is_stored)
		return fill_pass(fill, head, false);
	fill->is_writing = true;
	fill->outcome = FILL_KEPT;
	return true;
}

/* The backend has the same: with news about it, or else as it was. */
static bool fill_update(struct fill *fill, const struct host_response *news)
{
	struct host_response head = {0};
	struct texts texts = {0};
	struct cache_write write;
	bool is_updated = http_head_read(fill->lookup.object->metadata, &head) &&
			http_head_merge(&head, news) && write_make(fill, &head, &texts, &write) &&
			cache_update(&fill->lookup, &write, host_now()) == CACHE_READY;
	texts_finish(&texts);
	host_response_finish(&head);
	if (!is_updated)
		return fill_stay(fill, true);
	fill->object = cache_object_use(fill->lookup.object);
	fill->outcome = FILL_KEPT;
	return true;
}

/* ---- the tap ---- */

static bool fill_decide(struct fill *fill, const struct host_response *head)
{
	enum http_action action = http_action_of(head, fill->override.has_ttl);
	int64_t length = fastly_fields_length(head);
	if (head->status == 304 && fill->lookup.object)
		return fill_update(fill, head);
	if (action == HTTP_DO_NOT_STORE && fill_stay(fill, false))
		return true;
	if (action != HTTP_INSERT || length > (int64_t)FILL_MOST)
		return fill_pass(fill, head, action == HTTP_RECORD_UNCACHEABLE);
	return fill_store(fill, head);
}

static bool tap_answered(void *data, const struct host_response *head)
{
	struct fill *fill = data;
	bool is_taken = fill_decide(fill, head);
	if (!is_taken)
		fill_release(fill);
	return is_taken;
}

static bool tap_took(void *data, struct sv_bytes bytes)
{
	struct fill *fill = data;
	/* Of an answer in whose place another one is given. */
	if (!fill->is_writing)
		return true;
	fill->written += bytes.length;
	return fill->written <= FILL_MOST && cache_write(fill->object, bytes) == CACHE_READY;
}

static void tap_ended(void *data, bool is_whole)
{
	struct fill *fill = data;
	if (fill->outcome == FILL_OPEN && !fill_stay(fill, false))
		cache_cancel(&fill->lookup);
	if (fill->is_writing && is_whole)
		cache_write_end(fill->object);
	else if (fill->is_writing)
		cache_write_break(fill->object);
	fill_release(fill);
}

const struct fetch_tap fill_tap = {tap_answered, tap_took, tap_ended};
