/*
 * authority.c: the folder of a local certificate authority. What is in its certificates is
 * authority_sign.c's.
 */
#include "server/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/authority_sign.h"
#include "server/dns_name.h"

struct authority {
	char domain[DNS_NAME_MOST + 1];
	char *path, *key_path; /* owned */
	struct certificate own;
};

const char *authority_domain(const struct authority *authority)
{
	return authority->domain;
}

const char *authority_path(const struct authority *authority)
{
	return authority->path;
}

void authority_free(struct authority *authority)
{
	if (!authority)
		return;
	certificate_finish(&authority->own);
	free(authority->path);
	free(authority->key_path);
	free(authority);
}

bool authority_issue(const struct authority *authority, const char *name,
		struct certificate *certificate, struct sv_error *error)
{
	if (!dns_name_is_within(name, authority->domain))
		return sv_fail(error, SV_ERROR_INVALID, "%.253s is not within %s", name,
				authority->domain);
	return authority_sign_leaf(&authority->own, name, certificate, error);
}

/* ---- making it ---- */

/* What a memory BIO holds goes to a file. */
static bool write_pem(BIO *bio, const char *path, unsigned mode, struct sv_error *error)
{
	char *data = NULL;
	long length = BIO_get_mem_data(bio, &data);
	TRY(file_write(path, (struct sv_bytes){(const uint8_t *)data, (size_t)length}, mode,
			error));
	/* Whatever the umask: clients need the certificate, and nobody else the key. */
	return chmod(path, mode) == 0 || sv_fail_errno(error, "cannot change the mode of %s", path);
}

static bool authority_create(struct authority *authority, struct sv_error *error)
{
	struct certificate made;
	TRY(authority_sign_itself(authority->domain, &made, error));
	/* Memory that is cleared when it is given back. */
	BIO *key = BIO_new(BIO_s_secmem()), *certificate = BIO_new(BIO_s_mem());
	/* The key first: a certificate without one would be trusted and of no use. */
	bool is_fine = key && certificate &&
			PEM_write_bio_PKCS8PrivateKey(key, made.key, NULL, NULL, 0, NULL, NULL) &&
			PEM_write_bio_X509(certificate, made.leaf);
	if (!is_fine)
		openssl_fail(error, "cannot write a certificate");
	is_fine = is_fine && write_pem(key, authority->key_path, 0600, error) &&
			write_pem(certificate, authority->path, 0644, error);
	BIO_free(key);
	BIO_free(certificate);
	certificate_finish(&made);
	return is_fine;
}

/* ---- opening it ---- */

static bool key_is_private(const struct authority *authority, struct sv_error *error)
{
	struct stat status;
	if (stat(authority->key_path, &status) != 0)
		return sv_fail_errno(error, "cannot open %s", authority->key_path);
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return sv_fail(error, SV_ERROR_SYSTEM,
				"%s must be its owner's alone (mode 600), and has mode %o",
				authority->key_path, status.st_mode & 07777u);
	return true;
}

static bool constraint_is(const GENERAL_SUBTREE *tree, const char *domain)
{
	if (tree->base->type != GEN_DNS)
		return false;
	const ASN1_IA5STRING *text = tree->base->d.dNSName;
	int length = ASN1_STRING_length(text);
	return (size_t)length == strlen(domain) &&
			memcmp(ASN1_STRING_get0_data(text), domain, (size_t)length) == 0;
}

/* The one DNS name that the certificate permits is the domain. */
static bool domain_is_right(const struct authority *authority)
{
	NAME_CONSTRAINTS *constraints =
			X509_get_ext_d2i(authority->own.leaf, NID_name_constraints, NULL, NULL);
	bool is_right = false;
	if (constraints) {
		int count = sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
		for (int i = 0; i < count && !is_right; i++)
			is_right = constraint_is(
					sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i),
					authority->domain);
	}
	NAME_CONSTRAINTS_free(constraints);
	return is_right;
}

static bool authority_load(struct authority *authority, struct sv_error *error)
{
	TRY(key_is_private(authority, error));
	TRY(certificate_read(&authority->own, authority->path, authority->key_path, error));
	X509 *certificate = authority->own.leaf;
	bool is_authority = X509_check_ca(certificate) == 1;
	bool is_right = domain_is_right(authority);
	ERR_clear_error();
	if (!is_authority || !is_right)
		return sv_fail(error, SV_ERROR_INVALID, "%s is not a certificate authority for %s",
				authority->path, authority->domain);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0)
		return sv_fail(error, SV_ERROR_INVALID,
				"%s has expired; without it and %s a new authority is made, to be "
				"trusted again",
				authority->path, authority->key_path);
	return true;
}

static bool authority_open_files(struct authority *authority, struct sv_error *error)
{
	bool has_certificate = access(authority->path, F_OK) == 0;
	bool has_key = access(authority->key_path, F_OK) == 0;
	if (has_certificate && !has_key)
		return sv_fail(error, SV_ERROR_SYSTEM,
				"%s is there, but its key %s is not; without both a new authority "
				"is made, to be trusted again",
				authority->path, authority->key_path);
	/* A key alone is what a process left that ended too early: nobody trusts it yet. */
	if (!has_certificate)
		TRY(authority_create(authority, error));
	return authority_load(authority, error);
}

/* The folder, made if need be, and locked, so that two processes do not make two authorities. */
static int authority_lock(const char *directory, struct sv_error *error)
{
	if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
		sv_fail_errno(error, "cannot make the folder %s", directory);
		return -1;
	}
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		sv_fail_errno(error, "cannot open the folder %s", directory);
		return -1;
	}
	int result;
	do {
		result = flock(fd, LOCK_EX);
	} while (result != 0 && errno == EINTR);
	if (result == 0)
		return fd;
	sv_fail_errno(error, "cannot lock the folder %s", directory);
	close(fd);
	return -1;
}

/* On the heap, or NULL. */
static char *path_join(const char *directory, const char *name)
{
	char *path = NULL;
	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

static bool authority_name(struct authority *authority, const char *directory, const char *domain,
		struct sv_error *error)
{
	const struct sv_bytes text = {(const uint8_t *)domain, strlen(domain)};
	if (!dns_name_read(text, authority->domain))
		return sv_fail(error, SV_ERROR_USAGE, "\"%.300s\" is not a domain name", domain);
	authority->path = path_join(directory, "ca.pem");
	authority->key_path = path_join(directory, "ca-key.pem");
	if (authority->path && authority->key_path)
		return true;
	return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a file name");
}

struct authority *authority_open(const char *directory, const char *domain, struct sv_error *error)
{
	struct authority *authority = calloc(1, sizeof *authority);
	if (!authority) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a certificate authority");
		return NULL;
	}
	int lock = -1;
	bool is_open = authority_name(authority, directory, domain, error) &&
			(lock = authority_lock(directory, error)) >= 0 &&
			authority_open_files(authority, error);
	if (lock >= 0)
		close(lock);
	if (is_open)
		return authority;
	authority_free(authority);
	return NULL;
}
