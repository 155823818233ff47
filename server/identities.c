/*
 * identities.c: which certificate a name gets.
 */
#include "server/identities.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "server/authority.h"
#include "server/authority_sign.h"
#include "server/issued.h"
#include "server/log.h"
#include "server/loop.h"

/* Time between two looks at files, nanoseconds. */
static const uint64_t look_again = UINT64_C(1000000000);

/* A certificate is issued anew when a third of its time is left, seconds. */
static const int64_t seconds_of_day = 86400;

/* More files than anybody has, who does not want a server of another kind. */
static const size_t most_files = 1000;

/* What tells one state of a file from another. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

/* A certificate from files. */
struct identity_files {
	struct identity_files *next;
	char *path, *key_path; /* owned */
	struct certificate certificate;
	struct stamp stamps[2]; /* when they were last read */
	uint64_t looked;        /* nanoseconds of CLOCK_MONOTONIC */
};

struct tls_identities {
	pthread_mutex_t lock; /* for all that follows */
	struct identity_files *files; /* owned, in the order in which they were added */
	size_t file_count;
	struct authority *authority; /* owned; NULL: none */
	struct issued issued;
	char *client_authority; /* owned; set before there is a server; NULL: none */
};

bool tls_identities_ask_clients(struct tls_identities *identities, const char *path,
		struct sv_error *error)
{
	free(identities->client_authority);
	identities->client_authority = strdup(path);
	return identities->client_authority ||
			sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for certificates");
}

const char *tls_identities_client_authority(const struct tls_identities *identities)
{
	return identities->client_authority;
}

struct tls_identities *tls_identities_new(struct sv_error *error)
{
	struct tls_identities *identities = calloc(1, sizeof *identities);
	if (!identities)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for certificates");
	else
		pthread_mutex_init(&identities->lock, NULL);
	return identities;
}

static void files_free(struct identity_files *files)
{
	certificate_finish(&files->certificate);
	free(files->path);
	free(files->key_path);
	free(files);
}

void tls_identities_free(struct tls_identities *identities)
{
	if (!identities)
		return;
	while (identities->files) {
		struct identity_files *files = identities->files;
		identities->files = files->next;
		files_free(files);
	}
	issued_finish(&identities->issued);
	authority_free(identities->authority);
	pthread_mutex_destroy(&identities->lock);
	free(identities->client_authority);
	free(identities);
}

/* ---- files ---- */

/* What cannot be looked at is all zero, and so is different from what was. */
static struct stamp stamp_of(const char *path)
{
	struct stat status;
	struct stamp stamp;
	memset(&stamp, 0, sizeof stamp);
	if (stat(path, &status) != 0)
		return stamp;
	stamp.device = status.st_dev;
	stamp.inode = status.st_ino;
	stamp.size = status.st_size;
	stamp.modified = status.st_mtim;
	return stamp;
}

static bool stamp_is(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
			a->modified.tv_sec == b->modified.tv_sec &&
			a->modified.tv_nsec == b->modified.tv_nsec;
}

/* True if the files are not what they were; they are looked at before they are read. */
static bool files_have_changed(struct identity_files *files)
{
	const struct stamp now[2] = {stamp_of(files->path), stamp_of(files->key_path)};
	bool is_same = stamp_is(&now[0], &files->stamps[0]) && stamp_is(&now[1], &files->stamps[1]);
	memcpy(files->stamps, now, sizeof now);
	return !is_same;
}

/* Read them again if they have changed and it is time to look. */
static void files_look(struct identity_files *files, struct server_log *log)
{
	uint64_t now = clock_now();
	if (now - files->looked < look_again)
		return;
	files->looked = now;
	if (!files_have_changed(files))
		return;
	struct certificate certificate;
	struct sv_error error = SV_ERROR_INIT;
	if (!certificate_read(&certificate, files->path, files->key_path, &error)) {
		log_event(log, "the certificate that was read before stays: %s", error.text);
		return;
	}
	certificate_finish(&files->certificate);
	files->certificate = certificate;
	log_event(log, "read the certificate %s again", files->path);
}

/* Files with names, and nothing read yet; NULL: no memory. */
static struct identity_files *files_new(const char *certificate_path, const char *key_path)
{
	struct identity_files *files = calloc(1, sizeof *files);
	if (!files)
		return NULL;
	files->path = strdup(certificate_path);
	files->key_path = strdup(key_path);
	if (files->path && files->key_path)
		return files;
	files_free(files);
	return NULL;
}

/* Put them behind the others; false if there are too many. */
static bool files_append(struct tls_identities *identities, struct identity_files *files)
{
	pthread_mutex_lock(&identities->lock);
	bool has_room = identities->file_count < most_files;
	struct identity_files **end = &identities->files;
	while (*end)
		end = &(*end)->next;
	if (has_room) {
		*end = files;
		identities->file_count++;
	}
	pthread_mutex_unlock(&identities->lock);
	return has_room;
}

bool tls_identities_add_files(struct tls_identities *identities, const char *certificate_path,
		const char *key_path, struct sv_error *error)
{
	struct identity_files *files = files_new(certificate_path, key_path);
	if (!files)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a certificate");
	(void)files_have_changed(files);
	files->looked = clock_now();
	bool is_read = certificate_read(&files->certificate, certificate_path, key_path, error);
	if (is_read && files_append(identities, files))
		return true;
	files_free(files);
	return is_read &&
			sv_fail(error, SV_ERROR_LIMIT, "more than %zu certificates from files",
					most_files);
}

/* ---- the authority ---- */

bool tls_identities_add_authority(struct tls_identities *identities, const char *directory,
		const char *domain, struct sv_error *error)
{
	struct authority *authority = authority_open(directory, domain, error);
	if (!authority)
		return false;
	pthread_mutex_lock(&identities->lock);
	bool is_first = !identities->authority;
	if (is_first)
		identities->authority = authority;
	pthread_mutex_unlock(&identities->lock);
	if (is_first)
		return true;
	authority_free(authority);
	return sv_fail(error, SV_ERROR_USAGE, "more than one local authority");
}

const char *tls_identities_authority_path(struct tls_identities *identities)
{
	pthread_mutex_lock(&identities->lock);
	const char *path = identities->authority ? authority_path(identities->authority) : NULL;
	pthread_mutex_unlock(&identities->lock);
	return path;
}

static const struct certificate *find_issued(struct tls_identities *identities, const char *name,
		struct server_log *log)
{
	int64_t now = (int64_t)time(NULL);
	struct issued_entry *entry = issued_find(&identities->issued, name, now);
	if (entry)
		return &entry->certificate;
	struct certificate certificate;
	struct sv_error error = SV_ERROR_INIT;
	if (!authority_issue(identities->authority, name, &certificate, &error)) {
		log_event(log, "%s", error.text);
		return NULL;
	}
	entry = issued_add(&identities->issued, name, &certificate,
			now + authority_leaf_days * seconds_of_day * 2 / 3);
	return entry ? &entry->certificate : NULL;
}

/* ---- both ---- */

/* Borrowed until the lock is given back; NULL: none. */
static const struct certificate *find(struct tls_identities *identities, const char *name,
		struct server_log *log)
{
	for (struct identity_files *files = identities->files; files; files = files->next) {
		files_look(files, log);
		if (!name || certificate_covers(&files->certificate, name))
			return &files->certificate;
	}
	if (!identities->authority)
		return NULL;
	const char *domain = authority_domain(identities->authority);
	if (!name)
		name = domain;
	return dns_name_is_within(name, domain) ? find_issued(identities, name, log) : NULL;
}

bool tls_identities_find(struct tls_identities *identities, const char *name,
		struct server_log *log, struct certificate *found)
{
	pthread_mutex_lock(&identities->lock);
	const struct certificate *certificate = find(identities, name, log);
	bool is_found = certificate && certificate_share(certificate, found);
	pthread_mutex_unlock(&identities->lock);
	return is_found;
}
