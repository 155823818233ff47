/*
 * proof.c: see proof.h. A question that is under way has a place in a table, where who asks again
 * finds it; what nobody has asked for again in a while makes room.
 */
#include "platform/proof.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/dns/dns.h"
#include "server/dns_name.h"
#include "server/loop.h"

/* Tenants that ask at once. */
enum { PLACES = 16 };

/* Nanoseconds after which nobody waits for an answer any more. */
static const uint64_t forgotten = UINT64_C(30000000000);

struct place {
	int64_t tenant; /* 0: it is free */
	char text[PROOF_SIZE];
	struct dns_query *query; /* owned */
	uint64_t asked; /* when it was looked at last */
};

struct proofs {
	struct dns *dns; /* owned */
	pthread_mutex_t lock;
	struct place places[PLACES];
};

struct proofs *proofs_new(const char *servers, struct sv_error *error)
{
	struct proofs *proofs = calloc(1, sizeof *proofs);
	if (!proofs) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for proofs of host names");
		return NULL;
	}
	pthread_mutex_init(&proofs->lock, NULL);
	proofs->dns = dns_new(servers, error);
	if (proofs->dns)
		return proofs;
	proofs_free(proofs);
	return NULL;
}

static void place_free(struct place *place)
{
	dns_release(place->query);
	*place = (struct place){0};
}

void proofs_free(struct proofs *proofs)
{
	if (!proofs)
		return;
	for (size_t i = 0; i < PLACES; i++)
		place_free(&proofs->places[i]);
	dns_free(proofs->dns);
	pthread_mutex_destroy(&proofs->lock);
	free(proofs);
}

void proof_text(const struct seal_key *key, int64_t tenant, const char *host,
		char text[static PROOF_SIZE])
{
	char purpose[64 + DNS_NAME_MOST];
	uint8_t digest[32];
	unsigned size = sizeof digest;
	int length = snprintf(purpose, sizeof purpose, "proof of a host name %" PRId64 " %s",
			tenant, host);
	/* Fails without memory, as everything would. */
	check(HMAC(EVP_sha256(), key->bytes, sizeof key->bytes, (const uint8_t *)purpose,
			      (size_t)length, digest, &size) != NULL);
	size_t at = (size_t)snprintf(text, PROOF_SIZE, "selvage=");
	for (size_t i = 0; at + 2 < PROOF_SIZE; i++, at += 2)
		snprintf(text + at, 3, "%02x", digest[i]);
}

/* ---- asking ---- */

static void wake_nobody(struct host_waker *waker)
{
	(void)waker; /* who waits looks again by itself */
}

static struct dns_query *question_ask(struct proofs *proofs, const char *host,
		struct sv_error *error)
{
	static struct host_waker waker = {wake_nobody};
	char name[DNS_NAME_MOST + sizeof PROOF_LABEL + 1];
	unsigned char *message = NULL;
	int length = 0;
	struct dns_query *query = NULL;
	snprintf(name, sizeof name, "%s.%s", PROOF_LABEL, host);
	if (ares_create_query(name, ns_c_in, ns_t_txt, 0, 1, &message, &length, 1232) ==
			ARES_SUCCESS)
		query = dns_ask(proofs->dns, (struct sv_bytes){message, (size_t)length}, &waker,
				error);
	else
		sv_fail(error, SV_ERROR_USAGE, "\"%s\" is too long to be asked for", name);
	ares_free_string(message);
	return query;
}

/* A tenant's, or a free one; NULL: there is none. */
static struct place *place_find(struct proofs *proofs, int64_t tenant)
{
	struct place *found = NULL;
	uint64_t now = clock_now();
	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &proofs->places[i];
		if (place->tenant && now - place->asked > forgotten)
			place_free(place);
		if (place->tenant == tenant)
			return place;
		if (!place->tenant)
			found = place;
	}
	return found;
}

/* One of the records is this text, in one piece or several. */
static bool answer_has(struct sv_bytes answer, const char *text)
{
	struct ares_txt_ext *records = NULL;
	char whole[PROOF_SIZE + 1] = "";
	size_t length = 0;
	bool found = false;
	if (ares_parse_txt_reply_ext(answer.data, (int)answer.length, &records) != ARES_SUCCESS)
		return false;
	for (const struct ares_txt_ext *record = records; record && !found; record = record->next) {
		length = record->record_start ? 0 : length;
		if (length + record->length < sizeof whole) {
			memcpy(whole + length, record->txt, record->length);
			length += record->length;
			whole[length] = '\0';
		} else {
			length = sizeof whole; /* too long, with whatever follows */
		}
		bool is_whole = !record->next || record->next->record_start;
		found = is_whole && length == strlen(text) && memcmp(whole, text, length) == 0;
	}
	ares_free_data(records);
	return found;
}

static enum proof place_look(struct place *place, struct sv_error *error)
{
	enum proof proof = PROOF_FAILED;
	switch (dns_answered(place->query)) {
	case DNS_LATER:
		place->asked = clock_now();
		return PROOF_WAITS;
	case DNS_READY:
		proof = answer_has(dns_answer(place->query), place->text) ? PROOF_FOUND
									  : PROOF_MISSING;
		break;
	case DNS_BROKEN:
		sv_fail(error, SV_ERROR_SYSTEM, "no answer from name servers: %s",
				dns_failure(place->query));
		break;
	}
	place_free(place);
	return proof;
}

enum proof proof_look(struct proofs *proofs, int64_t tenant, const char *host, const char *text,
		struct sv_error *error)
{
	enum proof proof = PROOF_FAILED;
	pthread_mutex_lock(&proofs->lock);
	struct place *place = place_find(proofs, tenant);
	if (!place) {
		sv_fail(error, SV_ERROR_LIMIT, "more than %d tenants prove host names, try again",
				PLACES);
	} else if (place->tenant && strcmp(place->text, text) != 0) {
		sv_fail(error, SV_ERROR_LIMIT,
				"another host name is being looked for: one at a time");
	} else if (place->tenant) {
		proof = place_look(place, error);
	} else {
		place->query = question_ask(proofs, host, error);
		if (place->query) {
			snprintf(place->text, sizeof place->text, "%s", text);
			place->tenant = tenant;
			place->asked = clock_now();
			proof = PROOF_WAITS;
		}
	}
	pthread_mutex_unlock(&proofs->lock);
	return proof;
}
