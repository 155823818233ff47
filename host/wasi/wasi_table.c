/*
 * wasi_table.c: the guest's descriptor table. Which rights an entry gets is decided
 * where it is made (wasi.c for streams and preopens, wasi_open.c for files); here they
 * are only looked at.
 */
#include "host/wasi/wasi_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/wasi/wasi_call.h"

enum { NOTHING = 0, FILES = 1, DIRECTORIES = 2 };

/* Enough for the streams, a few preopens and files, without growing. */
#define FIRST_ENTRIES 16u

const uint64_t wasi_rights_of_files =
#define WASI_RIGHT(bit, name, kinds) ((kinds) & FILES ? UINT64_C(1) << (bit) : 0) |
#include "host/wasi/wasi_rights.def"
#undef WASI_RIGHT
		0;

const uint64_t wasi_rights_of_directories =
#define WASI_RIGHT(bit, name, kinds) ((kinds) & DIRECTORIES ? UINT64_C(1) << (bit) : 0) |
#include "host/wasi/wasi_rights.def"
#undef WASI_RIGHT
		0;

static bool table_grow(struct wasi_table *table, uint32_t number)
{
	uint32_t count = table->count ? table->count : FIRST_ENTRIES;
	while (count <= number)
		count *= 2;
	if (count == table->count)
		return true;
	struct wasi_entry *entries = realloc(table->entries, count * sizeof(*entries));
	if (!entries)
		return false;
	memset(entries + table->count, 0, (count - table->count) * sizeof(*entries));
	table->entries = entries;
	table->count = count;
	return true;
}

enum wasi_errno wasi_table_put(struct wasi_table *table, uint32_t number,
		const struct wasi_entry *entry)
{
	check(number < WASI_MAX_DESCRIPTORS);
	if (!table_grow(table, number))
		return WASI_ERRNO_NOMEM;
	check(table->entries[number].kind == WASI_ENTRY_FREE);
	table->entries[number] = *entry;
	if (table->used <= number)
		table->used = number + 1;
	return WASI_ERRNO_SUCCESS;
}

static uint32_t table_lowest_free(const struct wasi_table *table)
{
	uint32_t number = 0;
	while (number < table->used && table->entries[number].kind != WASI_ENTRY_FREE)
		number++;
	return number;
}

bool wasi_table_has_room(const struct wasi_table *table)
{
	return table_lowest_free(table) < WASI_MAX_DESCRIPTORS;
}

enum wasi_errno wasi_table_add(struct wasi_table *table, const struct wasi_entry *entry,
		uint32_t *number)
{
	*number = table_lowest_free(table);
	if (*number >= WASI_MAX_DESCRIPTORS)
		return WASI_ERRNO_MFILE;
	return wasi_table_put(table, *number, entry);
}

static enum wasi_errno entry_allows(const struct wasi_entry *entry, uint64_t rights)
{
	uint64_t missing = rights & ~entry->rights_base;
	if (!missing)
		return WASI_ERRNO_SUCCESS;
	if (missing & (WASI_RIGHT_FD_READ | WASI_RIGHT_FD_WRITE))
		return WASI_ERRNO_BADF;
	return WASI_ERRNO_NOTCAPABLE;
}

static struct wasi_entry *table_entry(struct wasi_table *table, uint32_t number)
{
	if (number >= table->used || table->entries[number].kind == WASI_ENTRY_FREE)
		return NULL;
	return &table->entries[number];
}

enum wasi_errno wasi_table_find(struct wasi_table *table, uint32_t number, uint64_t rights,
		struct wasi_entry **entry)
{
	*entry = table_entry(table, number);
	if (!*entry)
		return WASI_ERRNO_BADF;
	return entry_allows(*entry, rights);
}

enum wasi_errno wasi_table_find_directory(struct wasi_table *table, uint32_t number,
		uint64_t rights, struct wasi_entry **entry)
{
	*entry = table_entry(table, number);
	if (!*entry)
		return WASI_ERRNO_BADF;
	if ((*entry)->kind != WASI_ENTRY_DIRECTORY)
		return WASI_ERRNO_NOTDIR;
	return entry_allows(*entry, rights);
}

enum wasi_errno wasi_table_find_file(struct wasi_table *table, uint32_t number, uint64_t rights,
		struct wasi_entry **entry)
{
	*entry = table_entry(table, number);
	if (!*entry || (*entry)->kind == WASI_ENTRY_DIRECTORY)
		return WASI_ERRNO_BADF;
	if ((*entry)->kind == WASI_ENTRY_MEMORY)
		return WASI_ERRNO_SPIPE;
	return entry_allows(*entry, rights);
}

enum wasi_errno wasi_table_find_writable(struct wasi_table *table, uint32_t number,
		uint64_t rights, struct wasi_entry **entry)
{
	enum wasi_errno error = wasi_table_find_directory(table, number, rights, entry);
	if (error)
		return error;
	return (*entry)->read_only ? WASI_ERRNO_ROFS : WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_entry_close(struct wasi_entry *entry)
{
	enum wasi_errno error = WASI_ERRNO_SUCCESS;
	/* EINTR of close: the descriptor is gone nevertheless (close(2), Linux). */
	if (entry->owned && close(entry->fd) != 0 && errno != EINTR)
		error = wasi_errno_of_host(errno);
	wasi_listing_free(entry->listing);
	*entry = (struct wasi_entry){.kind = WASI_ENTRY_FREE};
	return error;
}

void wasi_table_clear(struct wasi_table *table)
{
	for (uint32_t i = 0; i < table->used; i++) {
		if (table->entries[i].kind != WASI_ENTRY_FREE)
			(void)wasi_entry_close(&table->entries[i]);
	}
	table->used = 0;
}

void wasi_table_finish(struct wasi_table *table)
{
	wasi_table_clear(table);
	free(table->entries);
	*table = (struct wasi_table){0};
}
