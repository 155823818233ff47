/*
 * issued.c: a hash table whose entries are in a list by their last use.
 */
#include "server/issued.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static struct issued_entry **bucket_of(struct issued *issued, const char *name)
{
	/* Clients choose the names. */
	struct hash hash = hash_begin(hash_process_key());
	hash_add_bytes(&hash, name, strlen(name));
	return &issued->buckets[hash_end(&hash) % ISSUED_MOST];
}

static void list_remove(struct issued *issued, struct issued_entry *entry)
{
	*(entry->newer ? &entry->newer->older : &issued->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &issued->oldest) = entry->newer;
}

static void list_add(struct issued *issued, struct issued_entry *entry)
{
	entry->newer = NULL;
	entry->older = issued->newest;
	*(issued->newest ? &issued->newest->newer : &issued->oldest) = entry;
	issued->newest = entry;
}

static void issued_drop(struct issued *issued, struct issued_entry *entry)
{
	struct issued_entry **at = bucket_of(issued, entry->name);
	while (*at != entry)
		at = &(*at)->same;
	*at = entry->same;
	list_remove(issued, entry);
	issued->count--;
	certificate_finish(&entry->certificate);
	free(entry);
}

struct issued_entry *issued_find(struct issued *issued, const char *name, int64_t now)
{
	struct issued_entry *entry = *bucket_of(issued, name);
	while (entry && strcmp(entry->name, name) != 0)
		entry = entry->same;
	if (!entry)
		return NULL;
	if (now >= entry->renew) {
		issued_drop(issued, entry);
		return NULL;
	}
	list_remove(issued, entry);
	list_add(issued, entry);
	return entry;
}

struct issued_entry *issued_add(struct issued *issued, const char *name,
		struct certificate *certificate, int64_t renew)
{
	struct issued_entry *entry = calloc(1, sizeof *entry);
	size_t length = strlen(name);
	check(length <= DNS_NAME_MOST);
	if (!entry) {
		certificate_finish(certificate);
		return NULL;
	}
	if (issued->count == ISSUED_MOST)
		issued_drop(issued, issued->oldest);
	memcpy(entry->name, name, length + 1);
	entry->certificate = *certificate;
	entry->renew = renew;
	struct issued_entry **bucket = bucket_of(issued, name);
	entry->same = *bucket;
	*bucket = entry;
	list_add(issued, entry);
	issued->count++;
	return entry;
}

void issued_finish(struct issued *issued)
{
	while (issued->oldest)
		issued_drop(issued, issued->oldest);
}
