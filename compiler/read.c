/*
 * read.c: a file to a module: header, then section after section in their order. The
 * contents of sections are decoded in read_*.c; rules beyond encoding are validate.c's.
 */
#include "compiler/read.h"

#include <stdio.h>
#include <string.h>

#include "abi/limits.h"
#include "compiler/feature.h"

static const struct section {
	const char *name;
	unsigned order; /* 0: no such section */
	bool (*read)(struct module_reader *r);
} sections[] = {
#define SV_SECTION(id, name, order) [id] = {#name, order, read_section_##name},
#include "compiler/sections.def"
#undef SV_SECTION
};

static void *list_new(struct module_reader *r, uint64_t count, size_t size)
{
	void *list = arena_new(&r->module->arena, count, size);
	if (!list)
		sv_fail(r->in.error, SV_ERROR_NO_MEMORY, "no memory for the module's lists");
	return list;
}

void *read_extend(struct module_reader *r, void *items, uint32_t count, uint32_t more, size_t size)
{
	char **list = items;
	char *longer = list_new(r, (uint64_t)count + more, size);
	if (!longer)
		return NULL;
	if (count)
		memcpy(longer, *list, count * size);
	*list = longer;
	return longer + count * size;
}

void *read_append(struct module_reader *r, void *items, uint32_t count, size_t size)
{
	if ((count & (count - 1)) == 0)
		return read_extend(r, items, count, count ? count : 1, size);
	char **list = items;
	return *list + count * size;
}

static bool read_header(struct reader *in)
{
	static const uint8_t magic[4] = {0, 'a', 's', 'm'};
	static const uint8_t core[4] = {1, 0, 0, 0};
	static const uint8_t component[4] = {0x0d, 0, 1, 0};
	size_t left = reader_left(in);
	if (!left)
		return reader_fail(in, "unexpected end: the file is empty");
	if (memcmp(in->at, magic, left < 4 ? left : 4) != 0)
		return reader_fail(in, "magic header not detected: not a WebAssembly module");
	if (left < 8)
		return reader_fail(in, "unexpected end: the file has %zu bytes", left);
	in->at += 4;
	if (memcmp(in->at, component, 4) == 0)
		return sv_fail_at(in->error, SV_ERROR_UNSUPPORTED, 4,
				"this is a component, not a core module; extract its core module, "
				"for "
				"example with `wasm-tools component unbundle`");
	if (memcmp(in->at, core, 4) != 0)
		return reader_fail(in, "unknown binary version %02x %02x %02x %02x", in->at[0],
				in->at[1], in->at[2], in->at[3]);
	in->at += 4;
	return true;
}

static bool name_is(struct sv_bytes name, const char *text)
{
	return name.length == strlen(text) && memcmp(name.data, text, name.length) == 0;
}

/* Custom sections mean nothing here but for names and branch hints, kept for the end. */
static bool read_custom(struct module_reader *r)
{
	struct sv_bytes name;
	TRY(reader_name(&r->in, &name));
	const struct sv_bytes contents = {r->in.at, reader_left(&r->in)};
	if (name_is(name, "name") && !r->names.data)
		r->names = contents;
	else if (name_is(name, "metadata.code.branch_hint") && !r->hints.data && !r->has_code)
		r->hints = contents;
	r->in.at = r->in.end;
	return true;
}

/* Which section has this id; checks that it may stand behind the one of `order`. */
static bool section_find(struct reader *in, uint8_t id, unsigned order,
		const struct section **section)
{
	*section = id < ARRAY_LENGTH(sections) ? &sections[id] : NULL;
	if (!*section || !(*section)->order)
		return proposal_fail(in, PROPOSAL_SECTION, id, "malformed section id");
	if ((*section)->order <= order)
		return reader_fail(in, "unexpected content after last section: the %s section %s",
				(*section)->name,
				(*section)->order == order ? "is there twice" : "comes too late");
	return true;
}

/* One section; `all` is the cursor over the file, *order that of the last section. */
static bool read_section(struct module_reader *r, struct reader *all, unsigned *order)
{
	uint64_t offset = reader_offset(all);
	const struct section *section = NULL;
	uint8_t id;
	uint32_t size;
	TRY(reader_byte(all, &id));
	if (id != 0) {
		all->at--;
		TRY(section_find(all, id, *order, &section));
		all->at++;
		*order = section->order;
	}
	TRY(reader_u32(all, &size));
	if (size > reader_left(all))
		return reader_fail(all, "length out of bounds: a section of %u bytes, %zu left",
				size, reader_left(all));
	r->in = *all;
	r->in.end = all->at + size;
	all->at += size;
	if (!section)
		return read_custom(r);
	TRY(section->read(r));
	if (r->in.at == r->in.end)
		return true;
	return reader_fail(&r->in,
			"section size mismatch: %zu bytes left in the %s section that begins at "
			"%#llx",
			reader_left(&r->in), section->name, (unsigned long long)offset);
}

/* Rules between sections. */
static bool read_finish(struct module_reader *r, struct reader *all)
{
	if (r->own_functions != r->bodies)
		return reader_fail(all,
				"function and code section have inconsistent lengths: %u "
				"functions, "
				"%u bodies",
				r->own_functions, r->bodies);
	if (r->module->has_data_count && r->announced_data != r->module->data_count)
		return reader_fail(all,
				"data count and data section have inconsistent lengths: %u "
				"announced, "
				"%u there",
				r->announced_data, r->module->data_count);
	return true;
}

/* Give a function a provisional reference number; a bad index is the validator's to find. */
static void reference_mark(struct module *module, uint64_t function)
{
	if (function < module->function_count)
		module->functions[function].reference = 0;
}

static void reference_mark_constant(struct module *module, const struct constant *constant)
{
	if (constant->value.kind == SV_CONSTANT_FUNCTION)
		reference_mark(module, constant->value.value);
}

/*
 * Number the functions that may be referred to: those named outside of bodies and of the
 * start section (Core 2.0, 3.4.10: the context's refs).
 */
static void references_number(struct module *module)
{
	for (uint32_t i = 0; i < module->export_count; i++) {
		if (module->exports[i].kind == SV_EXTERN_FUNCTION)
			reference_mark(module, module->exports[i].index);
	}
	for (uint32_t i = module->imported_globals; i < module->global_count; i++)
		reference_mark_constant(module, &module->globals[i].initial);
	for (uint32_t i = 0; i < module->element_count; i++) {
		const struct element_segment *segment = &module->elements[i];
		for (uint32_t k = 0; k < segment->item_count; k++)
			reference_mark_constant(module, &segment->items[k]);
	}
	for (uint32_t i = 0; i < module->function_count; i++) {
		if (module->functions[i].reference != SV_NO_INDEX)
			module->functions[i].reference = module->reference_count++;
	}
}

static bool read_all(struct module_reader *r, struct reader *all)
{
	unsigned order = 0;
	if (all->end - all->start > (int64_t)SV_MAX_MODULE_BYTES)
		return sv_fail_at(all->error, SV_ERROR_LIMIT, 0,
				"the module has %zu bytes; the limit SV_MAX_MODULE_BYTES is %llu",
				reader_left(all), (unsigned long long)SV_MAX_MODULE_BYTES);
	TRY(read_header(all));
	while (all->at != all->end)
		TRY(read_section(r, all, &order));
	return read_finish(r, all);
}

static void module_init(struct module *module, struct sv_bytes input, uint64_t features)
{
	*module = (struct module){.input = input, .features = features, .start = SV_NO_INDEX};
	arena_init(&module->arena, 0);
}

bool module_read(struct module *module, struct sv_bytes input, uint64_t features,
		struct sv_error *error)
{
	module_init(module, input, features);
	struct reader all = {
			.at = input.data,
			.end = input.data + input.length,
			.start = input.data,
			.features = features,
			.error = error,
			.module = module,
	};
	struct module_reader r = {.in = all, .module = module};
	if (!read_all(&r, &all) || !hints_read(module, r.hints, error)) {
		module_finish(module);
		return false;
	}
	references_number(module);
	names_read(module, r.names);
	names_from_exports(module);
	return true;
}
