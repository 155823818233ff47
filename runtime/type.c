/*
 * type.c: one record for equal types, by their content; and which types match which.
 */
#include "runtime/type.h"

#include <stdlib.h>
#include <string.h>

#include "abi/heap.h"
#include "abi/limits.h"
#include "abi/object.h"
#include "base/hash.h"

/* ---- matching ---- */

bool defined_type_matches(const struct defined_type *type, const struct defined_type *above)
{
	uint32_t depth = above->info.depth;
	if (depth < SV_DISPLAY)
		return type->info.display[depth] == &above->info;
	return type->info.deep[depth - SV_DISPLAY] == &above->info;
}

static uint32_t value_type_heap(const struct value_type *type)
{
	if (type->defined)
		return sv_heap_of_kind((enum sv_type_kind)type->defined->info.kind);
	return sv_type_heap(type->type);
}

bool value_type_matches(const struct value_type *type, const struct value_type *above)
{
	if (!sv_type_is_reference(type->type) || !sv_type_is_reference(above->type))
		return type->type == above->type;
	if (sv_type_is_nullable(type->type) && !sv_type_is_nullable(above->type))
		return false;
	if (!above->defined)
		return sv_heap_matches(value_type_heap(type), sv_type_heap(above->type));
	if (type->defined)
		return defined_type_matches(type->defined, above->defined);
	uint32_t heap = sv_type_heap(type->type);
	return sv_heap_is_least(heap) && sv_heap_matches(heap, value_type_heap(above));
}

bool value_type_is_traced(const struct value_type *type)
{
	return sv_type_is_reference(type->type) &&
			sv_heap_top(value_type_heap(type)) != SV_HEAP_FUNC;
}

struct value_type value_type_of(enum sv_type code, const struct defined_type *const *types)
{
	struct value_type type = {.type = code};
	if (!sv_type_is_defined(code))
		return type;
	type.defined = types[sv_type_index(code)];
	type.type = sv_type_is_nullable(code) ? sv_ref_null(SV_HEAP_DEFINED)
					      : sv_ref(SV_HEAP_DEFINED);
	return type;
}

/* ---- content of a group: members are compared by place, all others by identity ---- */

static uint64_t member_number(const struct type_group *group, const struct defined_type *type)
{
	if (!type || type->group != group)
		return (uintptr_t)type;
	return (uint64_t)(type - group->types) * 2 + 1;
}

uint32_t type_value_count(const struct defined_type *type)
{
	return (uint32_t)type->parameter_count + type->result_count + type->field_count;
}

/* Keyed: modules must not decide which of their groups meet in the table. */
static uint64_t group_hash(const struct type_group *group)
{
	struct hash hash = hash_begin(hash_process_key());
	for (uint32_t i = 0; i < group->count; i++) {
		const struct defined_type *type = &group->types[i];
		hash_add(&hash, type->info.kind * 2 + type->is_final);
		hash_add(&hash, member_number(group, type->supertype));
		hash_add(&hash, (uint64_t)type->parameter_count << 32 |
						(uint32_t)type->result_count << 16 |
						type->field_count);
		for (uint32_t k = 0; k < type_value_count(type); k++) {
			const struct value_type *value = &type->values[k];
			hash_add(&hash, (uint64_t)value->type * 2 + value->mutable);
			hash_add(&hash, member_number(group, value->defined));
		}
	}
	return hash_end(&hash);
}

static bool types_equal(const struct defined_type *a, const struct defined_type *b)
{
	if (a->info.kind != b->info.kind || a->is_final != b->is_final ||
			a->parameter_count != b->parameter_count ||
			a->result_count != b->result_count || a->field_count != b->field_count ||
			member_number(a->group, a->supertype) !=
					member_number(b->group, b->supertype))
		return false;
	for (uint32_t i = 0; i < type_value_count(a); i++) {
		const struct value_type *left = &a->values[i], *right = &b->values[i];
		if (left->type != right->type || left->mutable != right->mutable ||
				member_number(a->group, left->defined) !=
						member_number(b->group, right->defined))
			return false;
	}
	return true;
}

static bool groups_equal(const struct type_group *a, const struct type_group *b)
{
	if (a->hash != b->hash || a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!types_equal(&a->types[i], &b->types[i]))
			return false;
	}
	return true;
}

/* ---- making groups ---- */

static void group_free(struct type_group *group)
{
	if (!group)
		return;
	free(group->deep);
	free(group);
}

/* Room for types with so many values together, all in one block, what is aligned most first. */
static struct type_group *group_new(uint32_t count, size_t values, struct sv_error *error)
{
	size_t at_values = sizeof(struct type_group) + count * sizeof(struct defined_type);
	size_t at_traced = at_values + values * sizeof(struct value_type);
	size_t at_letters = at_traced + values * sizeof(uint16_t);
	size_t size = at_letters + values + 2 * (size_t)count;
	struct type_group *group = calloc(1, size);
	if (!group) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u types", count);
		return NULL;
	}
	group->count = count;
	group->values = (void *)((char *)group + at_values);
	group->traced = (void *)((char *)group + at_traced);
	group->letters = (char *)group + at_letters;
	for (uint32_t i = 0; i < count; i++)
		group->types[i].group = group;
	return group;
}

/* Write the letters of a function type at `letters`; what follows them. */
static char *type_write_letters(struct defined_type *type, char *letters)
{
	type->letters = letters;
	for (uint32_t i = 0; i < type->parameter_count; i++)
		*letters++ = sv_type_letter(type->values[i].type);
	*letters++ = ':';
	for (uint32_t i = 0; i < type->result_count; i++)
		*letters++ = sv_type_letter(type->values[type->parameter_count + i].type);
	*letters++ = '\0';
	for (uint32_t i = 0; i < type_value_count(type); i++)
		type->has_references |= sv_type_is_reference(type->values[i].type) != 0;
	return letters;
}

/* Where the objects of a type have references; `traced` is its room for as many as values. */
static void type_fill_layout(struct defined_type *type, uint16_t *traced)
{
	if (type->info.kind == SV_KIND_ARRAY) {
		type->object_size = sv_type_size(type->values[0].type);
		type->traced_count = value_type_is_traced(&type->values[0]);
		return;
	}
	bool is_struct = type->info.kind == SV_KIND_STRUCT;
	uint32_t count = is_struct ? type->field_count : type->parameter_count;
	uint32_t at = is_struct ? SV_STRUCT_FIELDS : SV_EXCEPTION_FIELDS;
	type->traced = traced;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t size = sv_type_size(type->values[i].type);
		at = sv_field_place(at, size);
		if (value_type_is_traced(&type->values[i]))
			traced[type->traced_count++] = (uint16_t)(at / sizeof(void *));
		at += size;
	}
	type->object_size = at;
}

/* Once all of the group is known: fields may refer to later types. */
static void group_fill_layouts(struct type_group *group)
{
	for (uint32_t i = 0; i < group->count; i++) {
		struct defined_type *type = &group->types[i];
		type_fill_layout(type, group->traced + (type->values - group->values));
	}
}

enum { DEEP = SV_MAX_TYPE_DEPTH + 1 - SV_DISPLAY };

/* The list of super-types; `deep` is this type's own room for what the display has no place for. */
static void type_fill_display(struct defined_type *type, const struct sv_type_info **deep)
{
	struct sv_type_info *info = &type->info;
	const struct defined_type *above = type->supertype;
	if (above)
		memcpy(info->display, above->info.display, sizeof info->display);
	if (info->depth < SV_DISPLAY) {
		info->display[info->depth] = info;
		return;
	}
	memcpy(deep, above->info.deep, DEEP * sizeof(struct sv_type_info *));
	deep[info->depth - SV_DISPLAY] = info;
	info->deep = deep;
}

static bool group_fill_displays(struct type_group *group, struct sv_error *error)
{
	static const struct sv_type_info *const none[DEEP];
	size_t deep_types = 0;
	for (uint32_t i = 0; i < group->count; i++) {
		struct defined_type *type = &group->types[i];
		type->info.deep = none;
		type->info.depth = type->supertype ? type->supertype->info.depth + 1 : 0;
		deep_types += type->info.depth >= SV_DISPLAY;
	}
	if (deep_types)
		group->deep = calloc(deep_types * DEEP, sizeof(struct sv_type_info *));
	if (deep_types && !group->deep)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u types", group->count);
	const struct sv_type_info **deep = group->deep;
	for (uint32_t i = 0; i < group->count; i++) {
		type_fill_display(&group->types[i], deep);
		deep += group->types[i].info.depth >= SV_DISPLAY ? DEEP : 0;
	}
	return true;
}

/* ---- the table ---- */

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

/* Double the buckets when chains get long; staying as we are is no failure. */
static void type_table_widen(struct type_table *table)
{
	if (table->count < table->bucket_count)
		return;
	size_t count = table->bucket_count * 2;
	struct type_group **buckets = calloc(count, sizeof(struct type_group *));
	if (!buckets)
		return;
	for (size_t i = 0; i < table->bucket_count; i++) {
		while (table->buckets[i]) {
			struct type_group *group = table->buckets[i];
			table->buckets[i] = group->next;
			group->next = buckets[group->hash & (count - 1)];
			buckets[group->hash & (count - 1)] = group;
		}
	}
	free(table->buckets);
	table->buckets = buckets;
	table->bucket_count = count;
}

/* The group that is equal to `group`, which is taken over. */
static struct type_group *type_table_unite(struct type_table *table, struct type_group *group)
{
	group->hash = group_hash(group);
	pthread_mutex_lock(&table->lock);
	struct type_group *found = table->buckets[group->hash & (table->bucket_count - 1)];
	while (found && !groups_equal(found, group))
		found = found->next;
	if (!found) {
		type_table_widen(table);
		struct type_group **bucket =
				&table->buckets[group->hash & (table->bucket_count - 1)];
		group->next = *bucket;
		*bucket = found = group;
		table->count++;
	}
	found->users++;
	pthread_mutex_unlock(&table->lock);
	if (found != group)
		group_free(group);
	return found;
}

/* Count the letters on both sides of the colon. */
static bool letters_count(const char *letters, size_t counts[2], struct sv_error *error)
{
	size_t side = 0;
	counts[0] = counts[1] = 0;
	for (const char *at = letters; *at; at++) {
		if (*at == ':' && side == 0) {
			side = 1;
			continue;
		}
		if (sv_type_of_letter(*at) == SV_TYPE_NONE)
			return sv_fail(error, SV_ERROR_USAGE, "\"%.80s\" is no signature: '%c'",
					letters, *at);
		counts[side]++;
	}
	if (side == 0)
		return sv_fail(error, SV_ERROR_USAGE, "\"%.80s\" is no signature: no colon",
				letters);
	if (counts[0] > SV_MAX_PARAMETERS || counts[1] > SV_MAX_RESULTS)
		return sv_fail(error, SV_ERROR_LIMIT,
				"a function type has more than %u parameters or %u results",
				SV_MAX_PARAMETERS, SV_MAX_RESULTS);
	return true;
}

const struct defined_type *type_table_intern(struct type_table *table, const char *letters,
		struct sv_error *error)
{
	size_t counts[2];
	if (!letters_count(letters, counts, error))
		return NULL;
	struct type_group *group = group_new(1, counts[0] + counts[1], error);
	if (!group)
		return NULL;
	struct defined_type *type = &group->types[0];
	type->is_final = true;
	type->parameter_count = (uint16_t)counts[0];
	type->result_count = (uint16_t)counts[1];
	type->values = group->values;
	struct value_type *value = group->values;
	for (const char *at = letters; *at; at++) {
		if (*at != ':')
			(value++)->type = sv_type_of_letter(*at);
	}
	type_write_letters(type, group->letters);
	group_fill_layouts(group);
	if (!group_fill_displays(group, error)) {
		group_free(group);
		return NULL;
	}
	return &type_table_unite(table, group)->types[0];
}

/* A type named in the records of a group: a member of the new group, or one before it. */
static const struct defined_type *source_type(const struct type_source *source,
		const struct type_group *group, uint32_t index)
{
	if (index < source->first)
		return source->before[index];
	check(index - source->first < group->count);
	return &group->types[index - source->first];
}

static void source_fill_type(const struct type_source *source, struct type_group *group,
		uint32_t index, struct value_type *values)
{
	const struct sv_type_record *record = &source->records[source->first + index];
	struct defined_type *type = &group->types[index];
	bool is_function = record->kind == SV_KIND_FUNCTION;
	type->info.kind = record->kind;
	type->is_final = record->is_final != 0;
	type->parameter_count = is_function ? record->parameter_count : 0;
	type->result_count = record->result_count;
	type->field_count = is_function ? 0 : record->parameter_count;
	type->values = values;
	if (record->supertype != SV_NO_INDEX)
		type->supertype = source_type(source, group, record->supertype);
	for (uint32_t i = 0; i < type_value_count(type); i++) {
		uint32_t code = source->codes[record->offset + i];
		bool is_field_mutable = !is_function && code & SV_FIELD_MUTABLE;
		enum sv_type plain = (enum sv_type)(is_function ? code : code & ~SV_FIELD_MUTABLE);
		values[i] = (struct value_type){.type = plain, .mutable = is_field_mutable};
		if (!sv_type_is_defined(plain))
			continue;
		values[i].defined = source_type(source, group, sv_type_index(plain));
		values[i].type = sv_type_is_nullable(plain) ? sv_ref_null(SV_HEAP_DEFINED)
							    : sv_ref(SV_HEAP_DEFINED);
	}
}

struct type_group *type_table_intern_group(struct type_table *table,
		const struct type_source *source, struct sv_error *error)
{
	size_t total = 0;
	for (uint32_t i = 0; i < source->count; i++) {
		const struct sv_type_record *record = &source->records[source->first + i];
		total += (size_t)record->parameter_count + record->result_count;
	}
	struct type_group *group = group_new(source->count, total, error);
	if (!group)
		return NULL;
	struct value_type *values = group->values;
	char *letters = group->letters;
	for (uint32_t i = 0; i < source->count; i++) {
		source_fill_type(source, group, i, values);
		letters = type_write_letters(&group->types[i], letters);
		values += type_value_count(&group->types[i]);
	}
	group_fill_layouts(group);
	if (!group_fill_displays(group, error)) {
		group_free(group);
		return NULL;
	}
	return type_table_unite(table, group);
}

const struct defined_type *type_table_use(struct type_table *table, const struct defined_type *type)
{
	pthread_mutex_lock(&table->lock);
	check(type->group->users > 0);
	type->group->users++;
	pthread_mutex_unlock(&table->lock);
	return type;
}

void type_table_release(struct type_table *table, const struct defined_type *type)
{
	if (!type)
		return;
	struct type_group *group = type->group;
	pthread_mutex_lock(&table->lock);
	check(group->users > 0);
	if (--group->users == 0) {
		struct type_group **at = &table->buckets[group->hash & (table->bucket_count - 1)];
		while (*at != group)
			at = &(*at)->next;
		*at = group->next;
		table->count--;
		group_free(group);
	}
	pthread_mutex_unlock(&table->lock);
}
