/*
 * signature.h: who vouches for a compiled artifact. It is native code that runs in the daemon, so
 * its bytes are only taken from those whom the operator trusts: Ed25519 (RFC 8032, by OpenSSL) over
 * the artifact's SHA-256. Any thread.
 */
#ifndef SELVAGE_PLATFORM_SIGNATURE_H
#define SELVAGE_PLATFORM_SIGNATURE_H

#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

/* Bytes of a signature's text, NUL included: "selvage-signature-1 KEYID BASE64". */
#define SIGNATURE_SIZE 128

/* The same of what a key is called: the begin of its SHA-256, in hexadecimal. */
#define SIGNER_SIZE 17

/* Trusted public keys: files in PEM with one or more each, read at every use; borrowed. */
struct trust {
	const char *const *files;
	size_t count;
};

/*
 * Make a key pair: the private key in `path`, for this user only, the public one in `path`.pub,
 * both in PEM; neither may be there. `signer` gets its name.
 */
SV_MUST_USE bool signature_key_make(const char *path, char signer[static SIGNER_SIZE],
		struct sv_error *error);

/* Sign what has the SHA-256 `digest`, in hexadecimal (blob_name), with a file's private key. */
SV_MUST_USE bool signature_make(const char *key_path, const char *digest,
		char text[static SIGNATURE_SIZE], struct sv_error *error);

/* The key's name in a signature's text into `signer`, "" if that is none. */
void signature_signer(const char *text, char signer[static SIGNER_SIZE]);

/*
 * Is `text` a signature of what has this digest, by a trusted key? UNSUPPORTED if not; SYSTEM if
 * a file cannot be read, in which case nobody is trusted.
 */
SV_MUST_USE bool signature_check(const struct trust *trust, const char *text, const char *digest,
		struct sv_error *error);

/* Called with the name of each key; false ends the walk. */
typedef bool (*signer_visit)(void *data, const char *signer);

/* All keys of a file. INVALID if there is none or one is no Ed25519 key. */
SV_MUST_USE bool signature_keys(const char *path, signer_visit visit, void *data,
		struct sv_error *error);

#endif
