/*
 * tls_memory.c: where sessions of OpenSSL are. Half of what one takes is its SSL, of 7.6 KiB in
 * OpenSSL 3.0, in which 1.7 KiB are not zeros when it is idle: it gets pages of its own, so that it
 * can rest. Nothing but the session that it is of has pointers into it then.
 */
#include <stdlib.h>
#include <string.h>

#include "server/tls_context.h"

/* What a session allocates at once that is larger than this is its SSL. */
static const size_t large = 4096;

/* Of the session that this thread is making; NULL: none, or its SSL is there already. */
static _Thread_local struct rest *wanted;

static void *memory_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	if (size == 0)
		return NULL;
	if (!wanted || size <= large || size > REST_MOST / 2)
		return malloc(size);
	struct rest *rest = wanted;
	wanted = NULL;
	void *memory = rest_alloc(rest, size);
	if (memory)
		memset(memory, 0, rest->size);
	return memory;
}

void tls_memory_init(void)
{
	/* It is too late in a program that has used OpenSSL: then sessions do not rest. */
	(void)CRYPTO_set_mem_functions(memory_malloc, NULL, NULL);
}

SSL *tls_memory_new(SSL_CTX *context, struct rest *rest)
{
	wanted = rest;
	SSL *ssl = SSL_new(context);
	wanted = NULL;
	/* Of a session that could not be made. */
	if (!ssl)
		*rest = (struct rest){0};
	return ssl;
}
