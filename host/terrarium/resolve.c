/*
 * resolve.c: hostcalls that ask name servers.
 */
#include "host/dns/dns.h"
#include "host/outbound.h"
#include "host/terrarium/terrarium.h"

/* It counts as a request to elsewhere, until it is let go of. */
static struct dns_query *question_begin(struct terrarium_guest *guest, struct sv_bytes message,
		struct sv_error *error)
{
	if (!host_outbound_enter(guest->call, error))
		return NULL;
	struct dns_query *query =
			dns_ask(guest->service->dns, message, guest->call->waker, error);
	if (!query)
		host_outbound_leave(guest->call->guest->outbound);
	return query;
}

static struct dns_query *question_begin_addresses(struct terrarium_guest *guest,
		struct sv_bytes name, bool is_v6, struct sv_error *error)
{
	if (!host_outbound_enter(guest->call, error))
		return NULL;
	struct dns_query *query = dns_ask_addresses(guest->service->dns, name, is_v6,
			guest->call->waker, error);
	if (!query)
		host_outbound_leave(guest->call->guest->outbound);
	return query;
}

void terrarium_forget_question(struct terrarium_guest *guest)
{
	if (guest->query)
		host_outbound_leave(guest->call->guest->outbound);
	dns_release(guest->query);
	guest->query = NULL;
}

/*
 * Whether the answer to the guest's question is there. Otherwise `result` is what its hostcall
 * ends with: it waits, or there is none and a line in the log says why.
 */
static bool answer_is_there(struct terrarium_guest *guest, struct dns_query *query,
		const struct sv_error *error, union sv_value *values, enum sv_host_result *result)
{
	enum dns_progress progress = query ? dns_answered(query) : DNS_BROKEN;
	guest->query = query;
	*result = SV_HOST_OK;
	if (progress == DNS_READY)
		return true;
	if (progress == DNS_LATER) {
		*result = terrarium_wait(guest);
		return false;
	}
	terrarium_tell(guest, "no answer from name servers: %s",
			query ? dns_failure(query) : error->text);
	terrarium_forget_question(guest);
	values[0].i32 = 0;
	return false;
}

static enum sv_host_result answer_given(struct terrarium_guest *guest, bool is_given,
		union sv_value *values)
{
	terrarium_forget_question(guest);
	values[0].i32 = 1;
	return terrarium_end(is_given);
}

/* Arguments: where the message goes, where its length goes, query, length. */
enum sv_host_result terrarium_dns_query_raw(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	uint32_t pointer_out = terrarium_argument(values, 0),
		 length_out = terrarium_argument(values, 1);
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes message;
	enum sv_host_result result;
	if (!terrarium_may_change(caller) || !terrarium_is_place(caller, pointer_out) ||
			!terrarium_is_place(caller, length_out) ||
			!terrarium_view(caller, terrarium_argument(values, 2),
					terrarium_argument(values, 3), &message))
		return SV_HOST_TRAP;
	struct dns_query *query = terrarium_is_again(guest)
			? guest->query
			: question_begin(guest, message, &error);
	if (!answer_is_there(guest, query, &error, values, &result))
		return result;
	return answer_given(guest,
			terrarium_give(caller, dns_answer(query), pointer_out, length_out), values);
}

/* Arguments: where the list goes, where its length goes, name, length, whether of IPv6. */
enum sv_host_result terrarium_dns_query_ip(struct sv_caller *caller, union sv_value *values)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	uint32_t pointer_out = terrarium_argument(values, 0),
		 count_out = terrarium_argument(values, 1);
	bool is_v6 = terrarium_argument(values, 4) != 0;
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes name, items[DNS_MAX_ADDRESSES];
	uint8_t addresses[DNS_MAX_ADDRESSES][16];
	enum sv_host_result result;
	if (!terrarium_may_change(caller) || !terrarium_is_place(caller, pointer_out) ||
			!terrarium_is_place(caller, count_out) ||
			!terrarium_view(caller, terrarium_argument(values, 2),
					terrarium_argument(values, 3), &name))
		return SV_HOST_TRAP;
	struct dns_query *query = terrarium_is_again(guest)
			? guest->query
			: question_begin_addresses(guest, name, is_v6, &error);
	if (!answer_is_there(guest, query, &error, values, &result))
		return result;
	size_t count = dns_addresses(query, addresses);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct sv_bytes){addresses[i], is_v6 ? 16 : 4};
	bool is_given = terrarium_give_list(caller, items, (uint32_t)count, pointer_out, count_out);
	result = answer_given(guest, is_given, values);
	if (result == SV_HOST_OK)
		values[0].i32 = count > 0;
	return result;
}
