/*
 * process.c: reads /proc and the control group.
 */
#include "cli/bench/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"

/* Kibibytes behind "KEY:" in a file of such lines, in bytes; 0 if there is none. */
static uint64_t file_member(const char *path, const char *key)
{
	char line[256];
	uint64_t kibibytes = 0;
	size_t length = strlen(key);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, key, length) == 0 && line[length] == ':') {
			kibibytes = strtoull(line + length + 1, NULL, 10);
			break;
		}
	}
	fclose(file);
	return kibibytes * 1024;
}

static uint64_t mapping_count(void)
{
	char chunk[65536];
	uint64_t lines = 0;
	ssize_t length;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while ((length = read(fd, chunk, sizeof chunk)) > 0) {
		for (ssize_t i = 0; i < length; i++)
			lines += chunk[i] == '\n';
	}
	close(fd);
	return lines;
}

struct process_memory process_memory_now(void)
{
	return (struct process_memory){
			.resident = file_member("/proc/self/smaps_rollup", "Rss"),
			.own = file_member("/proc/self/smaps_rollup", "Private_Dirty"),
			.reserved = file_member("/proc/self/status", "VmSize"),
			.tables = file_member("/proc/self/status", "VmPTE"),
			.mappings = mapping_count(),
	};
}

/* Bits of /proc/PID/pagemap: in memory or swapped out; of a file or shared. */
static bool entry_is_own(uint64_t entry)
{
	return (entry >> 63 || (entry >> 62 & 1)) && !(entry >> 61 & 1);
}

uint64_t process_own_pages(const void *start, uint64_t size)
{
	uint64_t entries[512], page = (uint64_t)sysconf(_SC_PAGESIZE), own = 0;
	uint64_t at = (uintptr_t)start / page, end = at + size / page;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (at < end) {
		uint64_t count = end - at;
		if (count > ARRAY_LENGTH(entries))
			count = ARRAY_LENGTH(entries);
		ssize_t length = pread(fd, entries, count * 8, (off_t)(at * 8));
		if (length <= 0)
			break;
		for (ssize_t i = 0; i < length / 8; i++)
			own += entry_is_own(entries[i]);
		at += (uint64_t)length / 8;
	}
	close(fd);
	return own;
}

uint64_t process_setting(const char *path, uint64_t otherwise)
{
	char line[64], *end;
	FILE *file = fopen(path, "re");
	if (!file)
		return otherwise;
	bool has_line = fgets(line, sizeof line, file) != NULL;
	fclose(file);
	if (!has_line)
		return otherwise;
	uint64_t value = strtoull(line, &end, 10);
	return end == line ? otherwise : value;
}

/* Version 2 in its usual place; inside a container that is the container's own group. */
static uint64_t group_limit(void)
{
	return process_setting("/sys/fs/cgroup/memory.max", UINT64_MAX);
}

uint64_t process_memory_available(void)
{
	uint64_t machine = file_member("/proc/meminfo", "MemAvailable");
	uint64_t limit = group_limit();
	uint64_t used = process_setting("/sys/fs/cgroup/memory.current", 0);
	if (limit == UINT64_MAX)
		return machine;
	uint64_t rest = limit > used ? limit - used : 0;
	return rest < machine ? rest : machine;
}

uint64_t process_memory_total(void)
{
	uint64_t machine = file_member("/proc/meminfo", "MemTotal");
	uint64_t limit = group_limit();
	return limit < machine ? limit : machine;
}
