/*
 * limits.h: numbers that compiled code and the runtime must agree on, each with
 * its reason. Nothing here is a preference; preferences are engine options.
 */
#ifndef SELVAGE_ABI_LIMITS_H
#define SELVAGE_ABI_LIMITS_H

#include <stdint.h>

/* WebAssembly Core 2.0, section 4.2.8: one page of linear memory. */
#define SV_WASM_PAGE UINT64_C(65536)

/* A 32-bit memory has at most 2^16 pages: 4 GiB. */
#define SV_MEMORY32_MAX_PAGES UINT64_C(65536)

/* log2 of a page unless the memory says otherwise; 0 is the only other size there is. */
#define SV_WASM_PAGE_LOG2 16u

/* The machine's page; guards and images are multiples of it. */
#define SV_HOST_PAGE UINT64_C(4096)

/*
 * Address space of one memory under --bounds=guard. The largest effective
 * address is a 32-bit index plus a 32-bit offset plus the widest access:
 * 2^32-1 + 2^32-1 + 16, so 8 GiB plus one page leaves every access a guest can
 * form either inside the memory or in the guard, with no check in the code.
 */
#define SV_GUARD_RESERVATION (UINT64_C(8) * 1024 * 1024 * 1024 + 65536)

/* Unreachable space below each memory and each stack: a sign error must fault. */
#define SV_PRE_GUARD UINT64_C(65536)

/*
 * Guard below a guest stack. Prologues probe each page of a large frame, and
 * functions of the host never run on it, so one page would do; 16 allow for the
 * red zone and for stubs that are not probed.
 */
#define SV_STACK_GUARD UINT64_C(65536)

/*
 * Stack checks of --bounds=check (docs/decisions/0013). Functions that call compare the stack
 * pointer with a limit this far above the end of the stack; functions that do not go without,
 * and frames from SV_STACK_PROBE bytes on are compared before they are made. So what may be below
 * the limit is less than a frame of SV_STACK_PROBE, the registers it saves and its alignment
 * (below 256 bytes together), and what the switch to the host's stack saves (below 256).
 */
#define SV_STACK_MARGIN UINT64_C(4096)
#define SV_STACK_PROBE UINT64_C(1024)

/* Limits an implementation may have (Core 2.0, appendix "Implementation Limitations"). */
#define SV_MAX_TYPES 1000000u
#define SV_MAX_FUNCTIONS 1000000u
#define SV_MAX_IMPORTS 1000000u
#define SV_MAX_EXPORTS 1000000u
#define SV_MAX_GLOBALS 1000000u
#define SV_MAX_TABLES 100000u
#define SV_MAX_MEMORIES 1000u
#define SV_MAX_TAGS 1000000u
#define SV_MAX_SEGMENTS 1000000u
#define SV_MAX_FIELDS 10000u
#define SV_MAX_PARAMETERS 1000u
#define SV_MAX_RESULTS 1000u
#define SV_MAX_LOCALS 50000u
#define SV_MAX_BODY_BYTES (16u * 1024 * 1024)
#define SV_MAX_MODULE_BYTES (UINT64_C(1) * 1024 * 1024 * 1024)
#define SV_MAX_NESTING 100000u
#define SV_MAX_OPERANDS 1000000u
#define SV_MAX_TABLE_ENTRIES UINT64_C(10000000)

/* Most pages that a memory with such addresses and pages may have; more is invalid. */
static inline uint64_t sv_memory_most_pages(int is_64, unsigned page_log2)
{
	if (page_log2 == 0)
		return is_64 ? UINT64_MAX : UINT32_MAX;
	return (is_64 ? UINT64_C(1) << 48 : UINT64_C(1) << 16);
}

/* Bytes in so many pages; what no 64-bit size can say is UINT64_MAX. */
static inline uint64_t sv_memory_bytes(uint64_t pages, unsigned page_log2)
{
	return pages > UINT64_MAX >> page_log2 ? UINT64_MAX : pages << page_log2;
}

/* Memories whose addresses are compared with the size whatever the strategy is: those that no
 * address space can surround, and those that end inside a page of the machine. */
static inline int sv_memory_needs_check(int is_64, unsigned page_log2)
{
	return is_64 || page_log2 != SV_WASM_PAGE_LOG2;
}

#endif
