/*
 * feature.h: what may be used: features that can be switched off, and later proposals that
 * this version does not have. Both are refused by name.
 */
#ifndef SELVAGE_COMPILER_FEATURE_H
#define SELVAGE_COMPILER_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "compiler/compiler.h"
#include "compiler/reader.h"

/* Where in the binary format a code stands that may belong to a later proposal. */
enum proposal_place {
#define SV_PROPOSAL_PLACE(place, noun) PROPOSAL_##place,
#define SV_PROPOSAL(place, first, last, name)
#include "compiler/proposals.def"
#undef SV_PROPOSAL_PLACE
#undef SV_PROPOSAL
};

/* Text of a feature for --features ("multi-value"); constant string. */
const char *feature_name(enum sv_feature feature);

static inline bool feature_is_on(uint64_t features, enum sv_feature feature)
{
	return features >> feature & 1;
}

/* True if the feature is on; else INVALID at `offset`: `what` needs it. */
SV_MUST_USE bool feature_require(uint64_t features, enum sv_feature feature, uint64_t offset,
		const char *what, struct sv_error *error);

/* The same for what a reader has just met. */
SV_MUST_USE bool feature_need(struct reader *reader, enum sv_feature feature, const char *what);

/* Fails: UNSUPPORTED if a proposal is known to use the code, else MALFORMED with `otherwise`. */
bool proposal_fail(struct reader *reader, enum proposal_place place, uint32_t code,
		const char *otherwise);

#endif
