/*
 * files.h: files of settings that came with a program.
 */
#ifndef SELVAGE_HOST_FILES_H
#define SELVAGE_HOST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

/*
 * What they say is somebody's who may name neither files nor variables of this machine, nor private
 * addresses but those that the operator lets guests reach.
 */
struct host_files {
	/* The file of a path without "./" in front; false: there is none. */
	bool (*find)(const void *data, const char *path, struct sv_bytes *content);
	const void *data;
	const char *const *reachable; /* "HOST:PORT" */
	size_t reachable_count;
};

#endif
