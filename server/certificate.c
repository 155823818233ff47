/*
 * certificate.c: PEM texts into certificates and keys, and what a certificate is for.
 */
#include "server/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* Longer chains are a mistake, and clients refuse them. */
static const int chain_most = 16;

static const size_t file_most = 1024 * 1024;

bool openssl_fail(struct sv_error *error, const char *format, ...)
{
	char text[300];
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (reason)
		sv_fail(error, SV_ERROR_MALFORMED, "%s: %s", text, reason);
	else
		sv_fail(error, SV_ERROR_MALFORMED, "%s", text);
	ERR_clear_error();
	return false;
}

/* In place of OpenSSL's own, which would ask at the terminal. */
static int no_password(char *text, int size, int is_writing, void *data)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)data;
	return -1;
}

static bool parse_key(struct certificate *certificate, struct sv_bytes bytes,
		struct sv_error *error)
{
	BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.length);
	if (!bio)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a key");
	certificate->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return certificate->key || openssl_fail(error, "not a private key without password");
}

/* The next certificate goes behind the others; `*is_over` if there is none. */
static bool parse_next(struct certificate *certificate, BIO *bio, bool *is_over,
		struct sv_error *error)
{
	X509 *next = PEM_read_bio_X509(bio, NULL, no_password, NULL);
	*is_over = !next && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (!next && (!*is_over || !certificate->leaf))
		return openssl_fail(error, "not a certificate in PEM");
	if (!next)
		return true;
	if (!certificate->leaf) {
		certificate->leaf = next;
		return true;
	}
	if (!certificate->chain)
		certificate->chain = sk_X509_new_null();
	if (certificate->chain && sk_X509_num(certificate->chain) < chain_most &&
			sk_X509_push(certificate->chain, next))
		return true;
	X509_free(next);
	return sv_fail(error, SV_ERROR_LIMIT, "no memory for, or more than, %d certificates",
			chain_most);
}

static bool parse_chain(struct certificate *certificate, struct sv_bytes bytes,
		struct sv_error *error)
{
	BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.length);
	if (!bio)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a certificate");
	bool is_over = false, is_fine = true;
	while (is_fine && !is_over)
		is_fine = parse_next(certificate, bio, &is_over, error);
	BIO_free(bio);
	ERR_clear_error();
	return is_fine;
}

bool certificate_parse(struct certificate *certificate, struct sv_bytes chain, struct sv_bytes key,
		struct sv_error *error)
{
	*certificate = (struct certificate){0};
	ERR_clear_error();
	if (parse_chain(certificate, chain, error) && parse_key(certificate, key, error)) {
		if (X509_check_private_key(certificate->leaf, certificate->key) == 1)
			return true;
		openssl_fail(error, "the key is not that of the certificate");
	}
	certificate_finish(certificate);
	return false;
}

bool certificate_read(struct certificate *certificate, const char *chain_path, const char *key_path,
		struct sv_error *error)
{
	struct buffer chain = {.limit = file_most}, key = {.limit = file_most};
	*certificate = (struct certificate){0};
	bool is_fine = file_read(chain_path, &chain, error) && file_read(key_path, &key, error);
	if (is_fine &&
			!certificate_parse(certificate, buffer_view(&chain), buffer_view(&key),
					error)) {
		sv_error_prefix(error, "%s, %s", chain_path, key_path);
		is_fine = false;
	}
	if (key.length)
		OPENSSL_cleanse(key.data, key.length);
	buffer_finish(&chain);
	buffer_finish(&key);
	return is_fine;
}

bool certificate_share(const struct certificate *certificate, struct certificate *copy)
{
	*copy = (struct certificate){0};
	if (certificate->chain) {
		copy->chain = X509_chain_up_ref(certificate->chain);
		if (!copy->chain)
			return false;
	}
	/* These count, and do not fail. */
	copy->leaf = X509_up_ref(certificate->leaf) ? certificate->leaf : NULL;
	copy->key = EVP_PKEY_up_ref(certificate->key) ? certificate->key : NULL;
	return true;
}

void certificate_finish(struct certificate *certificate)
{
	X509_free(certificate->leaf);
	sk_X509_pop_free(certificate->chain, X509_free);
	EVP_PKEY_free(certificate->key);
	*certificate = (struct certificate){0};
}

bool certificate_covers(const struct certificate *certificate, const char *host)
{
	/* A dot in front would mean any name below, for X509_check_host. */
	bool is_covered = host[0] && host[0] != '.' &&
			(X509_check_host(certificate->leaf, host, strlen(host), 0, NULL) == 1 ||
					X509_check_ip_asc(certificate->leaf, host, 0) == 1);
	ERR_clear_error();
	return is_covered;
}
