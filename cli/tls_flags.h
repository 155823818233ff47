/*
 * tls_flags.h: options about TLS, for commands that serve.
 */
#ifndef SELVAGE_CLI_TLS_FLAGS_H
#define SELVAGE_CLI_TLS_FLAGS_H

#include "cli/options.h"
#include "server/identities.h"

struct tls_flags {
	const char *listen; /* NULL: the default, if there are certificates */
	const char *certificate, *key;
	const char *local;  /* folder of the authority */
	const char *domain; /* NULL: localhost */
	const char *client_authority; /* NULL: clients are not asked for certificates */
};

#define TLS_FLAG_TEXT(values, field, option, value, text) \
	{.name = option, \
			.kind = OPTION_TEXT, \
			.offset = offsetof(values, field), \
			.argument = value, \
			.help = text}

/* clang-format off: a row a line */
/* Rows of an option table: `field` is the struct tls_flags in `values`. */
#define TLS_FLAG_ROWS(values, field) \
	TLS_FLAG_TEXT(values, field.listen, "listen-tls", "ADDR:PORT", \
			"where to listen for HTTPS (default 127.0.0.1:8443, if there are " \
			"certificates)"), \
			TLS_FLAG_TEXT(values, field.certificate, "tls-cert", "FILE", \
					"certificate and its chain, PEM; read again when it " \
					"changes"), \
			TLS_FLAG_TEXT(values, field.key, "tls-key", "FILE", "its key, PEM"), \
			TLS_FLAG_TEXT(values, field.local, "tls-local", "DIR", \
					"certificates of a local authority in DIR, made at the " \
					"first use"), \
			TLS_FLAG_TEXT(values, field.domain, "tls-domain", "NAME", \
					"the domain of the local authority (default localhost)"), \
			TLS_FLAG_TEXT(values, field.client_authority, "tls-client-ca", "FILE", \
					"ask clients for certificates of these authorities, PEM; " \
					"guests are told what came of it")
/* clang-format on */

/* Where to listen. */
const char *tls_flags_where(const struct tls_flags *flags);

/* Open the certificates that are asked for; `*identities` stays NULL if none are. */
SV_MUST_USE bool tls_flags_open(const struct tls_flags *flags, struct tls_identities **identities,
		struct sv_error *error);

/* Print where the server listens and, with a local authority, what to trust. */
void tls_flags_announce(struct tls_identities *identities, const char *address);

#endif
