/*
 * type.c: interning of function types.
 */
#include "runtime/type.h"

#include <stdlib.h>
#include <string.h>

#include "abi/limits.h"

char type_letter(enum sv_type type)
{
	switch (type) {
#define SV_TYPE(letter, name, code, text, size) \
	case SV_TYPE_##name: \
		return letter;
#include "abi/types.def"
#undef SV_TYPE
	default:
		return '?';
	}
}

bool type_table_init(struct type_table *table, struct sv_error *error)
{
	const size_t first_buckets = 256;
	*table = (struct type_table){.bucket_count = first_buckets};
	table->buckets = calloc(first_buckets, sizeof *table->buckets);
	if (!table->buckets)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the table of types");
	pthread_mutex_init(&table->lock, NULL);
	return true;
}

void type_table_finish(struct type_table *table)
{
	check(table->count == 0);
	pthread_mutex_destroy(&table->lock);
	free(table->buckets);
}

/* FNV-1a. */
static uint64_t type_hash(const char *letters)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (; *letters; letters++)
		hash = (hash ^ (unsigned char)*letters) * UINT64_C(0x100000001b3);
	return hash;
}

/* Count the letters on both sides of the colon. */
static bool type_parse(const char *letters, struct function_type *type, struct sv_error *error)
{
	size_t counts[2] = {0, 0};
	size_t side = 0;
	type->has_references = false;
	for (const char *at = letters; *at; at++) {
		if (*at == ':' && side == 0) {
			side = 1;
			continue;
		}
		enum sv_type letter = sv_type_of_letter(*at);
		if (letter == SV_TYPE_NONE)
			return sv_fail(error, SV_ERROR_USAGE, "\"%.80s\" is no signature: '%c'",
					letters, *at);
		counts[side]++;
		type->has_references |= sv_type_is_reference(letter);
	}
	if (side == 0)
		return sv_fail(error, SV_ERROR_USAGE, "\"%.80s\" is no signature: no colon",
				letters);
	if (counts[0] > SV_MAX_PARAMETERS || counts[1] > SV_MAX_RESULTS)
		return sv_fail(error, SV_ERROR_LIMIT,
				"a function type has more than %u parameters or %u results",
				SV_MAX_PARAMETERS, SV_MAX_RESULTS);
	type->parameter_count = (uint16_t)counts[0];
	type->result_count = (uint16_t)counts[1];
	return true;
}

/* Double the buckets when chains get long; staying as we are is no failure. */
static void type_table_widen(struct type_table *table)
{
	if (table->count < table->bucket_count)
		return;
	size_t count = table->bucket_count * 2;
	struct function_type **buckets = calloc(count, sizeof *buckets);
	if (!buckets)
		return;
	for (size_t i = 0; i < table->bucket_count; i++) {
		while (table->buckets[i]) {
			struct function_type *type = table->buckets[i];
			table->buckets[i] = type->next;
			type->next = buckets[type->hash & (count - 1)];
			buckets[type->hash & (count - 1)] = type;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->bucket_count = count;
}

static struct function_type *type_table_add(struct type_table *table, const char *letters,
		uint64_t hash, struct sv_error *error)
{
	size_t size = strlen(letters) + 1;
	struct function_type *type = calloc(1, sizeof *type + size);
	if (!type) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a function type");
		return NULL;
	}
	if (!type_parse(letters, type, error)) {
		free(type);
		return NULL;
	}
	if (table->last_id == UINT32_MAX) {
		sv_fail(error, SV_ERROR_LIMIT, "more than %u function types in one process",
				UINT32_MAX);
		free(type);
		return NULL;
	}
	memcpy(type->letters, letters, size);
	type->hash = hash;
	type->id = ++table->last_id;
	type_table_widen(table);
	struct function_type **bucket = &table->buckets[hash & (table->bucket_count - 1)];
	type->next = *bucket;
	*bucket = type;
	table->count++;
	return type;
}

struct function_type *type_table_intern(struct type_table *table, const char *letters,
		struct sv_error *error)
{
	uint64_t hash = type_hash(letters);
	pthread_mutex_lock(&table->lock);
	struct function_type *type = table->buckets[hash & (table->bucket_count - 1)];
	while (type && strcmp(type->letters, letters) != 0)
		type = type->next;
	if (!type)
		type = type_table_add(table, letters, hash, error);
	if (type)
		type->users++;
	pthread_mutex_unlock(&table->lock);
	return type;
}

void type_table_release(struct type_table *table, struct function_type *type)
{
	if (!type)
		return;
	pthread_mutex_lock(&table->lock);
	check(type->users > 0);
	if (--type->users == 0) {
		struct function_type **at = &table->buckets[type->hash & (table->bucket_count - 1)];
		while (*at != type)
			at = &(*at)->next;
		*at = type->next;
		table->count--;
		free(type);
	}
	pthread_mutex_unlock(&table->lock);
}
