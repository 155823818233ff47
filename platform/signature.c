/*
 * signature.c: see signature.h.
 */
#include "platform/signature.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "platform/base64.h"

#define KEY_BYTES 32
#define SIGNATURE_BYTES 64
#define SIGNATURE_BASE64 89 /* of that in base64, with NUL */

/* Keys in one file, and bytes of a message: a line that says what it is, and a digest. */
#define KEYS_MOST 256
#define MESSAGE_SIZE 96

static const char mark[] = "selvage-signature-1";

/* ---- keys ---- */

/* The raw public key and its name; false if it is of another kind. */
static bool key_raw(EVP_PKEY *key, unsigned char raw[static KEY_BYTES],
		char signer[static SIGNER_SIZE])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	size_t length = KEY_BYTES;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519 ||
			EVP_PKEY_get_raw_public_key(key, raw, &length) != 1 || length != KEY_BYTES)
		return false;
	SHA256(raw, KEY_BYTES, digest);
	for (size_t i = 0; i < (SIGNER_SIZE - 1) / 2; i++)
		snprintf(signer + 2 * i, 3, "%02x", digest[i]);
	return true;
}

/* Called with each key of a file; false ends the walk. */
typedef bool (*key_visit)(void *data, EVP_PKEY *key, const char *signer);

/* The next block of PEM, as a key; NULL with `*is_end` if there is none. */
static EVP_PKEY *key_next(BIO *file, bool *is_end)
{
	EVP_PKEY *key = NULL;
	char *name = NULL, *header = NULL;
	unsigned char *bytes = NULL;
	long length;
	*is_end = PEM_read_bio(file, &name, &header, &bytes, &length) != 1 &&
			ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	if (name && strcmp(name, PEM_STRING_PUBLIC) == 0) {
		const unsigned char *at = bytes;
		key = d2i_PUBKEY(NULL, &at, length);
	}
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(bytes);
	return key;
}

static bool keys_walk(BIO *file, const char *path, key_visit visit, void *data,
		struct sv_error *error)
{
	unsigned char raw[KEY_BYTES];
	char signer[SIGNER_SIZE];
	bool goes_on = true, is_end = false;
	for (size_t i = 0; goes_on && i <= KEYS_MOST; i++) {
		EVP_PKEY *key = key_next(file, &is_end);
		if (is_end && i > 0)
			return true;
		bool is_usable = key && key_raw(key, raw, signer);
		if (is_usable)
			goes_on = visit(data, key, signer);
		EVP_PKEY_free(key);
		if (!is_usable)
			return sv_fail(error, SV_ERROR_INVALID,
					"%s: block %zu is not a public Ed25519 key in PEM", path,
					i + 1);
	}
	return !goes_on || sv_fail(error, SV_ERROR_LIMIT, "%s: more than %d keys", path, KEYS_MOST);
}

static bool keys_each(const char *path, key_visit visit, void *data, struct sv_error *error)
{
	BIO *file = BIO_new_file(path, "r");
	if (!file)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot read keys from %s: %s", path,
				strerror(errno));
	bool done = keys_walk(file, path, visit, data, error);
	BIO_free(file);
	ERR_clear_error(); /* the end of a file is an error there */
	return done;
}

/* A visitor of names alone. */
struct names {
	signer_visit visit;
	void *data;
};

static bool names_visit(void *data, EVP_PKEY *key, const char *signer)
{
	const struct names *names = data;
	(void)key;
	return names->visit(names->data, signer);
}

bool signature_keys(const char *path, signer_visit visit, void *data, struct sv_error *error)
{
	struct names names = {visit, data};
	return keys_each(path, names_visit, &names, error);
}

/* ---- making a key ---- */

/* What OpenSSL writes to memory, as a file that must not be there yet. */
static bool key_write(BIO *text, const char *path, unsigned mode, struct sv_error *error)
{
	char *bytes;
	long length = BIO_get_mem_data(text, &bytes);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return sv_fail_errno(error, "cannot make %s", path);
	bool done = write(fd, bytes, (size_t)length) == length && fsync(fd) == 0;
	if (!done)
		sv_fail_errno(error, "cannot write %s", path);
	done = close(fd) == 0 && done;
	if (!done)
		(void)unlink(path);
	return done;
}

static bool pair_write(EVP_PKEY *key, const char *path, struct sv_error *error)
{
	char public_path[4096];
	int length = snprintf(public_path, sizeof public_path, "%s.pub", path);
	if (length < 0 || (size_t)length >= sizeof public_path)
		return sv_fail(error, SV_ERROR_USAGE, "%s: the path is too long", path);
	BIO *private_text = BIO_new(BIO_s_secmem()), *public_text = BIO_new(BIO_s_mem());
	bool done = private_text && public_text &&
			PEM_write_bio_PKCS8PrivateKey(
					private_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
			PEM_write_bio_PUBKEY(public_text, key) == 1;
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a key");
	done = done && key_write(private_text, path, 0600, error);
	if (done && !key_write(public_text, public_path, 0644, error)) {
		(void)unlink(path);
		done = false;
	}
	BIO_free(private_text);
	BIO_free(public_text);
	return done;
}

bool signature_key_make(const char *path, char signer[static SIGNER_SIZE], struct sv_error *error)
{
	unsigned char raw[KEY_BYTES];
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!key)
		return sv_fail(error, SV_ERROR_SYSTEM, "OpenSSL makes no Ed25519 key");
	bool done = key_raw(key, raw, signer) && pair_write(key, path, error);
	EVP_PKEY_free(key);
	return done;
}

/* ---- signing ---- */

/* What is signed: the mark keeps it from being anything else that a key signs. */
static size_t message_write(char message[static MESSAGE_SIZE], const char *digest)
{
	int length = snprintf(message, MESSAGE_SIZE, "%s\n%.64s\n", mark, digest);
	return (size_t)length;
}

static bool key_sign(EVP_PKEY *key, const char *digest, unsigned char signature[SIGNATURE_BYTES])
{
	char message[MESSAGE_SIZE];
	size_t length = SIGNATURE_BYTES, message_length = message_write(message, digest);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
			EVP_DigestSign(context, signature, &length, (unsigned char *)message,
					message_length) == 1 &&
			length == SIGNATURE_BYTES;
	EVP_MD_CTX_free(context);
	return done;
}

static EVP_PKEY *private_key_read(const char *path, struct sv_error *error)
{
	BIO *file = BIO_new_file(path, "r");
	if (!file) {
		sv_fail(error, SV_ERROR_SYSTEM, "cannot read %s: %s", path, strerror(errno));
		return NULL;
	}
	EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, NULL, (void *)"");
	BIO_free(file);
	ERR_clear_error();
	if (!key)
		sv_fail(error, SV_ERROR_INVALID, "%s: no private key in PEM", path);
	return key;
}

bool signature_make(const char *key_path, const char *digest, char text[static SIGNATURE_SIZE],
		struct sv_error *error)
{
	unsigned char raw[KEY_BYTES], signature[SIGNATURE_BYTES], encoded[SIGNATURE_BASE64];
	char signer[SIGNER_SIZE];
	EVP_PKEY *key = private_key_read(key_path, error);
	if (!key)
		return false;
	bool done = key_raw(key, raw, signer) ||
			sv_fail(error, SV_ERROR_INVALID, "%s: not an Ed25519 key", key_path);
	done = done && (key_sign(key, digest, signature) ||
			sv_fail(error, SV_ERROR_SYSTEM, "OpenSSL does not sign"));
	EVP_PKEY_free(key);
	if (!done)
		return false;
	EVP_EncodeBlock(encoded, signature, sizeof signature);
	snprintf(text, SIGNATURE_SIZE, "%s %s %s", mark, signer, (char *)encoded);
	return true;
}

/* ---- checking ---- */

void signature_signer(const char *text, char signer[static SIGNER_SIZE])
{
	const size_t at = sizeof mark;
	signer[0] = '\0';
	if (strlen(text) > at + SIGNER_SIZE - 1 && memcmp(text, mark, at - 1) == 0 &&
			text[at - 1] == ' ' && text[at + SIGNER_SIZE - 1] == ' ' &&
			strspn(text + at, "0123456789abcdef") == SIGNER_SIZE - 1)
		snprintf(signer, SIGNER_SIZE, "%s", text + at);
}

/* A signature that is looked for among trusted keys. */
struct claim {
	const char *digest, *signer;
	struct buffer signature;
	bool is_known, is_valid;
};

static bool claim_try(void *data, EVP_PKEY *key, const char *signer)
{
	struct claim *claim = data;
	char message[MESSAGE_SIZE];
	if (strcmp(claim->signer, signer) != 0)
		return true;
	size_t length = message_write(message, claim->digest);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	claim->is_known = true;
	claim->is_valid = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
			EVP_DigestVerify(context, claim->signature.data, claim->signature.length,
					(unsigned char *)message, length) == 1;
	EVP_MD_CTX_free(context);
	return !claim->is_valid;
}

/* What is wrong with a file of keys is for the operator: tenants see `error`. */
static bool claim_check(struct claim *claim, const struct trust *trust, struct sv_error *error)
{
	struct sv_error own = SV_ERROR_INIT;
	for (size_t i = 0; i < trust->count && !claim->is_valid; i++) {
		if (keys_each(trust->files[i], claim_try, claim, &own))
			continue;
		fprintf(stderr, "selvage: trusted keys: %s\n", own.text);
		return sv_fail(error, SV_ERROR_SYSTEM,
				"the server cannot read the keys that it trusts");
	}
	if (claim->is_valid)
		return true;
	if (claim->is_known)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"the signature is not of this artifact: one of them was changed, "
				"or they do not belong together");
	return sv_fail(error, SV_ERROR_UNSUPPORTED,
			"the artifact is signed with the key %s, which this server does not "
			"trust",
			claim->signer);
}

bool signature_check(const struct trust *trust, const char *text, const char *digest,
		struct sv_error *error)
{
	char signer[SIGNER_SIZE];
	struct claim claim = {.digest = digest,
			.signer = signer,
			.signature = {.limit = SIGNATURE_BYTES + 4}};
	if (!trust->count)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this server trusts no keys, and so takes no compiled artifacts "
				"(up --trust)");
	signature_signer(text, signer);
	const size_t at = sizeof mark + SIGNER_SIZE;
	bool done = signer[0] &&
			base64_decode(text + at, strlen(text + at), &claim.signature, NULL) &&
			claim.signature.length == SIGNATURE_BYTES;
	if (!done)
		sv_fail(error, SV_ERROR_UNSUPPORTED,
				"this is not a signature as `selvage sign` makes them");
	done = done && claim_check(&claim, trust, error);
	buffer_finish(&claim.signature);
	return done;
}
