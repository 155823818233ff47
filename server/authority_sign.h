/*
 * authority_sign.h: making certificates: that of an authority for one domain, and those it issues.
 */
#ifndef SELVAGE_SERVER_AUTHORITY_SIGN_H
#define SELVAGE_SERVER_AUTHORITY_SIGN_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"
#include "server/certificate.h"

/* How long what is issued is valid. */
extern const int authority_leaf_days;

/* Make a key and a certificate, signed with it, for an authority over `domain` (dns_name.h). */
SV_MUST_USE bool authority_sign_itself(const char *domain, struct certificate *certificate,
		struct sv_error *error);

/* Make a key and a certificate for a name (dns_name.h), signed by an authority. */
SV_MUST_USE bool authority_sign_leaf(const struct certificate *authority, const char *name,
		struct certificate *certificate, struct sv_error *error);

#endif
