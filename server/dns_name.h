/*
 * dns_name.h: host names as DNS has them (RFC 1035, 1123): labels of letters, digits and hyphens.
 */
#ifndef SELVAGE_SERVER_DNS_NAME_H
#define SELVAGE_SERVER_DNS_NAME_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"

/* Most bytes of a name, without a NUL. */
#define DNS_NAME_MOST 253u

/*
 * Copy a host name in lower case. False for what is none: a label that is empty, longer than 63
 * bytes or at whose ends there is a hyphen; other characters, a dot at the end; an IPv4 address.
 */
SV_MUST_USE bool dns_name_read(struct sv_bytes text, char name[DNS_NAME_MOST + 1]);

/* True if `name` is `domain` or below it; both come from dns_name_read. */
bool dns_name_is_within(const char *name, const char *domain);

#endif
