/*
 * first_token.h: the token of the first start. It is kept in a file until its owner has it, so that
 * it is not lost when the daemon is killed between making it and telling it.
 */
#ifndef SELVAGE_PLATFORM_FIRST_TOKEN_H
#define SELVAGE_PLATFORM_FIRST_TOKEN_H

#include "base/check.h"
#include "base/error.h"
#include "platform/accounts.h"

struct db;

/*
 * The token, of the role admin in the tenant "default", if there is none at all, or if the file at
 * `path` has one that was not told yet; "" otherwise. A file that is there is the one that counts.
 */
SV_MUST_USE bool first_token_open(struct db *db, const char *folder, const char *path,
		char token[static TOKEN_SIZE], struct sv_error *error);

/* It has been told. */
void first_token_told(const char *path);

#endif
