/*
 * dns.h: questions to name servers, for guests. One thread asks all of them (c-ares); whoever
 * waits for an answer is woken and asks here again. No function here waits.
 *
 * Questions go to the machine's name servers, or to those that the operator names; what they
 * answer is not judged here. A guest's own questions go out as they are, but for their number.
 */
#ifndef SELVAGE_HOST_DNS_H
#define SELVAGE_HOST_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "host/host.h"

/* Questions of a process at once, and bytes of one. */
#define DNS_MOST 256u
#define DNS_MAX_QUESTION 512u

/* Bytes of a name, and addresses of one that are looked at. */
#define DNS_MAX_NAME 254u
#define DNS_MAX_ADDRESSES 64u

struct dns;
struct dns_query;

/* `servers`: "address:port", separated by commas; NULL: the machine's. NULL with `error`. */
struct dns *dns_new(const char *servers, struct sv_error *error);

/* End it, its thread too; every query must have been let go of. NULL is allowed. */
void dns_free(struct dns *dns);

/*
 * Ask: with a whole message, or for the addresses of a name. `waker` lives until the query is let
 * go of. NULL with the reason in `error`.
 */
struct dns_query *dns_ask(struct dns *dns, struct sv_bytes message, struct host_waker *waker,
		struct sv_error *error);
struct dns_query *dns_ask_addresses(struct dns *dns, struct sv_bytes name, bool is_v6,
		struct host_waker *waker, struct sv_error *error);

/* Let go of it, whatever its state. NULL is allowed. */
void dns_release(struct dns_query *query);

/* LATER: the waker will be woken; BROKEN: no server has answered. */
enum dns_progress { DNS_LATER = 0, DNS_READY, DNS_BROKEN };
enum dns_progress dns_answered(struct dns_query *query);

/* Of one that is READY: the message. */
struct sv_bytes dns_answer(const struct dns_query *query);

/* Of one that is READY: the addresses in it, each in the first 4 or 16 bytes; how many. */
size_t dns_addresses(const struct dns_query *query, uint8_t addresses[DNS_MAX_ADDRESSES][16]);

/* Of one that is BROKEN: why, in one line. */
const char *dns_failure(const struct dns_query *query);

#endif
