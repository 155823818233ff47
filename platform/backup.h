/*
 * backup.h: all that a data folder keeps, but for logs, in one file, and back. For processes of
 * their own: a backup may be made while the daemon runs.
 */
#ifndef SELVAGE_PLATFORM_BACKUP_H
#define SELVAGE_PLATFORM_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

struct backup_facts {
	uint64_t files; /* modules and artifacts */
	uint64_t bytes; /* of those */
};

/*
 * Write the file `path`, whole or not at all, readable for its owner only: the database as it is at
 * one instant, all files that it refers to, and the keys.
 */
SV_MUST_USE bool backup_write(const char *data, const char *path, struct backup_facts *facts,
		struct sv_error *error);

/*
 * Make the folder `data` of the backup at `path`: read, checked and on the disk before it takes its
 * place. A folder that is not empty is refused unless `force`: then it is renamed, to what
 * `kept` says afterwards ("" if there was none). Refused in any case while a daemon runs there.
 */
SV_MUST_USE bool backup_restore(const char *data, const char *path, bool force,
		char kept[static 600], struct backup_facts *facts, struct sv_error *error);

#endif
