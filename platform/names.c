/*
 * names.c: see names.h. 96 words, four times: 85 million names, enough that a new one is not taken.
 */
#include "platform/names.h"

#include <openssl/rand.h>
#include <stdint.h>
#include <stdio.h>

static const char *const words[] = {"amber", "apple", "april", "arrow", "aspen", "autumn", "badge",
		"banjo", "basil", "birch", "bison", "bloom", "brave", "bread", "brick", "bright",
		"cabin", "candle", "canoe", "cedar", "chalk", "cherry", "clever", "cloud", "clover",
		"coast", "copper", "coral", "cotton", "crane", "daisy", "dancer", "delta", "desert",
		"dune", "eager", "early", "echo", "ember", "fable", "falcon", "fern", "fiddle",
		"finch", "flint", "forest", "gentle", "ginger", "glass", "golden", "granite",
		"grove", "harbor", "hazel", "heron", "honest", "humble", "indigo", "island",
		"ivory", "jolly", "juniper", "kettle", "kind", "lantern", "lemon", "linen",
		"lively", "lotus", "lucky", "maple", "marble", "meadow", "mellow", "misty",
		"nimble", "noble", "ocean", "olive", "orbit", "otter", "pebble", "pepper", "pine",
		"quiet", "raven", "river", "rustic", "silver", "sparrow", "stone", "sunny",
		"thread", "timber", "velvet", "willow"};

bool name_invent(char name[static 64], struct sv_error *error)
{
	uint32_t random[4];
	if (RAND_bytes((unsigned char *)random, sizeof random) != 1)
		return sv_fail(error, SV_ERROR_SYSTEM, "no random numbers for a name");
	for (size_t i = 0; i < ARRAY_LENGTH(random); i++)
		random[i] %= ARRAY_LENGTH(words);
	snprintf(name, 64, "%s-%s-%s-%s", words[random[0]], words[random[1]], words[random[2]],
			words[random[3]]);
	return true;
}
