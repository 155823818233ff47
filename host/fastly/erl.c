/*
 * erl.c: rate counters and penalty boxes (fastly_erl). They need no declaration: naming one makes
 * it. Rates are averages over the window.
 */
#include "host/fastly/fastly.h"
#include "host/fastly/service.h"
#include "host/rates.h"

/* Seconds in a box: whole minutes, up to an hour. */
#define MIN_PENALTY 60u
#define MAX_PENALTY 3600u

static bool name_read(struct fastly_call *call, unsigned index, struct sv_bytes *name)
{
	return fastly_bytes(call, index, name) && name->length && name->length <= RATES_MAX_NAME;
}

/* The name that argument `index` is, and the entry behind it. */
static bool key_read(struct fastly_call *call, unsigned index, struct rates_key *key)
{
	return name_read(call, index, &key->name) && name_read(call, index + 2, &key->entry);
}

static bool window_is_valid(uint32_t seconds)
{
	return seconds == 1 || seconds == 10 || seconds == 60;
}

static bool penalty_is_valid(uint32_t seconds)
{
	return seconds >= MIN_PENALTY && seconds <= MAX_PENALTY;
}

static uint64_t penalty_end(uint32_t seconds, uint64_t now)
{
	return now + (uint64_t)(seconds / 60 * 60) * UINT64_C(1000000000);
}

static uint32_t saturated(uint64_t number)
{
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

enum fastly_status fastly_erl_ratecounter_increment(struct fastly_call *call)
{
	struct rates_key counter;
	if (!key_read(call, 0, &counter))
		return FASTLY_INVAL;
	return rates_add(call->guest->service->rates, counter, fastly_argument(call, 4), host_now())
			? FASTLY_OK
			: FASTLY_ERROR;
}

enum fastly_status fastly_erl_ratecounter_lookup_rate(struct fastly_call *call)
{
	struct rates_key counter;
	uint32_t window = fastly_argument(call, 4);
	if (!key_read(call, 0, &counter) || !window_is_valid(window))
		return FASTLY_INVAL;
	uint64_t count = rates_count(call->guest->service->rates, counter, window, host_now());
	return fastly_give_u32(call, 5, saturated(count / window));
}

enum fastly_status fastly_erl_ratecounter_lookup_count(struct fastly_call *call)
{
	struct rates_key counter;
	uint32_t seconds = fastly_argument(call, 4);
	if (!key_read(call, 0, &counter) || !seconds || seconds > RATES_MAX_WINDOW || seconds % 10)
		return FASTLY_INVAL;
	uint64_t count = rates_count(call->guest->service->rates, counter, seconds, host_now());
	return fastly_give_u32(call, 5, saturated(count));
}

enum fastly_status fastly_erl_penaltybox_add(struct fastly_call *call)
{
	struct rates_key box;
	uint32_t seconds = fastly_argument(call, 4);
	if (!key_read(call, 0, &box) || !penalty_is_valid(seconds))
		return FASTLY_INVAL;
	return rates_punish(call->guest->service->rates, box, penalty_end(seconds, host_now()))
			? FASTLY_OK
			: FASTLY_ERROR;
}

enum fastly_status fastly_erl_penaltybox_has(struct fastly_call *call)
{
	struct rates_key box;
	if (!key_read(call, 0, &box))
		return FASTLY_INVAL;
	return fastly_give_u32(call, 4,
			rates_is_punished(call->guest->service->rates, box, host_now()));
}

/* Who is in the box stays there; who comes too often gets there. */
enum fastly_status fastly_erl_check_rate(struct fastly_call *call)
{
	struct rates *rates = call->guest->service->rates;
	struct rates_key counter, box;
	uint32_t window = fastly_argument(call, 5), seconds = fastly_argument(call, 9);
	uint64_t now = host_now();
	if (!key_read(call, 0, &counter) || !name_read(call, 7, &box.name) ||
			!window_is_valid(window) || !penalty_is_valid(seconds) ||
			!fastly_is_place(call, 10, sizeof(uint32_t)))
		return FASTLY_INVAL;
	box.entry = counter.entry;
	if (!rates_add(rates, counter, fastly_argument(call, 4), now))
		return FASTLY_ERROR;
	bool is_blocked = rates_is_punished(rates, box, now);
	bool is_over = rates_count(rates, counter, window, now) >
			(uint64_t)fastly_argument(call, 6) * window;
	if (!is_blocked && is_over && !rates_punish(rates, box, penalty_end(seconds, now)))
		return FASTLY_ERROR;
	return fastly_give_u32(call, 10, is_blocked || is_over);
}
