/*
 * excuses.c: operators that no random module has, each with its reason.
 */
#include "tests/fuzz/generate.h"

#include <string.h>

static const struct {
	const char *name, *reason;
} excuses[] = {
		{"none", "there is no such operator"},
};

const char *generate_excuse(const char *operator_name)
{
	for (size_t i = 0; i < sizeof excuses / sizeof excuses[0]; i++) {
		if (strcmp(excuses[i].name, operator_name) == 0)
			return excuses[i].reason;
	}
	return NULL;
}
