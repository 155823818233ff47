/*
 * backup.c: writes backups (backup.h). The daemon sweeps no files meanwhile (blobs_keep), so those
 * that the copy of the database refers to are there until they are read.
 */
#include "platform/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/blobs.h"
#include "platform/db.h"
#include "platform/ustar.h"

struct backup {
	const char *data; /* borrowed */
	int archive;
	EVP_MD_CTX *digest;
	struct db *db; /* the copy */
	struct backup_facts *facts;
};

/* Add DATA/NAME; with `is_blob`, what it holds must be what its name says. */
static bool backup_add_as(struct backup *backup, const char *path, const char *name, bool is_blob,
		struct sv_error *error)
{
	struct ustar_entry entry;
	struct stat status;
	char found[BLOB_NAME_SIZE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sv_fail_errno(error, "cannot open %s", path);
	snprintf(entry.name, sizeof entry.name, "%s", name);
	bool done = fstat(fd, &status) == 0 &&
			EVP_DigestInit_ex(backup->digest, EVP_sha256(), NULL) == 1;
	entry.size = done ? (uint64_t)status.st_size : 0;
	if (!done)
		sv_fail_errno(error, "cannot read %s", path);
	done = done && ustar_add(backup->archive, &entry, fd, backup->digest, error) &&
			blob_digest_end(backup->digest, found, error);
	close(fd);
	if (done && is_blob && strcmp(found, strrchr(name, '/') + 1) != 0)
		return sv_fail(error, SV_ERROR_SYSTEM, "%s is damaged", path);
	if (done && is_blob) {
		backup->facts->files++;
		backup->facts->bytes += entry.size;
	}
	return done;
}

static bool backup_add(struct backup *backup, const char *name, bool is_blob,
		struct sv_error *error)
{
	char path[1024];
	int length = snprintf(path, sizeof path, "%s/%s", backup->data, name);
	if (length < 0 || (size_t)length >= sizeof path)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	return backup_add_as(backup, path, name, is_blob, error);
}

/* Of compilations that no version has, one that is lost is no loss. */
static bool backup_add_blob(struct backup *backup, const char *blob, bool is_needed,
		struct sv_error *error)
{
	char name[80], path[1024];
	snprintf(name, sizeof name, "blobs/%s", blob);
	snprintf(path, sizeof path, "%s/%s", backup->data, name);
	if (!is_needed && access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	return backup_add(backup, name, true, error);
}

static bool backup_add_blobs(struct backup *backup, struct sv_error *error)
{
	struct sv_error problem = SV_ERROR_INIT;
	db_lock(backup->db);
	struct sqlite3_stmt *rows = db_query(backup->db, &problem,
			"SELECT name, max(needed) FROM ("
			"SELECT module AS name, 1 AS needed FROM version WHERE module <> '' "
			"UNION ALL SELECT source, 1 FROM version WHERE source <> '' "
			"UNION ALL SELECT assets, 1 FROM version WHERE assets <> '' "
			"UNION ALL SELECT artifact, 1 FROM version WHERE artifact <> '' "
			"UNION ALL SELECT artifact, 0 FROM compiled) GROUP BY name",
			"");
	bool done = rows != NULL;
	while (done && db_next(rows, &problem))
		done = backup_add_blob(backup, db_text(rows, 0), db_integer(rows, 1) != 0,
				&problem);
	db_done(rows);
	db_unlock(backup->db);
	return problem.code == SV_ERROR_NONE || sv_fail(error, problem.code, "%s", problem.text);
}

/* Keys and certificates of our authority. */
static bool backup_add_tls(struct backup *backup, struct sv_error *error)
{
	char path[1024], name[101];
	snprintf(path, sizeof path, "%s/tls", backup->data);
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool done = true;
	if (!folder)
		return errno == ENOENT || sv_fail_errno(error, "cannot read %s", path);
	while (done && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		int length = snprintf(name, sizeof name, "tls/%s", entry->d_name);
		if (length > 0 && (size_t)length < sizeof name)
			done = backup_add(backup, name, false, error);
	}
	closedir(folder);
	return done;
}

/* The key may be missing only if nothing is sealed, in which case there is nothing to keep. */
static bool backup_add_key(struct backup *backup, struct sv_error *error)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/secret.key", backup->data);
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	return backup_add(backup, "secret.key", false, error);
}

static bool backup_fill(struct backup *backup, const char *copy, struct sv_error *error)
{
	char path[1024];
	snprintf(path, sizeof path, "%s/selvage.db", backup->data);
	TRY(db_copy(path, copy, error));
	backup->db = db_open(copy, error);
	if (!backup->db)
		return false;
	TRY(backup_add_key(backup, error));
	TRY(backup_add_tls(backup, error));
	TRY(backup_add_blobs(backup, error));
	db_free(backup->db); /* all of it is in the one file afterwards */
	backup->db = NULL;
	return backup_add_as(backup, copy, "selvage.db", false, error) &&
			ustar_end(backup->archive, error);
}

/* With the names of the temporary files made: the archive's, behind which is the database's. */
static bool backup_make(struct backup *backup, const char *temporary, const char *copy,
		struct sv_error *error)
{
	backup->digest = EVP_MD_CTX_new();
	bool done = backup->digest ? backup_fill(backup, copy, error)
				   : sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a digest");
	db_free(backup->db);
	EVP_MD_CTX_free(backup->digest);
	if (done && fsync(backup->archive) != 0)
		done = sv_fail_errno(error, "cannot write %s", temporary);
	return done;
}

static bool backup_begin(struct backup *backup, const char *path, struct sv_error *error)
{
	char temporary[1024], copy[1040], more[1050];
	int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
	if (length < 0 || (size_t)length >= sizeof temporary)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the backup is too long");
	backup->archive = mkostemp(temporary, O_CLOEXEC);
	if (backup->archive < 0)
		return sv_fail_errno(error, "cannot write %s", path);
	snprintf(copy, sizeof copy, "%s.db", temporary);
	bool done = backup_make(backup, temporary, copy, error);
	close(backup->archive);
	if (done && rename(temporary, path) != 0)
		done = sv_fail_errno(error, "cannot write %s", path);
	if (!done)
		unlink(temporary);
	unlink(copy);
	for (const char *const *suffix = (const char *const[]){"-wal", "-shm", NULL}; *suffix;
			suffix++) {
		snprintf(more, sizeof more, "%s%s", copy, *suffix);
		unlink(more);
	}
	return done;
}

bool backup_write(const char *data, const char *path, struct backup_facts *facts,
		struct sv_error *error)
{
	char blobs[1024];
	struct backup backup = {.data = data, .facts = facts};
	int length = snprintf(blobs, sizeof blobs, "%s/blobs", data);
	*facts = (struct backup_facts){0};
	if (length < 0 || (size_t)length >= sizeof blobs)
		return sv_fail(error, SV_ERROR_LIMIT, "the path of the data folder is too long");
	int keeping = blobs_keep(blobs, error);
	if (keeping < 0)
		return false;
	bool done = backup_begin(&backup, path, error);
	close(keeping);
	return done;
}
