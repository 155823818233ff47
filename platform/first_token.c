/*
 * first_token.c: see first_token.h. The file is on the disk before the row, and goes last: whatever
 * is interrupted is done again from the file.
 */
#include "platform/first_token.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

/* The token of the file into `token`; `found` false if there is no such file. */
static bool token_read(const char *path, char token[static TOKEN_SIZE], bool *found,
		struct sv_error *error)
{
	struct buffer text = {.limit = 131072};
	*found = access(path, F_OK) == 0;
	if (!*found)
		return errno == ENOENT || sv_fail_errno(error, "cannot open %s", path);
	bool done = file_read(path, &text, error);
	if (done && text.length != TOKEN_SIZE - 1)
		done = sv_fail(error, SV_ERROR_SYSTEM, "%s does not hold a token", path);
	if (done)
		memcpy(token, text.data, TOKEN_SIZE - 1);
	token[done ? TOKEN_SIZE - 1 : 0] = '\0';
	buffer_wipe(&text);
	return done;
}

static bool token_write(const char *folder, const char *path, char token[static TOKEN_SIZE],
		struct sv_error *error)
{
	return token_make(token, error) &&
			file_write(path, (struct sv_bytes){(uint8_t *)token, TOKEN_SIZE - 1}, 0600,
					error) &&
			folder_sync(folder, error);
}

/* One of a file that is not among those there are was revoked, or is of another database. */
static bool token_is_known(struct db *db, const char *token, bool *is_known, struct sv_error *error)
{
	struct account account;
	struct sv_bytes text = {(const uint8_t *)token, TOKEN_SIZE - 1};
	return accounts_find(db, text, &account, is_known, error);
}

bool first_token_open(struct db *db, const char *folder, const char *path,
		char token[static TOKEN_SIZE], struct sv_error *error)
{
	bool exist, in_file, is_known;
	int64_t id;
	token[0] = '\0';
	TRY(accounts_exist(db, &exist, error));
	TRY(token_read(path, token, &in_file, error));
	if (exist && !in_file)
		return true;
	if (!in_file)
		TRY(token_write(folder, path, token, error));
	if (!exist)
		return accounts_add(db, "default", ROLE_ADMIN, token, &id, error);
	TRY(token_is_known(db, token, &is_known, error));
	if (!is_known)
		token[0] = '\0';
	return true;
}

void first_token_told(const char *path)
{
	(void)unlink(path); /* else it is told again by the next start */
}
