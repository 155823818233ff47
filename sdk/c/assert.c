/*
 * assert.c: what assert(3) of a C library calls, without files: the reason goes to the host, and
 * the guest traps. Linked with guests that are built by a server.
 */
#include <string.h>

#include "http_hostcalls.h"

_Noreturn void __assert_fail(const char *text, const char *file, int line, const char *function);

_Noreturn void __assert_fail(const char *text, const char *file, int line, const char *function)
{
	(void)line;
	hostcall_panic_hook(text, strlen(text));
	(void)file;
	(void)function;
	__builtin_trap();
}
