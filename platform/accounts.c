/*
 * accounts.c: see accounts.h. Tokens are random, so their plain SHA-256 gives nothing away, and
 * looking for an equal hash tells nothing by its time.
 */
#include "platform/accounts.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/db.h"

static const char *const role_names[] = {"none", "read", "deploy", "admin"};

enum role role_parse(const char *text)
{
	for (enum role role = ROLE_READ; role <= ROLE_ADMIN; role++) {
		if (strcmp(text, role_names[role]) == 0)
			return role;
	}
	return ROLE_NONE;
}

const char *role_name(enum role role)
{
	return role_names[role];
}

bool name_is_label(const char *name)
{
	size_t length = strlen(name);
	if (length < 1 || length > 63 || name[0] == '-' || name[length - 1] == '-')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static struct sv_bytes token_hash(struct sv_bytes token, unsigned char digest[SHA256_DIGEST_LENGTH])
{
	SHA256(token.data, token.length, digest);
	return (struct sv_bytes){digest, SHA256_DIGEST_LENGTH};
}

bool accounts_exist(struct db *db, bool *exist, struct sv_error *error)
{
	int64_t count;
	TRY(db_value(db, error, &count, 0, "SELECT count(*) FROM token", ""));
	*exist = count > 0;
	return true;
}

/* When a token was last used is worth a write an hour, not one a request. */
static bool token_touch(struct db *db, int64_t id, int64_t used, struct sv_error *error)
{
	int64_t now = time(NULL);
	return now - used < 3600 ||
			db_run(db, error, "UPDATE token SET used = ? WHERE id = ?", "ii", now, id);
}

bool accounts_find(struct db *db, struct sv_bytes token, struct account *account, bool *found,
		struct sv_error *error)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct sv_error problem = SV_ERROR_INIT;
	*found = false;
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT token.id, tenant.id, tenant.name, role, coalesce(used, 0) FROM "
			"token "
			"JOIN tenant ON tenant.id = token.tenant WHERE hash = ?",
			"b", token_hash(token, digest));
	int64_t used = 0;
	if (rows && db_next(rows, &problem)) {
		*found = true;
		account->token = db_integer(rows, 0);
		account->tenant = db_integer(rows, 1);
		snprintf(account->tenant_name, sizeof account->tenant_name, "%s", db_text(rows, 2));
		account->role = (enum role)db_integer(rows, 3);
		used = db_integer(rows, 4);
	}
	db_done(rows);
	db_unlock(db);
	if (problem.code != SV_ERROR_NONE)
		return sv_fail(error, problem.code, "%s", problem.text);
	/* A disk that is full must not keep people from asking. */
	if (*found && !token_touch(db, account->token, used, NULL))
		return true;
	return true;
}

bool token_make(char token[static TOKEN_SIZE], struct sv_error *error)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char random[32];
	if (RAND_priv_bytes(random, sizeof random) != 1)
		return sv_fail(error, SV_ERROR_SYSTEM, "no random numbers for a token");
	memcpy(token, "svt_", 4);
	for (size_t i = 0; i < sizeof random; i++)
		token[4 + i] = digits[random[i] % 32];
	token[TOKEN_SIZE - 1] = '\0';
	return true;
}

bool accounts_add(struct db *db, const char *tenant, enum role role, const char *token, int64_t *id,
		struct sv_error *error)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct sv_bytes text = {(const uint8_t *)token, TOKEN_SIZE - 1};
	TRY(db_begin(db, error));
	bool done = db_run(db, error, "INSERT OR IGNORE INTO tenant (name) VALUES (?)", "s",
				    tenant) &&
			db_run(db, error,
					"INSERT INTO token (tenant, role, hash, created) "
					"SELECT id, ?, ?, ? FROM tenant WHERE name = ?",
					"ibis", (int64_t)role, token_hash(text, digest),
					(int64_t)time(NULL), tenant);
	*id = db_last_id(db);
	return db_end(db, done, error) && done;
}

bool accounts_make(struct db *db, const char *tenant, enum role role, int64_t *id,
		char token[static TOKEN_SIZE], struct sv_error *error)
{
	return token_make(token, error) && accounts_add(db, tenant, role, token, id, error);
}

bool accounts_tenant(struct db *db, const char *name, int64_t *id, struct sv_error *error)
{
	TRY(db_run(db, error, "INSERT OR IGNORE INTO tenant (name) VALUES (?)", "s", name));
	return db_value(db, error, id, 0, "SELECT id FROM tenant WHERE name = ?", "s", name);
}

bool accounts_revoke(struct db *db, int64_t id, bool *found, struct sv_error *error)
{
	db_lock(db);
	bool done = db_run(db, error, "DELETE FROM token WHERE id = ?", "i", id);
	*found = done && db_changes(db) > 0;
	db_unlock(db);
	return done;
}
