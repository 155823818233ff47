/*
 * authority_sign.c: what is in the certificates of an authority and in those that it issues.
 */
#include "server/authority_sign.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

/* Long enough that nobody has to trust a new one soon; clients limit leaves, not roots. */
static const int authority_days = 3650;

const int authority_leaf_days = 90;

/* Clocks of clients may be behind. */
static const long slack = 3600;

/* Room for a name (dns_name.h) and what stands around it. */
#define EXTENSION_TEXT 600u

struct extension {
	int nid;
	const char *text;
};

static const char *const loopback = ",IP:127.0.0.1,IP:0:0:0:0:0:0:0:1";

static const char *const loopback_permitted =
		",permitted;IP:127.0.0.0/255.0.0.0"
		",permitted;IP:0:0:0:0:0:0:0:1/FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:FFFF";

static const char *const addresses_excluded = ",excluded;IP:0.0.0.0/0.0.0.0"
					      ",excluded;IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0";

static bool add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions,
		size_t count)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	for (size_t i = 0; i < count; i++) {
		X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, extensions[i].nid,
				extensions[i].text);
		if (!extension)
			return false;
		int is_added = X509_add_ext(certificate, extension, -1);
		X509_EXTENSION_free(extension);
		if (!is_added)
			return false;
	}
	return true;
}

/* 159 random bits, so that it is positive and has at most 20 bytes (RFC 5280, 4.1.2.2). */
static bool set_serial(X509 *certificate)
{
	unsigned char bytes[20];
	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return is_set;
}

/* What the authority's certificate and those it issues have in common. */
static bool fill_in(X509 *certificate, EVP_PKEY *key, const char *common_name, int days)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	return X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
			X509_gmtime_adj(X509_getm_notBefore(certificate), -slack) &&
			X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) &&
			(!common_name ||
					X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
							(const unsigned char *)common_name, -1, -1,
							0)) &&
			X509_set_pubkey(certificate, key);
}

static bool sign_authority(struct certificate *made, const char *domain)
{
	char host[65] = "", name[65], constraints[EXTENSION_TEXT];
	(void)gethostname(host, sizeof host - 1);
	snprintf(name, sizeof name, "Selvage local CA (%.40s)", host);
	snprintf(constraints, sizeof constraints, "critical,permitted;DNS:%s%s", domain,
			strcmp(domain, "localhost") == 0 ? loopback_permitted : addresses_excluded);
	const struct extension extensions[] = {
			{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
			{NID_key_usage, "critical,keyCertSign,cRLSign"},
			{NID_ext_key_usage, "serverAuth"},
			{NID_subject_key_identifier, "hash"},
			{NID_name_constraints, constraints},
	};
	return fill_in(made->leaf, made->key, name, authority_days) &&
			X509_set_issuer_name(made->leaf, X509_get_subject_name(made->leaf)) &&
			add_extensions(made->leaf, made->leaf, extensions,
					ARRAY_LENGTH(extensions)) &&
			X509_sign(made->leaf, made->key, EVP_sha256());
}

bool authority_sign_itself(const char *domain, struct certificate *certificate,
		struct sv_error *error)
{
	ERR_clear_error();
	*certificate = (struct certificate){.leaf = X509_new(), .key = EVP_EC_gen("P-256")};
	if (certificate->leaf && certificate->key && sign_authority(certificate, domain))
		return true;
	certificate_finish(certificate);
	return openssl_fail(error, "cannot make a certificate authority");
}

static bool sign_leaf(struct certificate *made, const struct certificate *issuer, const char *name)
{
	/* A common name has at most 64 bytes (RFC 5280, A.1); without one, SAN is critical. */
	bool has_subject = strlen(name) <= 64;
	char names[EXTENSION_TEXT];
	snprintf(names, sizeof names, "%sDNS:%s%s", has_subject ? "" : "critical,", name,
			strcmp(name, "localhost") == 0 ? loopback : "");
	const struct extension extensions[] = {
			{NID_basic_constraints, "critical,CA:FALSE"},
			{NID_key_usage, "critical,digitalSignature"},
			{NID_ext_key_usage, "serverAuth"},
			{NID_authority_key_identifier, "keyid"},
			{NID_subject_alt_name, names},
	};
	return fill_in(made->leaf, made->key, has_subject ? name : NULL, authority_leaf_days) &&
			X509_set_issuer_name(made->leaf, X509_get_subject_name(issuer->leaf)) &&
			add_extensions(made->leaf, issuer->leaf, extensions,
					ARRAY_LENGTH(extensions)) &&
			X509_sign(made->leaf, issuer->key, EVP_sha256());
}

bool authority_sign_leaf(const struct certificate *authority, const char *name,
		struct certificate *certificate, struct sv_error *error)
{
	ERR_clear_error();
	*certificate = (struct certificate){.leaf = X509_new(), .key = EVP_EC_gen("P-256")};
	if (certificate->leaf && certificate->key && sign_leaf(certificate, authority, name))
		return true;
	certificate_finish(certificate);
	return openssl_fail(error, "cannot issue a certificate for %.253s", name);
}
