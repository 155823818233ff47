/*
 * assemblyscript.c: env.abort. Strings of AssemblyScript are UTF-16LE with their length in
 * bytes in the four bytes before them.
 */
#include "host/assemblyscript/assemblyscript.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "runtime/selvage.h"

/* The texts end up in one line of a trap; what is longer is cut. */
#define MAX_UNITS 60u

/* Copy a guest's string as ASCII, '?' for all else. Empty if it is null or outside memory. */
static void abort_text(struct sv_caller *caller, uint32_t address, char text[MAX_UNITS + 1])
{
	uint32_t length;
	text[0] = '\0';
	const void *head = address < 4 ? NULL : sv_caller_view(caller, address - 4, 4);
	if (!head)
		return;
	memcpy(&length, head, sizeof length);
	uint32_t units = length / 2 < MAX_UNITS ? length / 2 : MAX_UNITS;
	const uint8_t *bytes = sv_caller_view(caller, address, (uint64_t)units * 2);
	if (!bytes)
		return;
	for (uint32_t i = 0; i < units; i++) {
		uint8_t low = bytes[2 * i], high = bytes[2 * i + 1];
		text[i] = high || low < 0x20 || low > 0x7e ? '?' : (char)low;
	}
	text[units] = '\0';
}

/* env.abort(message, file, line, column) */
static enum sv_host_result assemblyscript_abort(struct sv_caller *caller, union sv_value *values)
{
	char message[MAX_UNITS + 1], file[MAX_UNITS + 1];
	abort_text(caller, (uint32_t)values[0].i32, message);
	abort_text(caller, (uint32_t)values[1].i32, file);
	sv_caller_set_trap(caller, SV_TRAP_HOST, "abort: %s at %s:%u:%u",
			message[0] ? message : "(no message)", file[0] ? file : "(unknown)",
			(unsigned)values[2].i32, (unsigned)values[3].i32);
	return SV_HOST_TRAP;
}

bool assemblyscript_bind(struct sv_linker *linker, struct sv_error *error)
{
	return sv_linker_define_function(linker, "env", "abort", "iiii:", assemblyscript_abort,
			NULL, error);
}
