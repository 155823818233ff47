/*
 * names.c: the name section (Core 2.0, appendix 7.4): names of the module and of functions.
 * It is a custom section, so a broken one is as good as none.
 */
#include "compiler/read.h"

enum { SUBSECTION_MODULE = 0, SUBSECTION_FUNCTIONS = 1 };

/* With `module` NULL only looks whether the names are well-formed. */
static bool names_functions(struct reader *in, struct module *module)
{
	uint32_t count;
	TRY(reader_u32(in, &count));
	for (uint32_t i = 0; i < count; i++) {
		uint32_t index;
		struct sv_bytes name;
		TRY(reader_u32(in, &index));
		TRY(reader_name(in, &name));
		if (module && index < module->function_count)
			module->functions[index].name = name;
	}
	return true;
}

static bool names_subsection(struct reader in, uint8_t id, struct module *module)
{
	struct sv_bytes name;
	if (id == SUBSECTION_FUNCTIONS)
		return names_functions(&in, module);
	if (id != SUBSECTION_MODULE)
		return true;
	TRY(reader_name(&in, &name));
	if (module)
		module->name = name;
	return true;
}

static bool names_walk(struct reader in, struct module *module)
{
	while (in.at != in.end) {
		uint8_t id;
		uint32_t size;
		struct sv_bytes contents;
		TRY(reader_byte(&in, &id));
		TRY(reader_u32(&in, &size));
		TRY(reader_bytes(&in, size, &contents));
		struct reader part = in;
		part.at = contents.data;
		part.end = contents.data + contents.length;
		TRY(names_subsection(part, id, module));
	}
	return true;
}

void names_read(struct module *module, struct sv_bytes section)
{
	struct sv_error dropped = SV_ERROR_INIT;
	struct reader in = {
			.at = section.data,
			.end = section.data + section.length,
			.start = module->input.data,
			.error = &dropped,
	};
	if (!section.data || !names_walk(in, NULL))
		return;
	bool ok = names_walk(in, module);
	check(ok);
}

void names_from_exports(struct module *module)
{
	for (uint32_t i = 0; i < module->export_count; i++) {
		const struct export *export = &module->exports[i];
		if (export->kind != SV_EXTERN_FUNCTION || export->index >= module->function_count)
			continue;
		struct function *function = &module->functions[export->index];
		if (!function->name.length)
			function->name = export->name;
	}
}
