/*
 * process.h: what the system says of this process and this machine: memory, mappings, limits.
 */
#ifndef SELVAGE_CLI_BENCH_PROCESS_H
#define SELVAGE_CLI_BENCH_PROCESS_H

#include <stddef.h>
#include <stdint.h>

struct process_memory {
	uint64_t resident; /* bytes in RAM */
	uint64_t own;      /* of those, bytes that no file and no other process shares */
	uint64_t reserved; /* bytes of address space */
	uint64_t tables;   /* bytes of page tables */
	uint64_t mappings;
};

/* Now; members that the system does not tell are 0. */
struct process_memory process_memory_now(void);

/*
 * Pages in [start, start + size), page-aligned, that belong to this process alone: written to,
 * and no longer those of a file. 0 if the system does not tell.
 */
uint64_t process_own_pages(const void *start, uint64_t size);

/* Bytes that this process may still use before the machine or its control group has no more. */
uint64_t process_memory_available(void);

/* Bytes of the machine, or of the control group if that is less. */
uint64_t process_memory_total(void);

/* A number in a file such as /proc/sys/vm/max_map_count; `otherwise` if there is none. */
uint64_t process_setting(const char *path, uint64_t otherwise);

#endif
