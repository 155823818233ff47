/*
 * feature.c: names of features, and the refusal of what is off or not there yet.
 */
#include "compiler/feature.h"

#include <stdio.h>

static const char *const names[] = {
#define SV_FEATURE(name, text, on) [SV_FEATURE_##name] = text,
#include "compiler/features.def"
#undef SV_FEATURE
};

static const struct proposal {
	enum proposal_place place;
	uint32_t first, last;
	const char *name;
} proposals[] = {
#define SV_PROPOSAL_PLACE(place, noun)
#define SV_PROPOSAL(place, first, last, name) {PROPOSAL_##place, first, last, name},
#include "compiler/proposals.def"
#undef SV_PROPOSAL_PLACE
#undef SV_PROPOSAL
};

static const char *const nouns[] = {
#define SV_PROPOSAL_PLACE(place, noun) [PROPOSAL_##place] = noun,
#define SV_PROPOSAL(place, first, last, name)
#include "compiler/proposals.def"
#undef SV_PROPOSAL_PLACE
#undef SV_PROPOSAL
};

const char *feature_name(enum sv_feature feature)
{
	return names[feature];
}

bool feature_require(uint64_t features, enum sv_feature feature, uint64_t offset, const char *what,
		struct sv_error *error)
{
	if (feature_is_on(features, feature))
		return true;
	return sv_fail_at(error, SV_ERROR_INVALID, (int64_t)offset,
			"%s needs the feature %s, which is off (--features)", what, names[feature]);
}

bool feature_need(struct reader *reader, enum sv_feature feature, const char *what)
{
	return feature_require(reader->features, feature, reader_offset(reader), what,
			reader->error);
}

/* A code as it stands in the file: an operator's prefix apart from its number. */
static void code_format(uint32_t code, char *text, size_t size)
{
	if (code < 0x1000)
		snprintf(text, size, "0x%02x", code);
	else
		snprintf(text, size, "0x%02x 0x%02x", code >> 12, code & 0xfff);
}

bool proposal_fail(struct reader *reader, enum proposal_place place, uint32_t code,
		const char *otherwise)
{
	char text[32];
	code_format(code, text, sizeof text);
	for (size_t i = 0; i < ARRAY_LENGTH(proposals); i++) {
		const struct proposal *proposal = &proposals[i];
		if (proposal->place != place || code < proposal->first || code > proposal->last)
			continue;
		return sv_fail_at(reader->error, SV_ERROR_UNSUPPORTED,
				(int64_t)reader_offset(reader),
				"%s %s is of the %s proposal, which this version does not have",
				nouns[place], text, proposal->name);
	}
	return reader_fail(reader, "%s (%s)", otherwise, text);
}
