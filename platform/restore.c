/*
 * restore.c: makes a data folder of a backup (backup.h): beside the place where it will be, which
 * it takes when all of it was checked.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/backup.h"
#include "platform/blobs.h"
#include "platform/db.h"
#include "platform/seal.h"
#include "platform/settings.h"
#include "platform/ustar.h"

struct restore {
	const char *path; /* of the backup, borrowed */
	int archive;
	char folder[560]; /* new */
	EVP_MD_CTX *digest;
	struct backup_facts *facts;
};

/* ---- the files ---- */

static bool text_is_of(const char *text, const char *letters)
{
	return text[0] && strspn(text, letters) == strlen(text);
}

static bool name_is_blob(const char *name)
{
	return strncmp(name, "blobs/", 6) == 0 && strlen(name + 6) == BLOB_NAME_SIZE - 1 &&
			text_is_of(name + 6, "0123456789abcdef");
}

/* What a backup may hold, and nothing else. */
static bool name_is_known(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	return strcmp(name, "selvage.db") == 0 || strcmp(name, "secret.key") == 0 ||
			name_is_blob(name) ||
			(strncmp(name, "tls/", 4) == 0 && name[4] != '.' &&
					text_is_of(name + 4, letters));
}

static bool restore_file(struct restore *restore, const struct ustar_entry *entry,
		struct sv_error *error)
{
	char path[700], found[BLOB_NAME_SIZE];
	if (!name_is_known(entry->name))
		return sv_fail(error, SV_ERROR_INVALID, "it holds \"%.80s\", which no backup has",
				entry->name);
	snprintf(path, sizeof path, "%s/%s", restore->folder, entry->name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return sv_fail_errno(error, "cannot write %s", path);
	bool done = EVP_DigestInit_ex(restore->digest, EVP_sha256(), NULL) == 1 ||
			sv_fail(error, SV_ERROR_SYSTEM, "cannot take a digest");
	done = done && ustar_extract(restore->archive, entry, fd, restore->digest, error) &&
			blob_digest_end(restore->digest, found, error);
	if (done && fsync(fd) != 0)
		done = sv_fail_errno(error, "cannot write %s", path);
	close(fd);
	if (!done || !name_is_blob(entry->name))
		return done;
	restore->facts->files++;
	restore->facts->bytes += entry->size;
	return strcmp(found, entry->name + 6) == 0 ||
			sv_fail(error, SV_ERROR_INVALID, "%s is damaged", entry->name);
}

static bool restore_files(struct restore *restore, struct sv_error *error)
{
	struct ustar_entry entry;
	bool found = true;
	while (found) {
		TRY(ustar_next(restore->archive, &entry, &found, error));
		if (found)
			TRY(restore_file(restore, &entry, error));
	}
	return true;
}

/* ---- are they all there? ---- */

static bool check_database(struct db *db, struct sv_error *error)
{
	int64_t is_fine;
	TRY(db_value(db, error, &is_fine, 0,
			"SELECT integrity_check = 'ok' FROM pragma_integrity_check(1)", ""));
	return is_fine || sv_fail(error, SV_ERROR_INVALID, "its database is damaged");
}

static bool check_key(const struct restore *restore, struct db *db, struct sv_error *error)
{
	char path[700];
	struct seal_key key;
	bool found;
	int64_t secrets;
	snprintf(path, sizeof path, "%s/secret.key", restore->folder);
	TRY(seal_key_read(&key, path, &found, error));
	TRY(secrets_count(db, &secrets, error));
	if (!found)
		return !secrets || sv_fail(error, SV_ERROR_INVALID, "it has no key of its secrets");
	bool done = secrets_check(db, &key, error);
	explicit_bzero(&key, sizeof key);
	return done;
}

static bool check_blobs(const struct restore *restore, struct db *db, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	char path[700];
	db_lock(db);
	struct sqlite3_stmt *rows = db_query(db, &problem,
			"SELECT module FROM version WHERE module <> '' UNION "
			"SELECT source FROM version WHERE source <> '' UNION "
			"SELECT assets FROM version WHERE assets <> '' UNION "
			"SELECT artifact FROM version WHERE artifact <> ''",
			"");
	while (rows && problem.code == SV_ERROR_NONE && db_next(rows, &problem)) {
		snprintf(path, sizeof path, "%s/blobs/%s", restore->folder, db_text(rows, 0));
		if (access(path, F_OK) != 0)
			sv_fail(&problem, SV_ERROR_INVALID, "it lacks blobs/%s", db_text(rows, 0));
	}
	db_done(rows);
	db_unlock(db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

static bool restore_check(const struct restore *restore, struct sv_error *error)
{
	char path[700];
	snprintf(path, sizeof path, "%s/selvage.db", restore->folder);
	if (access(path, F_OK) != 0)
		return sv_fail(error, SV_ERROR_INVALID, "it has no database");
	struct db *db = db_open(path, error);
	if (!db)
		return false;
	bool done = check_database(db, error) && check_key(restore, db, error) &&
			check_blobs(restore, db, error);
	db_free(db);
	return done;
}

/* ---- the folder ---- */

static bool restore_folders(struct restore *restore, struct sv_error *error)
{
	static const char *const names[] = {"blobs", "logs", "tls"};
	char path[700];
	if (!mkdtemp(restore->folder))
		return sv_fail_errno(error, "cannot make the folder %s", restore->folder);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		snprintf(path, sizeof path, "%s/%s", restore->folder, names[i]);
		if (mkdir(path, 0700) != 0)
			return sv_fail_errno(error, "cannot make the folder %s", path);
	}
	return true;
}

/* All on the disk, then its place. A folder that is there changes places with it. */
static bool restore_place(struct restore *restore, const char *data, bool is_there, char *kept,
		struct sv_error *error)
{
	int fd = open(restore->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && syncfs(fd) == 0 &&
			renameat2(AT_FDCWD, restore->folder, AT_FDCWD, data,
					is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE) == 0;
	if (!done)
		sv_fail_errno(error, "cannot put %s in place", data);
	if (done && syncfs(fd) != 0)
		done = sv_fail_errno(error, "cannot sync %s", data);
	if (fd >= 0)
		close(fd);
	if (done && is_there && rmdir(restore->folder) != 0) /* it was not empty */
		snprintf(kept, 600, "%s", restore->folder);
	return done;
}

static int remove_visit(const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

/* What is in the new folder we made ourselves. */
static void restore_abandon(const struct restore *restore)
{
	(void)nftw(restore->folder, remove_visit, 16, FTW_DEPTH | FTW_PHYS);
}

static bool restore_run(struct restore *restore, const char *data, bool is_there, char *kept,
		struct sv_error *error)
{
	TRY(restore_folders(restore, error));
	bool done = restore_files(restore, error) && restore_check(restore, error);
	if (!done)
		sv_error_prefix(error, "%s", restore->path);
	done = done && restore_place(restore, data, is_there, kept, error);
	if (!done)
		restore_abandon(restore);
	return done;
}

/* ---- what is there before ---- */

static bool folder_look(const char *path, bool *is_there, bool *is_empty, struct sv_error *error)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	*is_there = folder != NULL;
	*is_empty = true;
	if (!folder)
		return errno == ENOENT || sv_fail_errno(error, "cannot open %s", path);
	while (*is_empty && (entry = readdir(folder)))
		*is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(folder);
	return true;
}

/* The lock of the folder that is there, so that no daemon starts in it; -1: there is no folder. */
static bool data_take(const char *data, bool force, int *lock, bool *is_there,
		struct sv_error *error)
{
	char path[700];
	bool is_empty;
	*lock = -1;
	TRY(folder_look(data, is_there, &is_empty, error));
	if (!*is_there || is_empty)
		return true;
	if (!force)
		return sv_fail(error, SV_ERROR_USAGE,
				"%s is not empty: give another folder, or --force, which keeps "
				"what is there under another name",
				data);
	snprintf(path, sizeof path, "%s/lock", data);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock < 0)
		return sv_fail_errno(error, "cannot open %s", path);
	return flock(*lock, LOCK_EX | LOCK_NB) == 0 ||
			sv_fail(error, SV_ERROR_SYSTEM, "%s is in use by a `selvage up`", data);
}

bool backup_restore(const char *data, const char *path, bool force, char kept[static 600],
		struct backup_facts *facts, struct sv_error *error)
{
	struct restore restore = {.path = path, .facts = facts};
	bool is_there;
	int lock;
	size_t length = strlen(data);
	kept[0] = '\0';
	*facts = (struct backup_facts){0};
	while (length > 1 && data[length - 1] == '/')
		length--;
	if (length > 500)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	snprintf(restore.folder, sizeof restore.folder, "%.*s.restore-XXXXXX", (int)length, data);
	bool done = data_take(data, force, &lock, &is_there, error);
	restore.archive = done ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (done && restore.archive < 0)
		done = sv_fail_errno(error, "cannot open %s", path);
	restore.digest = EVP_MD_CTX_new();
	if (done && !restore.digest)
		done = sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a digest");
	done = done && restore_run(&restore, data, is_there, kept, error);
	EVP_MD_CTX_free(restore.digest);
	if (restore.archive >= 0)
		close(restore.archive);
	if (lock >= 0)
		close(lock);
	return done;
}
