/*
 * abi.c: which ABI an artifact speaks. The list is host/abis.def; each ABI knows itself.
 */
#include "host/host.h"

#define HOST_ABI(name) extern const struct host_abi name;
#include "host/abis.def"
#undef HOST_ABI

static const struct host_abi *const abis[] = {
#define HOST_ABI(name) &name,
#include "host/abis.def"
#undef HOST_ABI
};

const struct host_abi *host_abi_detect(const struct sv_artifact *artifact, struct sv_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(abis); i++) {
		if (abis[i]->detect(artifact))
			return abis[i];
	}
	sv_fail(error, SV_ERROR_LINK,
			"not a program that can be served: no WASI program (exports _start, or "
			"handle), no Fastly Compute program (exports _start), no Terrarium guest "
			"(imports env.hostcall_*, exports run)");
	return NULL;
}
