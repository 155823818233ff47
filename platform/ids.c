/*
 * ids.c: see ids.h. One block of AES-256 under a key of its own: the number, what it is of, and
 * zeros, by which a text that was made here is known.
 */
#include "platform/ids.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 16, KIND_AT = 8 };

static void block_crypt(const struct seal_key *key, const uint8_t from[static BLOCK],
		uint8_t to[static BLOCK], int is_sealing)
{
	static const uint8_t purpose[] = "ids of rows";
	uint8_t own[32];
	unsigned size = sizeof own;
	int length = 0;
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	/* Fails without memory, as everything would. */
	check(cipher != NULL);
	check(HMAC(EVP_sha256(), key->bytes, sizeof key->bytes, purpose, sizeof purpose - 1, own,
			      &size) != NULL);
	check(EVP_CipherInit_ex(cipher, EVP_aes_256_ecb(), NULL, own, NULL, is_sealing) == 1);
	check(EVP_CIPHER_CTX_set_padding(cipher, 0) == 1);
	check(EVP_CipherUpdate(cipher, to, &length, from, BLOCK) == 1 && length == BLOCK);
	EVP_CIPHER_CTX_free(cipher);
}

void id_show(const struct seal_key *key, enum id_kind kind, int64_t number,
		char text[static ID_SIZE])
{
	uint8_t plain[BLOCK] = {0}, sealed[BLOCK];
	for (unsigned i = 0; i < 8; i++)
		plain[i] = (uint8_t)((uint64_t)number >> (8 * i));
	plain[KIND_AT] = (uint8_t)kind;
	block_crypt(key, plain, sealed, 1);
	for (unsigned i = 0; i < BLOCK; i++)
		snprintf(text + 2 * i, 3, "%02x", sealed[i]);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool id_read(const struct seal_key *key, enum id_kind kind, const char *text, int64_t *number)
{
	uint8_t sealed[BLOCK], plain[BLOCK];
	uint64_t value = 0;
	if (strlen(text) != ID_SIZE - 1)
		return false;
	for (unsigned i = 0; i < BLOCK; i++) {
		int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		sealed[i] = (uint8_t)(high * 16 + low);
	}
	block_crypt(key, sealed, plain, 0);
	if (plain[KIND_AT] != (uint8_t)kind)
		return false;
	for (unsigned i = KIND_AT + 1; i < BLOCK; i++) {
		if (plain[i])
			return false;
	}
	for (unsigned i = 0; i < 8; i++)
		value |= (uint64_t)plain[i] << (8 * i);
	*number = (int64_t)value;
	return *number > 0;
}
