/*
 * inspect_artifact.c: describes an artifact from its bytes. Nothing is mapped or trusted: an
 * artifact for another machine can be looked at, and a span that leaves the file is an error.
 */
#include "cli/inspect.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

#include "abi/artifact.h"
#include "abi/layout.h"
#include "abi/limits.h"
#include "cli/compile_flags.h"
#include "cli/json.h"
#include "runtime/artifact.h"

/* An artifact's file and the address of its header. */
struct artifact_view {
	struct sv_bytes file;
	Elf *elf; /* owned */
	uint64_t header_address;
	struct sv_artifact_header header; /* a copy: the file need not be aligned */
	bool damaged;        /* a span left the file */
};

/* Address of the header symbol, or 0. */
static uint64_t elf_header_address(Elf *elf)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr head;
		if (!gelf_getshdr(section, &head) || head.sh_type != SHT_DYNSYM || !head.sh_entsize)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < head.sh_size / head.sh_entsize; i++) {
			GElf_Sym symbol;
			const char *name = gelf_getsym(data, (int)i, &symbol)
					? elf_strptr(elf, head.sh_link, symbol.st_name)
					: NULL;
			if (name && strcmp(name, SV_ARTIFACT_SYMBOL) == 0)
				return symbol.st_value;
		}
	}
	return 0;
}

/* `count` elements at an address, or NULL if they are not all inside a loaded segment. */
static const uint8_t *view_address(const struct artifact_view *view, uint64_t address,
		uint64_t count, uint64_t size)
{
	size_t segments;
	if (elf_getphdrnum(view->elf, &segments) != 0)
		return NULL;
	for (size_t i = 0; i < segments; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(view->elf, (int)i, &segment) || segment.p_type != PT_LOAD ||
				segment.p_offset > view->file.length ||
				segment.p_filesz > view->file.length - segment.p_offset)
			continue;
		uint64_t inside = address - segment.p_vaddr;
		if (inside <= segment.p_filesz && count <= (segment.p_filesz - inside) / size)
			return view->file.data + segment.p_offset + inside;
	}
	return NULL;
}

/* `count` elements at `offset` from the header, or NULL if they are not all inside the file. */
static const uint8_t *view_range(struct artifact_view *view, int64_t offset, uint64_t count,
		uint64_t size)
{
	const uint8_t *found = view_address(view, view->header_address + (uint64_t)offset, count,
			size);
	view->damaged |= !found;
	return found;
}

/* Copy element `index` of a span; false if there is none. */
static bool view_element(struct artifact_view *view, struct sv_span span, uint32_t index,
		void *element, size_t size)
{
	const uint8_t *first =
			index < span.count ? view_range(view, span.offset, span.count, size) : NULL;
	if (!first) {
		view->damaged = true;
		return false;
	}
	memcpy(element, first + (size_t)index * size, size);
	return true;
}

/* Bytes `offset` to `offset + length` of a span of bytes; empty if it does not have them. */
static struct sv_bytes view_bytes(struct artifact_view *view, struct sv_span span, uint32_t offset,
		uint32_t length)
{
	if (offset > span.count || length > span.count - offset) {
		view->damaged = true;
		return (struct sv_bytes){0};
	}
	const uint8_t *data = view_range(view, (int64_t)span.offset + offset, length, 1);
	return (struct sv_bytes){data, data ? length : 0};
}

static struct sv_bytes view_name(struct artifact_view *view, struct sv_name name)
{
	return view_bytes(view, view->header.strings, name.offset, name.length);
}

/* ---- types ---- */

static struct type_text view_type_text(struct artifact_view *view, uint32_t index)
{
	struct sv_type_record type;
	if (!view_element(view, view->header.types, index, &type, sizeof type))
		return (struct type_text){"?"};
	uint32_t codes[SV_MAX_PARAMETERS + SV_MAX_RESULTS];
	uint32_t count = (uint32_t)type.parameter_count + type.result_count;
	if (type.kind != SV_KIND_FUNCTION || count > ARRAY_LENGTH(codes))
		return (struct type_text){"?"};
	for (uint32_t i = 0; i < count; i++) {
		if (!view_element(view, view->header.type_codes, type.offset + i, &codes[i],
				    sizeof codes[i]))
			return (struct type_text){"?"};
	}
	return inspect_function_type(codes, type.parameter_count, codes + type.parameter_count,
			type.result_count);
}

static struct type_text view_function_text(struct artifact_view *view, uint32_t index)
{
	struct sv_function_record function;
	if (!view_element(view, view->header.functions, index, &function, sizeof function))
		return (struct type_text){"?"};
	return view_type_text(view, function.type);
}

static struct type_text view_table_text(struct artifact_view *view, uint32_t index)
{
	struct sv_table_record table;
	if (!view_element(view, view->header.tables, index, &table, sizeof table))
		return (struct type_text){"?"};
	return inspect_table_type((enum sv_type)table.element_type, &table.limits);
}

static struct type_text view_memory_text(struct artifact_view *view, uint32_t index)
{
	struct sv_memory_record memory;
	if (!view_element(view, view->header.memories, index, &memory, sizeof memory))
		return (struct type_text){"?"};
	return inspect_memory_type(&memory.limits);
}

static struct type_text view_global_text(struct artifact_view *view, uint32_t index)
{
	struct sv_global_record global;
	if (!view_element(view, view->header.globals, index, &global, sizeof global))
		return (struct type_text){"?"};
	return inspect_global_type((enum sv_type)global.type, global.mutable);
}

static struct type_text view_tag_text(struct artifact_view *view, uint32_t index)
{
	struct sv_tag_record tag;
	if (!view_element(view, view->header.tags, index, &tag, sizeof tag))
		return (struct type_text){"?"};
	return view_type_text(view, tag.type);
}

static struct type_text view_extern_text(struct artifact_view *view, uint32_t kind, uint32_t index)
{
	static struct type_text (*const texts[])(struct artifact_view *, uint32_t) = {
			[SV_EXTERN_FUNCTION] = view_function_text,
			[SV_EXTERN_TABLE] = view_table_text,
			[SV_EXTERN_MEMORY] = view_memory_text,
			[SV_EXTERN_GLOBAL] = view_global_text,
			[SV_EXTERN_TAG] = view_tag_text,
	};
	if (kind < ARRAY_LENGTH(texts))
		return texts[kind](view, index);
	view->damaged = true;
	return (struct type_text){"?"};
}

/* ---- lists ---- */

static json_t *view_imports(struct artifact_view *view)
{
	json_t *list = json_array();
	struct sv_import_record import;
	for (uint32_t i = 0; i < view->header.imports.count; i++) {
		if (!view_element(view, view->header.imports, i, &import, sizeof import))
			break;
		struct type_text type = import.kind == SV_EXTERN_FUNCTION
				? view_type_text(view, import.index)
				: view_extern_text(view, import.kind, import.index);
		json_array_append_new(list,
				inspect_import(view_name(view, import.module),
						view_name(view, import.name),
						(enum sv_extern_kind)import.kind, &type));
	}
	return list;
}

static json_t *view_exports(struct artifact_view *view)
{
	json_t *list = json_array();
	struct sv_export_record export;
	for (uint32_t i = 0; i < view->header.exports.count; i++) {
		if (!view_element(view, view->header.exports, i, &export, sizeof export))
			break;
		struct type_text type = view_extern_text(view, export.kind, export.index);
		json_array_append_new(list,
				inspect_export(view_name(view, export.name),
						(enum sv_extern_kind)export.kind, &type));
	}
	return list;
}

static json_t *view_space(struct artifact_view *view, enum sv_extern_kind kind, uint32_t count,
		uint32_t imported)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < count && !view->damaged; i++) {
		struct type_text type = view_extern_text(view, kind, i);
		inspect_append(list, i, i < imported, &type);
	}
	return list;
}

static json_t *view_note(const struct sv_artifact_note *note)
{
	const char *bounds = note->bounds <= SV_BOUNDS_CHECK ? bounds_names[note->bounds] : "?";
	return json_pack("{ss so sI so so ss sI}", "kind", "artifact", "compiler",
			json_text(note->compiler, strnlen(note->compiler, sizeof note->compiler)),
			"abi", (json_int_t)note->abi_version, "target",
			json_text(note->target, strnlen(note->target, sizeof note->target)), "cpu",
			json_text(note->cpu, strnlen(note->cpu, sizeof note->cpu)), "bounds",
			bounds, "level", (json_int_t)note->optimisation);
}

static json_t *view_describe(struct artifact_view *view, const struct sv_artifact_note *note)
{
	const struct sv_artifact_header *header = &view->header;
	json_t *object = view_note(note);
	struct sv_bytes name = view_name(view, header->module_name);
	json_object_set_new(object, "fuel", json_boolean(header->flags & SV_ARTIFACT_FUEL));
	json_object_set_new(object, "profile", json_boolean(header->profile_module.count));
	json_object_set_new(object, "name", json_text((const char *)name.data, name.length));
	json_object_set_new(object, "imports", view_imports(view));
	json_object_set_new(object, "exports", view_exports(view));
	json_object_set_new(object, "memories",
			view_space(view, SV_EXTERN_MEMORY, header->memories.count,
					header->imported_memories));
	json_object_set_new(object, "tables",
			view_space(view, SV_EXTERN_TABLE, header->tables.count,
					header->imported_tables));
	json_object_set_new(object, "globals",
			view_space(view, SV_EXTERN_GLOBAL, header->globals.count,
					header->imported_globals));
	json_object_set_new(object, "functions",
			json_pack("{sI sI}", "imported", (json_int_t)header->imported_functions,
					"own",
					(json_int_t)header->functions.count -
							header->imported_functions));
	json_object_set_new(object, "data",
			json_pack("{sI sI}", "segments", (json_int_t)header->data.count, "bytes",
					(json_int_t)header->segment_bytes.count));
	json_object_set_new(object, "elements", json_integer(header->elements.count));
	json_object_set_new(object, "code_bytes",
			json_integer((json_int_t)header->text_end - header->text_start));
	json_object_set_new(object, "image_bytes", json_integer(header->image.count));
	json_object_set_new(object, "snapshot",
			json_boolean(header->flags & SV_ARTIFACT_SNAPSHOT));
	if (header->start != SV_NO_INDEX)
		json_object_set_new(object, "start", json_integer(header->start));
	return object;
}

static bool view_init(struct artifact_view *view, struct sv_bytes bytes, struct sv_error *error)
{
	*view = (struct artifact_view){.file = bytes};
	elf_version(EV_CURRENT);
	view->elf = elf_memory((char *)bytes.data, bytes.length);
	view->header_address = view->elf ? elf_header_address(view->elf) : 0;
	const uint8_t *header =
			view->header_address ? view_range(view, 0, 1, sizeof view->header) : NULL;
	if (!header)
		return sv_fail(error, SV_ERROR_ARTIFACT, "the artifact has no header");
	memcpy(&view->header, header, sizeof view->header);
	if (view->header.magic != SV_ARTIFACT_MAGIC)
		return sv_fail(error, SV_ERROR_ARTIFACT, "the artifact's header is damaged");
	return true;
}

json_t *inspect_artifact(struct sv_bytes bytes, struct sv_error *error)
{
	struct artifact_elf elf;
	struct artifact_view view;
	json_t *object = NULL;
	if (!artifact_elf_check(bytes, &elf, error))
		return NULL;
	if (view_init(&view, bytes, error))
		object = view_describe(&view, &elf.note);
	elf_end(view.elf);
	if (!object || !view.damaged)
		return object;
	json_decref(object);
	sv_fail(error, SV_ERROR_ARTIFACT, "a record of the artifact points outside the file");
	return NULL;
}
