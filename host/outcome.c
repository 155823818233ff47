/*
 * outcome.c: endings, their statuses, and the one line of cause that a client and a log
 * may see. The first failure wins.
 */
#include "host/host.h"

#include <stdarg.h>
#include <stdio.h>

int host_ending_status(enum host_ending ending)
{
	static const int statuses[] = {
#define HOST_ENDING(name, status, meaning) status,
#include "host/endings.def"
#undef HOST_ENDING
	};
	check((size_t)ending < ARRAY_LENGTH(statuses));
	return statuses[ending];
}

void host_outcome_set(struct host_outcome *outcome, enum host_ending ending, const char *format,
		...)
{
	if (outcome->ending != HOST_ANSWERED)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(outcome->cause, sizeof outcome->cause, format, arguments);
	va_end(arguments);
	outcome->ending = ending;
}
