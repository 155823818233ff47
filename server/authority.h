/*
 * authority.h: a certificate authority of this machine, for one domain and nothing else. Its
 * certificate and key are files of a folder; the certificates it issues live in memory only.
 */
#ifndef SELVAGE_SERVER_AUTHORITY_H
#define SELVAGE_SERVER_AUTHORITY_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"
#include "server/certificate.h"

struct authority;

/*
 * Open the authority in `directory`. It is made, with ca.pem (0644) and ca-key.pem (0600), if it is
 * not there yet. It may issue for `domain` (dns_name.h) and what is below, and nothing else: its
 * certificate says so (nameConstraints). For "localhost" it may name the loopback addresses too.
 * NULL with `error` on failure: a key that others may read, an authority for another domain, one
 * half of the files, an expired one.
 */
struct authority *authority_open(const char *directory, const char *domain, struct sv_error *error);

/* NULL is allowed. */
void authority_free(struct authority *authority);

/* The domain, and the path of ca.pem for clients to trust; live as long as the authority. */
const char *authority_domain(const struct authority *authority);
const char *authority_path(const struct authority *authority);

/* Make a certificate with a new key for a name that is the domain or below it. */
SV_MUST_USE bool authority_issue(const struct authority *authority, const char *name,
		struct certificate *certificate, struct sv_error *error);

#endif
