/*
 * certificate.h: a certificate with its chain and key, as OpenSSL has them.
 */
#ifndef SELVAGE_SERVER_CERTIFICATE_H
#define SELVAGE_SERVER_CERTIFICATE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* All zero is none. Owns what it points to. */
struct certificate {
	X509 *leaf;
	STACK_OF(X509) * chain; /* up to the root, which may be left out; NULL: empty */
	EVP_PKEY *key;
};

/* From the texts of PEM files: the leaf first, then its chain; the key without a password. */
SV_MUST_USE bool certificate_parse(struct certificate *certificate, struct sv_bytes chain,
		struct sv_bytes key, struct sv_error *error);

/* The same from files of at most 1 MiB; the report names the file. */
SV_MUST_USE bool certificate_read(struct certificate *certificate, const char *chain_path,
		const char *key_path, struct sv_error *error);

/* Another reference to the same; false, and nothing to release, if there is no memory. */
SV_MUST_USE bool certificate_share(const struct certificate *certificate, struct certificate *copy);

/* Release it; it is empty. */
void certificate_finish(struct certificate *certificate);

/* True if it is for this host: a DNS name (dns_name.h) or an address, without brackets. */
bool certificate_covers(const struct certificate *certificate, const char *host);

/* Fail with OpenSSL's last reason behind the text; clears its queue. Always false. */
bool openssl_fail(struct sv_error *error, const char *format, ...) SV_PRINTF(2, 3);

#endif
