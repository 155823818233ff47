/*
 * server_stay.c: what a guest that gets another request has of it, and no longer has of the one
 * before.
 */
#include "server/stay.h"

#include "server/limits.h"
#include "tests/lib/test.h"

TEST(a_guest_with_another_request_has_spent_nothing_of_it)
{
	struct server_limits limits;
	server_limits_init(&limits);
	struct guest *guest = stay_guest_new(&limits);
	struct exchange *exchange = exchange_new(&limits);
	if (!guest || !exchange)
		abort();
	CHECK_EQ(guest->call.next_time, limits.next_time);
	guest->call.cpu_used = guest->call.outbound_requests = guest->call.outbound_bytes = 7;
	exchange->deadline = 12345;
	stay_attach(guest, exchange);
	CHECK(!stay_is_detached(guest));
	CHECK(guest->call.request == &exchange->request && guest->call.stream == &exchange->stream);
	CHECK(guest->call.response == &exchange->response);
	CHECK(guest->call.outcome == &exchange->outcome);
	CHECK_EQ(guest->call.deadline, 12345);
	CHECK_EQ(guest->call.cpu_used, 0);
	CHECK_EQ(guest->call.outbound_requests, 0);
	CHECK_EQ(guest->call.outbound_bytes, 0);
	exchange_free(exchange);
	stay_guest_free(guest);
}

TEST(what_is_offered_is_withdrawn_once)
{
	struct stay_list list;
	struct guest_desk desks[3] = {0};
	stay_list_init(&list);
	for (size_t i = 0; i < 3; i++)
		stay_offer(&list, &desks[i]);
	CHECK(stay_withdraw(&list, &desks[1]));
	CHECK(!stay_withdraw(&list, &desks[1]));
	CHECK(stay_withdraw(&list, &desks[2]));
	CHECK(stay_withdraw(&list, &desks[0]));
	CHECK(!list.first);
	stay_list_finish(&list);
}

TEST_MAIN()
