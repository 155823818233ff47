/*
 * runtime.c: what the guest may know of its own use of resources, and of the service
 * (fastly_compute_runtime).
 */
#include "host/fastly/fastly.h"
#include "runtime/selvage_serve.h"

enum fastly_status fastly_compute_runtime_get_vcpu_ms(struct fastly_call *call)
{
	return fastly_give_u64(call, 0, host_call_ran(call->guest->call) / 1000000);
}

enum fastly_status fastly_compute_runtime_get_heap_mib(struct fastly_call *call)
{
	uint64_t bytes = call->memory ? sv_memory_size(call->memory) : 0;
	return fastly_give_u32(call, 0, (uint32_t)((bytes + (1 << 20) - 1) >> 20));
}

/* Products of Fastly's, of which there are none here. */
enum fastly_status fastly_compute_runtime_has_domain_inspector(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}

enum fastly_status fastly_compute_runtime_has_image_optimizer(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}

enum fastly_status fastly_compute_runtime_has_origin_inspector(struct fastly_call *call)
{
	return fastly_give_u32(call, 0, 0);
}
