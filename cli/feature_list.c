/*
 * feature_list.c: features by name.
 */
#include "cli/feature_list.h"

#include <stdio.h>
#include <string.h>

#include "compiler/compiler.h"

static const char *const names[SV_FEATURE_COUNT] = {
#define SV_FEATURE(name, text, on) [SV_FEATURE_##name] = text,
#include "compiler/features.def"
#undef SV_FEATURE
};

static bool feature_unknown(const char *name, size_t length, struct sv_error *error)
{
	char known[400] = "all";
	for (size_t i = 0; i < SV_FEATURE_COUNT; i++) {
		size_t used = strlen(known);
		snprintf(known + used, sizeof known - used, ", %s", names[i]);
	}
	return sv_fail(error, SV_ERROR_USAGE, "--features: \"%.*s\" is none of %s",
			(int)(length < 40 ? length : 40), name, known);
}

/* The bits that a name stands for; 0 if it is unknown. */
static uint64_t feature_bits(const char *name, size_t length)
{
	if (length == 3 && memcmp(name, "all", 3) == 0)
		return (UINT64_C(1) << SV_FEATURE_COUNT) - 1;
	for (size_t i = 0; i < SV_FEATURE_COUNT; i++) {
		if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0)
			return UINT64_C(1) << i;
	}
	return 0;
}

bool feature_list_apply(const char *list, uint64_t *features, struct sv_error *error)
{
	for (const char *at = list; at && *at;) {
		bool off = *at == '-';
		at += off || *at == '+';
		size_t length = strcspn(at, ",");
		uint64_t bits = feature_bits(at, length);
		if (!bits)
			return feature_unknown(at, length, error);
		*features = off ? *features & ~bits : *features | bits;
		at += length + (at[length] == ',');
	}
	return true;
}
