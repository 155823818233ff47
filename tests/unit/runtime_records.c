/*
 * runtime_records.c: artifacts whose records are wrong, with the right checksum. What they lead
 * the runtime to is known before anything of them runs: each is refused with one line, or is
 * still one that can be instantiated.
 */
#include <elf.h>
#include <zlib.h>

#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "tests/unit/runtime_fixture.h"

/* Something of every kind of record. */
static const char every_text[] =
		"(module $every (type $ii (func (param i32) (result i32))) (type $v (func))\n"
		"(type $e (func (param externref)))\n"
		"(import \"e\" \"f\" (func $f (type $ii)))\n"
		"(import \"e\" \"t\" (table 1 9 funcref))\n"
		"(import \"e\" \"m\" (memory 1)) (import \"e\" \"g\" (global $g i32))\n"
		"(import \"e\" \"v\" (global $v (mut i32)))\n"
		"(import \"e\" \"tag\" (tag (param i32)))\n"
		"(memory $own (export \"memory\") 2 5)\n"
		"(table $x (export \"table\") 3 4 externref)\n"
		"(table $own 4 8 funcref) (tag $own (export \"tag\") (param i64))\n"
		"(global $a (export \"a\") i32 (i32.const 5)) (global $b (mut i64) (i64.const 6))\n"
		"(global $c i32 (global.get $g)) (global $r funcref (ref.func $h))\n"
		"(global $n externref (ref.null extern)) (global $d f64 (f64.const 1))\n"
		"(global $w v128 (v128.const i64x2 1 2))\n"
		"(func $h (export \"h\") (type $ii) (local.get 0))\n"
		"(func $s (type $v) (global.set $b (i64.const 7)))\n"
		"(func $k (type $e) (throw $own (i64.const 1))) (start $s)\n"
		"(data (memory $own) (i32.const 100) \"in the image\")\n"
		"(data (memory $own) (i32.const 69632) \"farther\") (data \"passive\")\n"
		"(elem (table $own) (i32.const 1) func $h $f) (elem externref (ref.null extern))\n"
		"(elem (table $x) (i32.const 0) externref (ref.null extern))\n"
		"(elem declare func $h))";

/* The same with a segment whose address is not known before. */
static const char active_text[] =
		"(module (import \"e\" \"g\" (global $g i32)) (memory 1) (table 2 funcref)\n"
		"(func $f) (elem (global.get $g) func $f) (data (global.get $g) \"active\"))";

/* ---- an artifact's bytes, and its records in them ---- */

struct specimen {
	struct buffer bytes;
	struct sv_artifact_header *header;
};

static struct specimen specimen_of(struct buffer bytes)
{
	const uint64_t magic = SV_ARTIFACT_MAGIC;
	struct specimen specimen = {.bytes = bytes};
	specimen.header = memmem(bytes.data, bytes.length, &magic, sizeof magic);
	fixture_need(specimen.header != NULL, "header");
	return specimen;
}

static struct specimen specimen_of_text(const char *text)
{
	return specimen_of(fixture_compile(text, SV_BOUNDS_GUARD, 1));
}

/* The segment of the file that holds this offset or address. */
static const Elf64_Phdr *specimen_load_segment(const struct specimen *specimen, uint64_t at,
		bool is_address)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)specimen->bytes.data;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(specimen->bytes.data + elf->e_phoff);
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		uint64_t start = is_address ? segments[i].p_vaddr : segments[i].p_offset;
		if (segments[i].p_type == PT_LOAD && at - start < segments[i].p_filesz)
			return &segments[i];
	}
	fixture_need(false, "segment");
	return NULL;
}

/* A span's offset is a distance of addresses, not of places in the file. */
static uint8_t *specimen_array(const struct specimen *specimen, struct sv_span span)
{
	uint64_t header = (uint64_t)((uint8_t *)specimen->header - specimen->bytes.data);
	const Elf64_Phdr *from = specimen_load_segment(specimen, header, false);
	uint64_t address = header - from->p_offset + from->p_vaddr + (uint64_t)(int64_t)span.offset;
	if (span.count == 0)
		return specimen->bytes.data;
	const Elf64_Phdr *to = specimen_load_segment(specimen, address, true);
	return specimen->bytes.data + to->p_offset + (address - to->p_vaddr);
}

/* Load the file with the checksum made right. */
static struct sv_artifact *specimen_load(struct specimen *specimen)
{
	static const char owner[8] = SV_NOTE_OWNER;
	struct buffer *bytes = &specimen->bytes;
	uint8_t *note = memmem(bytes->data, bytes->length, owner, sizeof owner);
	fixture_need(note != NULL, "note");
	uint8_t *sum = note + sizeof owner + offsetof(struct sv_artifact_note, checksum);
	memset(sum, 0, sizeof(uint32_t));
	uint32_t value = (uint32_t)crc32_z(0, bytes->data, bytes->length);
	memcpy(sum, &value, sizeof value);
	int fd = fixture_file(bytes->data, bytes->length);
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "file", &error);
	close(fd);
	return artifact;
}

/* ---- each gap by name ---- */

/* What to write where, and what the loader says to it. */
struct change {
	size_t span; /* place of the array's span in the header; 0: the header itself */
	size_t record_size;
	uint32_t index;
	size_t field;
	unsigned field_size;
	uint64_t value;
	const char *reason;
};

#define HEADER(name, value, reason) \
	{0, 0, 0, offsetof(struct sv_artifact_header, name), \
		sizeof ((struct sv_artifact_header *)0)->name, value, reason}
#define RECORD(array, type, index, field, value, reason) \
	{offsetof(struct sv_artifact_header, array), sizeof(struct type), index, \
		offsetof(struct type, field), sizeof ((struct type *)0)->field, value, reason}

static uint8_t *change_place(const struct specimen *specimen, const struct change *change)
{
	struct sv_span span;
	if (!change->span)
		return (uint8_t *)specimen->header + change->field;
	memcpy(&span, (uint8_t *)specimen->header + change->span, sizeof span);
	fixture_need(change->index < span.count, "record");
	return specimen_array(specimen, span) + change->index * change->record_size +
			change->field;
}

static void check_changes(struct specimen *specimen, const struct change *changes, size_t count)
{
	struct sv_artifact *artifact = specimen_load(specimen);
	CHECK_OK(artifact);
	sv_artifact_free(artifact);
	for (size_t i = 0; i < count; i++) {
		uint8_t *place = change_place(specimen, &changes[i]), old[8];
		memcpy(old, place, changes[i].field_size);
		CHECK_MSG(memcmp(old, &changes[i].value, changes[i].field_size) != 0,
				"change %zu (%s) changes nothing", i, changes[i].reason);
		memcpy(place, &changes[i].value, changes[i].field_size);
		artifact = specimen_load(specimen);
		CHECK_MSG(!artifact && error.code == SV_ERROR_ARTIFACT &&
				strstr(error.text, changes[i].reason),
				"change %zu: wanted \"%s\", got \"%s\"", i, changes[i].reason,
				artifact ? "an artifact" : error.text);
		sv_error_clear(&error);
		memcpy(place, old, changes[i].field_size);
	}
}

enum { TYPE_II, TYPE_V, TYPE_E, TYPE_TAG, TYPE_OWN_TAG };
enum { FUNCTION_F, FUNCTION_H, FUNCTION_S, FUNCTION_K };
enum { GLOBAL_G, GLOBAL_V, GLOBAL_A, GLOBAL_B, GLOBAL_C, GLOBAL_R, GLOBAL_N, GLOBAL_D, GLOBAL_W };

static const struct change every_change[] = {
		HEADER(flags, SV_ARTIFACT_PROPAGATES, "objects without"),
		HEADER(flags, SV_ARTIFACT_OBJECTS, "tags without"),
		HEADER(flags, 16, "unknown flags"),
		HEADER(flags, 7, "segment"),
		HEADER(optimisation, 4, "level"),
		HEADER(reserved, 1, "unknown flags"),
		HEADER(start, FUNCTION_H, "type of the start function"),
		HEADER(start, 4, "start function"),
		HEADER(reference_count, 1, "reference"),
		HEADER(reference_count, 3, "number of references"),
		HEADER(imported_globals, 1, "import"),
		HEADER(module_name.offset, 1u << 30, "name of the module"),
		HEADER(types.offset, INT32_MAX & ~7, "types is outside"),
		HEADER(strings.count, UINT32_MAX, "strings is outside"),
		HEADER(elements.count, 3, "items of no element segment"),
		RECORD(types, sv_type_record, TYPE_II, is_final, 2, "type"),
		RECORD(types, sv_type_record, TYPE_II, reserved, 1, "type"),
		RECORD(types, sv_type_record, TYPE_II, kind, 3, "type"),
		RECORD(types, sv_type_record, TYPE_V, supertype, TYPE_II, "super-type"),
		RECORD(types, sv_type_record, TYPE_II, supertype, TYPE_V, "type"),
		RECORD(types, sv_type_record, TYPE_E, group, TYPE_II, "group"),
		RECORD(types, sv_type_record, TYPE_TAG, result_count, 1, "tag"),
		RECORD(imports, sv_import_record, 0, index, TYPE_V, "import"),
		RECORD(imports, sv_import_record, 0, kind, SV_EXTERN_TABLE, "import"),
		RECORD(imports, sv_import_record, 1, index, 1, "import"),
		RECORD(imports, sv_import_record, 2, name.offset, 1u << 30, "import"),
		RECORD(exports, sv_export_record, 3, kind, SV_EXTERN_FUNCTION, "export"),
		RECORD(exports, sv_export_record, 0, index, 7, "export"),
		RECORD(functions, sv_function_record, FUNCTION_F, type, TYPE_V, "import"),
		RECORD(functions, sv_function_record, FUNCTION_H, reference, SV_NO_INDEX,
				"reference"),
		RECORD(functions, sv_function_record, FUNCTION_S, reference, 0,
				"reference"),
		RECORD(functions, sv_function_record, FUNCTION_H, reserved, 1, "function"),
		RECORD(functions, sv_function_record, FUNCTION_H, type, TYPE_V + 9,
				"function"),
		RECORD(tables, sv_table_record, 0, has_initial, 1, "table"),
		RECORD(tables, sv_table_record, 1, has_initial, 1, "initial value"),
		RECORD(tables, sv_table_record, 1, element_type, SV_REF(SV_HEAP_EXTERN),
				"initial value"),
		RECORD(tables, sv_table_record, 1, element_type, SV_TYPE_I32, "table"),
		RECORD(tables, sv_table_record, 2, element_type, SV_TYPE_EXTERNREF,
				"element segment"),
		RECORD(tables, sv_table_record, 1, limits.is_shared, 1, "table"),
		RECORD(tables, sv_table_record, 1, limits.page_log2, 0, "table"),
		RECORD(tables, sv_table_record, 1, limits.maximum, 2, "table"),
		RECORD(tables, sv_table_record, 2, limits.is_64, 1, "element segment"),
		RECORD(memories, sv_memory_record, 1, limits.maximum, 65537, "memory"),
		RECORD(memories, sv_memory_record, 1, limits.page_log2, 12, "memory"),
		RECORD(memories, sv_memory_record, 1, extent_count, 9, "memory"),
		RECORD(memories, sv_memory_record, 0, extent_count, 1, "memory"),
		RECORD(extents, sv_extent_record, 0, address, 69632, "initial contents"),
		RECORD(extents, sv_extent_record, 0, offset, 1u << 30, "initial contents"),
		RECORD(globals, sv_global_record, GLOBAL_A, type, SV_TYPE_I64, "global"),
		RECORD(globals, sv_global_record, GLOBAL_A, type, SV_TYPE_I8, "global"),
		RECORD(globals, sv_global_record, GLOBAL_A, mutable, 2, "global"),
		RECORD(globals, sv_global_record, GLOBAL_G, mutable, 1, "global"),
		RECORD(globals, sv_global_record, GLOBAL_G, type, SV_TYPE_F32, "global"),
		RECORD(globals, sv_global_record, GLOBAL_C, initial.value, GLOBAL_V,
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_C, initial.value, GLOBAL_C,
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_R, type, SV_TYPE_EXTERNREF,
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_R, type,
				SV_REF(SV_HEAP_DEFINED + TYPE_V), "global"),
		RECORD(globals, sv_global_record, GLOBAL_R, initial.value, FUNCTION_S,
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_R, initial.type, SV_TYPE_I32,
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_R, initial.kind,
				SV_CONSTANT_BITS, "global"),
		RECORD(globals, sv_global_record, GLOBAL_N, type, SV_REF(SV_HEAP_EXTERN),
				"global"),
		RECORD(globals, sv_global_record, GLOBAL_N, initial.type,
				SV_TYPE_ANYREF, "global"),
		RECORD(globals, sv_global_record, GLOBAL_N, initial.kind,
				SV_CONSTANT_CODE, "global"),
		RECORD(globals, sv_global_record, GLOBAL_W, initial.type, SV_TYPE_I64,
				"global"),
		RECORD(tags, sv_tag_record, 0, type, TYPE_II, "tag"),
		RECORD(tags, sv_tag_record, 1, type, 99, "tag"),
		RECORD(tags, sv_tag_record, 1, reserved, 1, "tag"),
		RECORD(data, sv_data_record, 0, mode, SV_SEGMENT_DECLARED, "data segment"),
		RECORD(data, sv_data_record, 0, length, 1, "data segment"),
		RECORD(data, sv_data_record, 2, offset, 1u << 30, "data segment"),
		RECORD(elements, sv_element_record, 0, mode, SV_SEGMENT_IMAGE, "element"),
		RECORD(elements, sv_element_record, 0, table, 1, "element segment"),
		RECORD(elements, sv_element_record, 0, table, 3, "element segment"),
		RECORD(elements, sv_element_record, 0, type, SV_TYPE_EXTERNREF, "element"),
		RECORD(elements, sv_element_record, 0, index.type, SV_TYPE_I64, "element"),
		RECORD(elements, sv_element_record, 1, first_item, 0, "items"),
		RECORD(elements, sv_element_record, 3, item_count, 0, "items"),
		RECORD(elements, sv_element_record, 0, reserved, 1, "element segment"),
		RECORD(items, sv_constant, 0, value, FUNCTION_S, "item"),
		RECORD(items, sv_constant, 0, kind, SV_CONSTANT_BITS, "element segment"),
		RECORD(items, sv_constant, 2, type, SV_TYPE_FUNCREF, "element segment"),
};

TEST(a_record_that_disagrees_with_another_is_refused)
{
	struct specimen specimen = specimen_of_text(every_text);
	check_changes(&specimen, every_change, ARRAY_LENGTH(every_change));
	buffer_finish(&specimen.bytes);
}

TEST(segments_with_addresses_of_another_type_are_refused)
{
	static const struct change changes[] = {
			RECORD(globals, sv_global_record, 0, type, SV_TYPE_F32, "segment"),
			RECORD(globals, sv_global_record, 0, mutable, 1, "segment"),
			RECORD(data, sv_data_record, 0, address.value, 1, "data segment"),
			RECORD(data, sv_data_record, 0, memory, 1, "data segment"),
			RECORD(elements, sv_element_record, 0, index.value, 1, "element segment"),
			RECORD(memories, sv_memory_record, 0, limits.is_64, 1, "data segment"),
	};
	struct specimen specimen = specimen_of_text(active_text);
	check_changes(&specimen, changes, ARRAY_LENGTH(changes));
	buffer_finish(&specimen.bytes);
}

TEST(a_global_that_names_an_own_one_is_in_order)
{
	struct specimen specimen = specimen_of_text(
			"(module (global $a i64 (i64.const 5)) (global $b i64 (global.get $a))\n"
			"(func (export \"f\") (param i32) (result i32)\n"
			"  (i32.wrap_i64 (global.get $b))))");
	struct sv_artifact *artifact = specimen_load(&specimen);
	CHECK_OK(artifact);
	struct guest guest = {artifact, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, artifact, NULL, NULL, &error);
	CHECK_OK(guest.instance);
	CHECK_EQ(guest_number(&guest, "f", 0), 5);
	guest_close(&guest);
	buffer_finish(&specimen.bytes);
}

/* Structs, the second below the first, and a third that is below none. */
TEST(a_declared_super_type_must_be_one)
{
	static const char module[] = "\0asm\1\0\0\0\1\x1b\4"
			"\x50\0\x5f\2\x7f\0\x6d\1"
			"\x50\1\0\x5f\3\x7f\0\x6d\1\x7e\0"
			"\x5f\1\x7e\0"
			"\x60\0\0";
	static const struct change changes[] = {
			RECORD(types, sv_type_record, 2, supertype, 0, "super-type"),
			RECORD(types, sv_type_record, 0, is_final, 1, "super-type"),
			RECORD(types, sv_type_record, 0, parameter_count, 4, "super-type"),
			RECORD(types, sv_type_record, 1, parameter_count, 1, "super-type"),
			RECORD(types, sv_type_record, 3, supertype, 0, "type"),
			RECORD(types, sv_type_record, 1, supertype, 1, "type"),
			{offsetof(struct sv_artifact_header, type_codes), sizeof(uint32_t), 2, 0, 4,
					SV_TYPE_I64, "super-type"},
			{offsetof(struct sv_artifact_header, type_codes), sizeof(uint32_t), 3, 0, 4,
					SV_REF_NULL(SV_HEAP_EQ), "super-type"},
			{offsetof(struct sv_artifact_header, type_codes), sizeof(uint32_t), 3, 0, 4,
					SV_REF_NULL(SV_HEAP_I31) | SV_FIELD_MUTABLE, "super-type"},
			{offsetof(struct sv_artifact_header, type_codes), sizeof(uint32_t), 0, 0, 4,
					SV_REF_NULL(SV_HEAP_DEFINED + 1), "type"},
			HEADER(flags, 0, "objects without"),
	};
	struct sv_compile_options options;
	struct buffer bytes = {0};
	sv_compile_options_init(&options);
	const struct sv_bytes view = {(const uint8_t *)module, sizeof module - 1};
	fixture_need(sv_compile(view, &options, &bytes, &error), "compile");
	struct specimen specimen = specimen_of(bytes);
	check_changes(&specimen, changes, ARRAY_LENGTH(changes));
	buffer_finish(&specimen.bytes);
}

/* ---- every word of every record ---- */

static enum sv_host_result host_nothing(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	(void)values;
	return SV_HOST_OK;
}

/* Values of the types that the artifact asks for, whatever they are by now. */
static bool define_imports(struct sv_linker *linker, struct sv_store *store,
		const struct sv_artifact *artifact)
{
	for (uint32_t i = 0; i < artifact->header->imports.count; i++) {
		bool is_function = artifact_imports(artifact)[i].kind == SV_EXTERN_FUNCTION;
		if (is_function ? !sv_linker_define_import_function(linker, artifact, i,
						  host_nothing, NULL, &error)
				: !sv_linker_define_import_value(linker, artifact, i, store,
						  &error))
			return false;
	}
	return true;
}

/* All of an instance but what it runs: its code was compiled for other records. */
static void prepare(struct sv_artifact *artifact)
{
	struct sv_store_limits limits;
	sv_store_limits_init(&limits);
	limits.max_memory = 1 << 20;
	limits.max_table_entries = 1000;
	struct sv_store *store = sv_store_new(engine, &limits, &error);
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(store && linker, "store");
	struct sv_instance *instance = NULL;
	if (define_imports(linker, store, artifact))
		instance = instance_prepare(store, artifact, linker, &error);
	for (uint32_t i = 0; instance && i < artifact->header->exports.count; i++) {
		const struct sv_export_record *export = &artifact_exports(artifact)[i];
		struct sv_extern value;
		sv_instance_export(instance, artifact_string(artifact, export->name),
				export->name.length, &value);
	}
	sv_store_free(store);
	sv_linker_free(linker);
}

static unsigned refused, loaded;

static void check_word(struct specimen *specimen, uint8_t *place)
{
	uint32_t old;
	memcpy(&old, place, sizeof old);
	const uint32_t values[] = {0, 1, old + 1, old - 1, old ^ 0x80, old ^ 0x100, old + 0x10000,
			UINT32_MAX, INT32_MAX};
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		if (values[i] == old)
			continue;
		memcpy(place, &values[i], sizeof old);
		struct sv_artifact *artifact = specimen_load(specimen);
		if (artifact)
			prepare(artifact);
		sv_artifact_free(artifact);
		refused += !artifact;
		loaded += artifact != NULL;
		CHECK(artifact || error.code == SV_ERROR_ARTIFACT);
		sv_error_clear(&error);
	}
	memcpy(place, &old, sizeof old);
}

static void check_words(struct specimen *specimen, uint8_t *start, size_t size)
{
	for (size_t at = 0; at + sizeof(uint32_t) <= size && !test_failed; at += sizeof(uint32_t))
		check_word(specimen, start + at);
}

TEST(no_word_of_a_record_leads_astray)
{
	struct specimen specimen = specimen_of_text(every_text);
	check_words(&specimen, (uint8_t *)specimen.header, sizeof *specimen.header);
#define WORDS(name, type) \
	check_words(&specimen, specimen_array(&specimen, specimen.header->name), \
			specimen.header->name.count * sizeof(type));
	WORDS(types, struct sv_type_record)
	WORDS(type_codes, uint32_t)
	WORDS(imports, struct sv_import_record)
	WORDS(exports, struct sv_export_record)
	WORDS(functions, struct sv_function_record)
	WORDS(tables, struct sv_table_record)
	WORDS(memories, struct sv_memory_record)
	WORDS(globals, struct sv_global_record)
	WORDS(tags, struct sv_tag_record)
	WORDS(data, struct sv_data_record)
	WORDS(elements, struct sv_element_record)
	WORDS(items, struct sv_constant)
	WORDS(extents, struct sv_extent_record)
	WORDS(code, int32_t)
	WORDS(entries, int32_t)
	WORDS(thunks, int32_t)
#undef WORDS
	printf("  %u refused, %u still sound\n", refused, loaded);
	CHECK(refused > loaded);
	buffer_finish(&specimen.bytes);
}

RUNTIME_TEST_MAIN(hardened_config())
