/*
 * identities.h: the certificates of a server, by the name that a client asks for (SNI). They come
 * from files, which are looked at again when they change, and from a local authority. Any thread
 * may call these functions: servers can share identities, and get more while they run.
 *
 *	struct tls_identities *tls = tls_identities_new(&error);
 *	tls_identities_add_files(tls, "site.pem", "site-key.pem", &error)
 *	tls_identities_add_authority(tls, "DATA/tls", "localhost", &error)
 *	... server_listener.tls = tls; server_run; server_free; tls_identities_free(tls);
 */
#ifndef SELVAGE_SERVER_IDENTITIES_H
#define SELVAGE_SERVER_IDENTITIES_H

#include <stdbool.h>

#include "base/check.h"
#include "base/error.h"

struct certificate;
struct server_log;
struct tls_identities;

/* None yet; NULL with `error` if there is no memory. */
struct tls_identities *tls_identities_new(struct sv_error *error);

/* No server may use them any more. NULL is allowed. */
void tls_identities_free(struct tls_identities *identities);

/*
 * Add a certificate from PEM files (its chain behind it) for the names that are in it. They are
 * looked at once a second at most while clients come, and read again when they have changed; if
 * that fails, the certificate stays and the log says so.
 */
SV_MUST_USE bool tls_identities_add_files(struct tls_identities *identities,
		const char *certificate_path, const char *key_path, struct sv_error *error);

/*
 * Add a local authority (authority.h) for `domain` and all names below: their certificates are
 * made when clients ask for them, and kept for the 1,024 names asked for last. At most one.
 */
SV_MUST_USE bool tls_identities_add_authority(struct tls_identities *identities,
		const char *directory, const char *domain, struct sv_error *error);

/* The file that clients must trust; NULL if there is no local authority. Lives as long as this. */
const char *tls_identities_authority_path(struct tls_identities *identities);

/*
 * Ask clients for a certificate, of an authority in this PEM file, that is read when a server
 * begins. Whoever has none, or one that is not valid, is served all the same: guests are told.
 */
SV_MUST_USE bool tls_identities_ask_clients(struct tls_identities *identities, const char *path,
		struct sv_error *error);

/* That file; NULL: clients are not asked. Lives as long as this. */
const char *tls_identities_client_authority(const struct tls_identities *identities);

/*
 * The certificate for a name (dns_name.h): the first from files that covers it, else the
 * authority's. `name` NULL: the client named none, so the first there is, or that of the domain.
 * False: nobody here has that name; true: the caller releases what is found. `log` is that of the
 * calling thread's server.
 */
SV_MUST_USE bool tls_identities_find(struct tls_identities *identities, const char *name,
		struct server_log *log, struct certificate *found);

#endif
