/*
 * tls_flags.c: which options about TLS go together.
 */
#include "cli/tls_flags.h"

#include <stdio.h>

const char *tls_flags_where(const struct tls_flags *flags)
{
	return flags->listen ? flags->listen : "127.0.0.1:8443";
}

static bool flags_check(const struct tls_flags *flags, struct sv_error *error)
{
	if (!flags->certificate != !flags->key)
		return sv_fail(error, SV_ERROR_USAGE, "--tls-cert and --tls-key go together");
	if (flags->domain && !flags->local)
		return sv_fail(error, SV_ERROR_USAGE, "--tls-domain goes with --tls-local");
	if (flags->client_authority && !flags->certificate && !flags->local)
		return sv_fail(error, SV_ERROR_USAGE,
				"--tls-client-ca needs --tls-cert and --tls-key, or --tls-local");
	if (flags->listen && !flags->certificate && !flags->local)
		return sv_fail(error, SV_ERROR_USAGE,
				"--listen-tls needs --tls-cert and --tls-key, or --tls-local");
	return true;
}

bool tls_flags_open(const struct tls_flags *flags, struct tls_identities **identities,
		struct sv_error *error)
{
	TRY(flags_check(flags, error));
	if (!flags->certificate && !flags->local)
		return true;
	*identities = tls_identities_new(error);
	if (!*identities)
		return false;
	if (flags->client_authority)
		TRY(tls_identities_ask_clients(*identities, flags->client_authority, error));
	if (flags->certificate)
		TRY(tls_identities_add_files(*identities, flags->certificate, flags->key, error));
	return !flags->local ||
			tls_identities_add_authority(*identities, flags->local,
					flags->domain ? flags->domain : "localhost", error);
}

void tls_flags_announce(struct tls_identities *identities, const char *address)
{
	const char *path = tls_identities_authority_path(identities);
	printf("and on https://%s/\n", address);
	if (path)
		printf("clients trust it with %s\n", path);
}
