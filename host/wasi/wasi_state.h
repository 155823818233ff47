/*
 * wasi_state.h: struct wasi as the files of this folder see it.
 */
#ifndef SELVAGE_HOST_WASI_STATE_H
#define SELVAGE_HOST_WASI_STATE_H

#include "host/wasi/wasi.h"
#include "host/wasi/wasi_table.h"

struct wasi {
	struct wasi_config config; /* what it points to is borrowed */
	struct wasi_table table;
	struct wasi_memory_stream streams[3];
	uint64_t poll_began; /* when poll_oneoff was called that is called again; 0: none is */
};

#endif
