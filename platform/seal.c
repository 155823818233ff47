/*
 * seal.c: see seal.h. Sealed: nonce of 12 bytes, text, tag of 16 bytes.
 */
#include "platform/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16

/* ---- the key ---- */

static bool key_read(struct seal_key *key, int fd, const char *path, struct sv_error *error)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return sv_fail_errno(error, "cannot look at %s", path);
	if (status.st_mode & 077)
		return sv_fail(error, SV_ERROR_SYSTEM,
				"%s may be read by others (mode %o, not 600): its secrets must be "
				"taken to be known",
				path, (unsigned)(status.st_mode & 0777));
	if (status.st_size != sizeof key->bytes ||
			read(fd, key->bytes, sizeof key->bytes) != (ssize_t)sizeof key->bytes)
		return sv_fail(error, SV_ERROR_SYSTEM, "%s is not a key of 32 bytes", path);
	return true;
}

bool seal_key_make(struct seal_key *key, const char *path, struct sv_error *error)
{
	if (RAND_priv_bytes(key->bytes, sizeof key->bytes) != 1)
		return sv_fail(error, SV_ERROR_SYSTEM, "no random numbers for a key");
	return file_write(path, (struct sv_bytes){key->bytes, sizeof key->bytes}, 0600, error);
}

bool seal_key_read(struct seal_key *key, const char *path, bool *found, struct sv_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	*found = fd >= 0;
	if (fd < 0)
		return errno == ENOENT || sv_fail_errno(error, "cannot open %s", path);
	bool done = key_read(key, fd, path, error);
	close(fd);
	return done;
}

/* ---- sealing ---- */

static bool cipher_begin(EVP_CIPHER_CTX *cipher, const struct seal_key *key, const uint8_t *nonce,
		const char *place, int is_sealing)
{
	int length;
	return EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->bytes, nonce, is_sealing) ==
			1 &&
			EVP_CipherUpdate(cipher, NULL, &length, (const uint8_t *)place,
					(int)strlen(place)) == 1;
}

static bool cipher_close(EVP_CIPHER_CTX *cipher, const struct seal_key *key, const char *place,
		struct sv_bytes text, uint8_t *out)
{
	int length = 0, more = 0;
	return RAND_bytes(out, NONCE_SIZE) == 1 && cipher_begin(cipher, key, out, place, 1) &&
			EVP_CipherUpdate(cipher, out + NONCE_SIZE, &length, text.data,
					(int)text.length) == 1 &&
			EVP_CipherFinal_ex(cipher, out + NONCE_SIZE + length, &more) == 1 &&
			EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE,
					out + NONCE_SIZE + text.length) == 1;
}

bool seal_close(const struct seal_key *key, const char *place, struct sv_bytes text,
		struct buffer *sealed, struct sv_error *error)
{
	TRY(buffer_reserve(sealed, text.length + NONCE_SIZE + TAG_SIZE, error));
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	bool done = cipher && cipher_close(cipher, key, place, text, sealed->data + sealed->length);
	EVP_CIPHER_CTX_free(cipher);
	if (!done)
		return sv_fail(error, SV_ERROR_SYSTEM, "cannot seal a secret");
	sealed->length += text.length + NONCE_SIZE + TAG_SIZE;
	return true;
}

static bool cipher_open(EVP_CIPHER_CTX *cipher, const struct seal_key *key, const char *place,
		struct sv_bytes sealed, uint8_t *out)
{
	int length = 0, more = 0, size = (int)(sealed.length - NONCE_SIZE - TAG_SIZE);
	uint8_t tag[TAG_SIZE];
	memcpy(tag, sealed.data + sealed.length - TAG_SIZE, TAG_SIZE);
	return cipher_begin(cipher, key, sealed.data, place, 0) &&
			EVP_CipherUpdate(cipher, out, &length, sealed.data + NONCE_SIZE, size) ==
			1 &&
			EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
			EVP_CipherFinal_ex(cipher, out + length, &more) == 1;
}

bool seal_open(const struct seal_key *key, const char *place, struct sv_bytes sealed,
		struct buffer *text, struct sv_error *error)
{
	if (sealed.length < NONCE_SIZE + TAG_SIZE)
		return sv_fail(error, SV_ERROR_SYSTEM, "the secret %s is damaged", place);
	size_t length = sealed.length - NONCE_SIZE - TAG_SIZE;
	TRY(buffer_reserve(text, length + 1, error));
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	bool done = cipher && cipher_open(cipher, key, place, sealed, text->data + text->length);
	EVP_CIPHER_CTX_free(cipher);
	if (!done)
		return sv_fail(error, SV_ERROR_SYSTEM,
				"the secret %s is damaged, or was sealed with another key", place);
	text->length += length;
	return true;
}
