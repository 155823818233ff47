/*
 * dns.c: the asker's side of questions.
 */
#include "host/dns/dns.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "host/dns/inner.h"

/* RFC 1035, section 4.1.1: number, flags, four counts. */
enum { HEADER_SIZE = 12, FLAGS_AT = 2, QUESTIONS_AT = 4 };

/* Bytes of an answer by UDP; what is longer comes by TCP. */
static const int udp_size = 1232;

struct dns *dns_new(const char *servers, struct sv_error *error)
{
	struct dns *dns = calloc(1, sizeof *dns);
	if (dns) {
		pthread_mutex_init(&dns->lock, NULL);
		dns->poller = dns->event = -1;
		dns->servers = servers ? strdup(servers) : NULL;
		if (dns->servers || !servers)
			return dns;
		dns_free(dns);
	}
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for questions to name servers");
	return NULL;
}

void dns_free(struct dns *dns)
{
	if (!dns)
		return;
	dns_thread_end(dns);
	check(dns->count == 0);
	pthread_mutex_destroy(&dns->lock);
	free(dns->servers);
	free(dns);
}

void dns_query_free(struct dns_query *query)
{
	buffer_finish(&query->question);
	buffer_finish(&query->answer);
	free(query);
}

/* ---- asking ---- */

static bool dns_submit(struct dns *dns, struct dns_query *query, struct sv_error *error)
{
	pthread_mutex_lock(&dns->lock);
	bool has_room = dns->count < DNS_MOST;
	bool is_started = has_room && dns_thread_start(dns, error);
	if (is_started) {
		dns->count++;
		query->next = dns->wanting;
		dns->wanting = query;
		dns_thread_wake(dns);
	}
	pthread_mutex_unlock(&dns->lock);
	return is_started ||
			sv_fail(error, SV_ERROR_LIMIT,
					"more than %u questions to name servers at once", DNS_MOST);
}

/* Its number becomes a random one, which nobody else can guess. */
static struct dns_query *dns_begin(struct dns *dns, struct sv_bytes message, bool is_v6,
		struct host_waker *waker, struct sv_error *error)
{
	struct dns_query *query = calloc(1, sizeof *query);
	if (!query || !buffer_append(&query->question, message.data, message.length, error)) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a question to name servers");
		free(query);
		return NULL;
	}
	query->dns = dns;
	query->waker = waker;
	query->is_v6 = is_v6;
	memcpy(query->number, message.data, sizeof query->number);
	if (getrandom(query->question.data, sizeof query->number, 0) !=
			(ssize_t)sizeof query->number)
		sv_fail_errno(error, "no random numbers");
	else if (dns_submit(dns, query, error))
		return query;
	dns_query_free(query);
	return NULL;
}

struct dns_query *dns_ask(struct dns *dns, struct sv_bytes message, struct host_waker *waker,
		struct sv_error *error)
{
	if (message.length < HEADER_SIZE || message.length > DNS_MAX_QUESTION) {
		sv_fail(error, SV_ERROR_INVALID,
				"a message to name servers of %zu bytes; %u to %u are allowed",
				message.length, (unsigned)HEADER_SIZE, DNS_MAX_QUESTION);
		return NULL;
	}
	/* QR and OPCODE: a query of the standard kind, neither an answer nor an update. */
	if ((message.data[FLAGS_AT] & 0xf8) != 0 || message.data[QUESTIONS_AT] != 0 ||
			message.data[QUESTIONS_AT + 1] != 1) {
		sv_fail(error, SV_ERROR_INVALID,
				"a message to name servers that is no query with one question");
		return NULL;
	}
	return dns_begin(dns, message, false, waker, error);
}

struct dns_query *dns_ask_addresses(struct dns *dns, struct sv_bytes name, bool is_v6,
		struct host_waker *waker, struct sv_error *error)
{
	char text[DNS_MAX_NAME + 1];
	unsigned char *message = NULL;
	int length;
	struct dns_query *query = NULL;
	bool is_text = name.length && name.length <= DNS_MAX_NAME &&
			!memchr(name.data, '\0', name.length);
	if (is_text) {
		memcpy(text, name.data, name.length);
		text[name.length] = '\0';
	}
	if (is_text &&
			ares_create_query(text, ns_c_in, is_v6 ? ns_t_aaaa : ns_t_a, 0, 1, &message,
					&length, udp_size) == ARES_SUCCESS)
		query = dns_begin(dns, (struct sv_bytes){message, (size_t)length}, is_v6, waker,
				error);
	else
		sv_fail(error, SV_ERROR_INVALID, "not a name of 1 to %u bytes", DNS_MAX_NAME);
	ares_free_string(message);
	return query;
}

/* ---- what became of it ---- */

void dns_release(struct dns_query *query)
{
	if (!query)
		return;
	struct dns *dns = query->dns;
	pthread_mutex_lock(&dns->lock);
	bool is_done = query->is_done;
	query->waker = NULL;
	pthread_mutex_unlock(&dns->lock);
	if (is_done)
		dns_query_free(query);
}

enum dns_progress dns_answered(struct dns_query *query)
{
	pthread_mutex_lock(&query->dns->lock);
	bool is_done = query->is_done;
	query->is_awaited = !is_done;
	pthread_mutex_unlock(&query->dns->lock);
	if (!is_done)
		return DNS_LATER;
	return query->failure ? DNS_BROKEN : DNS_READY;
}

struct sv_bytes dns_answer(const struct dns_query *query)
{
	return buffer_view(&query->answer);
}

size_t dns_addresses(const struct dns_query *query, uint8_t addresses[DNS_MAX_ADDRESSES][16])
{
	struct ares_addrttl four[DNS_MAX_ADDRESSES];
	struct ares_addr6ttl six[DNS_MAX_ADDRESSES];
	int count = (int)DNS_MAX_ADDRESSES, length = (int)query->answer.length;
	int status = query->is_v6
			? ares_parse_aaaa_reply(query->answer.data, length, NULL, six, &count)
			: ares_parse_a_reply(query->answer.data, length, NULL, four, &count);
	if (status != ARES_SUCCESS)
		return 0;
	for (int i = 0; i < count; i++) {
		if (query->is_v6)
			memcpy(addresses[i], &six[i].ip6addr, sizeof six[i].ip6addr);
		else
			memcpy(addresses[i], &four[i].ipaddr, sizeof four[i].ipaddr);
	}
	return (size_t)count;
}

const char *dns_failure(const struct dns_query *query)
{
	return ares_strerror(query->failure);
}
