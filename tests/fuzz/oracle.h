/*
 * oracle.h: V8 as another opinion: one process, asked over socket pairs.
 */
#ifndef SELVAGE_TESTS_FUZZ_ORACLE_H
#define SELVAGE_TESTS_FUZZ_ORACLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "tests/fuzz/transcript.h"

enum { ORACLE_MAX_CLIENTS = 8 };

struct oracle {
	pid_t pid;
	int sockets[ORACLE_MAX_CLIENTS]; /* one a worker; -1: none */
	unsigned count;
};

/* Start `node` (a path) with the server `script` for `count` workers. */
bool oracle_start(struct oracle *oracle, const char *node, const char *script, unsigned count,
		struct sv_error *error);
void oracle_stop(struct oracle *oracle);

/* Send a module; the answer is taken later, so that V8 works while we do. */
bool oracle_ask(int socket, struct sv_bytes module);
bool oracle_answer(int socket, struct transcript *transcript);

#endif
