/*
 * proof.h: whether a host name is a tenant's: whoever has the name can put a text under it, which
 * is told to the tenant, into the DNS. Any thread.
 */
#ifndef SELVAGE_PLATFORM_PROOF_H
#define SELVAGE_PLATFORM_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"
#include "platform/seal.h"

/* The label before the name, and bytes of a text with its NUL. */
#define PROOF_LABEL "_selvage"
#define PROOF_SIZE 41

struct proofs;

/* `servers`: "ADDR:PORT", separated by commas; NULL: the machine's. NULL with `error`. */
struct proofs *proofs_new(const char *servers, struct sv_error *error);

/* NULL is allowed. */
void proofs_free(struct proofs *proofs);

/* The text by which this tenant proves that it has this name; the same each time under one key. */
void proof_text(const struct seal_key *key, int64_t tenant, const char *host,
		char text[static PROOF_SIZE]);

enum proof {
	PROOF_WAITS = 0, /* ask again in a moment */
	PROOF_FOUND,
	PROOF_MISSING,
	PROOF_FAILED, /* nobody answers, or too many ask: the reason is in `error` */
};

/* Whether this text of the tenant's is under the name, as name servers say now; one at a time. */
enum proof proof_look(struct proofs *proofs, int64_t tenant, const char *host, const char *text,
		struct sv_error *error);

#endif
