/*
 * stores.c: stores of constant strings (fastly_dictionary, fastly_config_store) and of secrets
 * (fastly_secret_store).
 */
#include <string.h>

#include "host/fastly/fastly.h"
#include "host/fastly/settings.h"

/* ---- dictionaries and config stores, which are the same ---- */

static enum fastly_status store_open(struct fastly_call *call, const struct fastly_stores *stores,
		enum fastly_status unknown)
{
	struct sv_bytes name;
	if (!fastly_bytes(call, 0, &name))
		return FASTLY_INVAL;
	int number = fastly_stores_find(stores, name);
	return number < 0 ? unknown : fastly_give_u32(call, 2, (uint32_t)number);
}

/* What the key of arguments 1 and 2 stands for in the store that argument 0 is. */
static enum fastly_status store_get(struct fastly_call *call, const struct fastly_stores *stores,
		struct sv_bytes *value)
{
	uint32_t number = fastly_argument(call, 0);
	struct sv_bytes key;
	if (number >= stores->count)
		return FASTLY_BADF;
	if (!fastly_bytes(call, 1, &key))
		return FASTLY_INVAL;
	*value = fastly_stores_get(stores, number, key);
	return value->data ? FASTLY_OK : FASTLY_NONE;
}

static enum fastly_status config_open(struct fastly_call *call)
{
	return store_open(call, &call->guest->settings->config, FASTLY_BADF);
}

static enum fastly_status config_get(struct fastly_call *call)
{
	struct sv_bytes value;
	enum fastly_status status = store_get(call, &call->guest->settings->config, &value);
	return status == FASTLY_OK ? fastly_give(call, 3, value) : status;
}

enum fastly_status fastly_dictionary_open(struct fastly_call *call)
{
	return config_open(call);
}

enum fastly_status fastly_dictionary_get(struct fastly_call *call)
{
	return config_get(call);
}

enum fastly_status fastly_config_store_open(struct fastly_call *call)
{
	return config_open(call);
}

enum fastly_status fastly_config_store_get(struct fastly_call *call)
{
	return config_get(call);
}

/* ---- secrets ---- */

enum fastly_status fastly_secret_store_open(struct fastly_call *call)
{
	return store_open(call, &call->guest->settings->secrets, FASTLY_NONE);
}

/* A secret of a store has the same handle each time. */
static enum fastly_status secret_give(struct fastly_call *call, unsigned index,
		struct sv_bytes text)
{
	struct fastly_guest *guest = call->guest;
	uint32_t handle = 0;
	while (handle < guest->secret_count && guest->secrets[handle].text.data != text.data)
		handle++;
	if (handle == FASTLY_MAX_OPEN)
		return FASTLY_LIMITEXCEEDED;
	enum fastly_status status = fastly_give_u32(call, index, handle);
	if (status != FASTLY_OK || handle < guest->secret_count)
		return status;
	guest->secrets[guest->secret_count++].text = text;
	return FASTLY_OK;
}

enum fastly_status fastly_secret_store_get(struct fastly_call *call)
{
	struct sv_bytes text;
	enum fastly_status status = store_get(call, &call->guest->settings->secrets, &text);
	return status == FASTLY_OK ? secret_give(call, 3, text) : status;
}

enum fastly_status fastly_secret_store_plaintext(struct fastly_call *call)
{
	uint32_t handle = fastly_argument(call, 0);
	if (handle >= call->guest->secret_count)
		return FASTLY_BADF;
	return fastly_give(call, 1, call->guest->secrets[handle].text);
}

enum fastly_status fastly_secret_store_from_bytes(struct fastly_call *call)
{
	struct fastly_guest *guest = call->guest;
	struct sv_bytes bytes;
	if (!fastly_bytes(call, 0, &bytes) || !fastly_is_place(call, 2, sizeof(uint32_t)))
		return FASTLY_INVAL;
	if (guest->secret_count == FASTLY_MAX_OPEN || !fastly_may_hold(guest, bytes.length + 1))
		return FASTLY_LIMITEXCEEDED;
	struct buffer *own = &guest->secrets[guest->secret_count].own;
	/* A byte more, so that each secret is somewhere. */
	if (!buffer_reserve(own, bytes.length + 1, NULL) ||
			!buffer_append(own, bytes.data, bytes.length, NULL))
		return FASTLY_ERROR;
	guest->held += bytes.length;
	return secret_give(call, 2, buffer_view(own));
}

void fastly_close_secrets(struct fastly_guest *guest)
{
	for (uint32_t i = 0; i < guest->secret_count; i++) {
		struct fastly_secret *secret = &guest->secrets[i];
		guest->held -= secret->own.length;
		if (secret->own.capacity)
			explicit_bzero(secret->own.data, secret->own.capacity);
		buffer_finish(&secret->own);
		secret->text = (struct sv_bytes){0};
	}
	guest->secret_count = 0;
}
