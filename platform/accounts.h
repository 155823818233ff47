/*
 * accounts.h: tenants and the tokens that act for them. A token is shown once, when it is made; the
 * database has its hash. Any thread.
 */
#ifndef SELVAGE_PLATFORM_ACCOUNTS_H
#define SELVAGE_PLATFORM_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct db;

/* What a token may do; each may do what those before it may. */
enum role {
	ROLE_NONE,
	ROLE_READ,
	ROLE_DEPLOY,
	ROLE_ADMIN,
};

/* "read", "deploy", "admin"; ROLE_NONE for another text. */
enum role role_parse(const char *text);
const char *role_name(enum role role);

/* Who asks. */
struct account {
	int64_t tenant;
	int64_t token;
	enum role role;
	char tenant_name[64];
};

/* "svt_" and 32 characters, NUL-terminated: 160 random bits. */
#define TOKEN_SIZE 37

/* True if the database has a token at all. */
SV_MUST_USE bool accounts_exist(struct db *db, bool *exist, struct sv_error *error);

/* Whose token it is: `found` false for an unknown one. */
SV_MUST_USE bool accounts_find(struct db *db, struct sv_bytes token, struct account *account,
		bool *found, struct sv_error *error);

/* Make a token for a tenant, which is made as well if there is none of that name. */
SV_MUST_USE bool accounts_make(struct db *db, const char *tenant, enum role role, int64_t *id,
		char token[static TOKEN_SIZE], struct sv_error *error);

/* A token's text, of random bits. */
SV_MUST_USE bool token_make(char token[static TOKEN_SIZE], struct sv_error *error);

/* Have a token that was made by token_make act for a tenant, as accounts_make. */
SV_MUST_USE bool accounts_add(struct db *db, const char *tenant, enum role role, const char *token,
		int64_t *id, struct sv_error *error);

/* The id of a tenant, which is made if there is none of that name. */
SV_MUST_USE bool accounts_tenant(struct db *db, const char *name, int64_t *id,
		struct sv_error *error);

/* Revoke a token; `found` false if there is none with that id. */
SV_MUST_USE bool accounts_revoke(struct db *db, int64_t id, bool *found, struct sv_error *error);

/* Names of tenants: 1 to 63 of a-z, 0-9 and '-', as those of deployments. */
bool name_is_label(const char *name);

#endif
