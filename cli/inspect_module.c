/*
 * inspect_module.c: describes a binary module, decoded by the compiler's own reader.
 */
#include "cli/inspect.h"

#include "cli/json.h"
#include "compiler/compiler.h"
#include "compiler/module.h"

/* Of a function type; "?" for what is none, in a module that is not valid. */
static struct type_text module_type_text(const struct module *module, uint32_t index)
{
	if (index >= module->type_count || module->types[index].kind != SV_KIND_FUNCTION)
		return (struct type_text){"?"};
	const struct function_type *type = &module->types[index].function;
	return inspect_function_type((const uint32_t *)type->parameters, type->parameter_count,
			(const uint32_t *)type->results, type->result_count);
}

static struct type_text module_memory_text(const struct module *module, uint32_t index)
{
	struct sv_limits_record limits = limits_record(&module->memories[index].limits);
	return inspect_memory_type(&limits);
}

static struct type_text module_table_text(const struct module *module, uint32_t index)
{
	const struct table *table = &module->tables[index];
	struct sv_limits_record limits = limits_record(&table->limits);
	return inspect_table_type(table->element, &limits);
}

static struct type_text module_global_text(const struct module *module, uint32_t index)
{
	return inspect_global_type(module->globals[index].type, module->globals[index].mutable);
}

/* A module that is decoded but not yet validated may refer to what is not there. */
static struct type_text module_extern_text(const struct module *module, enum sv_extern_kind kind,
		uint32_t index)
{
	if (kind == SV_EXTERN_FUNCTION && index < module->function_count)
		return module_type_text(module, module->functions[index].type);
	if (kind == SV_EXTERN_TABLE && index < module->table_count)
		return module_table_text(module, index);
	if (kind == SV_EXTERN_MEMORY && index < module->memory_count)
		return module_memory_text(module, index);
	if (kind == SV_EXTERN_GLOBAL && index < module->global_count)
		return module_global_text(module, index);
	if (kind == SV_EXTERN_TAG && index < module->tag_count)
		return module_type_text(module, module->tags[index].type);
	return (struct type_text){"?"};
}

static json_t *module_imports(const struct module *module)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < module->import_count; i++) {
		const struct import *import = &module->imports[i];
		struct type_text type = module_extern_text(module, import->kind, import->index);
		json_array_append_new(list,
				inspect_import(import->module, import->name, import->kind, &type));
	}
	return list;
}

static json_t *module_exports(const struct module *module)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < module->export_count; i++) {
		const struct export *export = &module->exports[i];
		struct type_text type = module_extern_text(module, export->kind, export->index);
		json_array_append_new(list, inspect_export(export->name, export->kind, &type));
	}
	return list;
}

/* All of an index space but functions. */
static json_t *module_space(const struct module *module, enum sv_extern_kind kind, uint32_t count,
		uint32_t imported)
{
	json_t *list = json_array();
	for (uint32_t i = 0; i < count; i++) {
		struct type_text type = module_extern_text(module, kind, i);
		inspect_append(list, i, i < imported, &type);
	}
	return list;
}

static json_t *module_data(const struct module *module)
{
	json_int_t bytes = 0;
	for (uint32_t i = 0; i < module->data_count; i++)
		bytes += (json_int_t)module->data[i].bytes.length;
	return json_pack("{sI sI}", "segments", (json_int_t)module->data_count, "bytes", bytes);
}

static bool module_passes(struct sv_bytes bytes, uint64_t features)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	options.features = features;
	return sv_validate(bytes, &options, NULL);
}

/* A valid module uses a feature if it is not valid without it. */
static json_t *module_features(struct sv_bytes bytes, uint64_t all)
{
	static const char *const names[] = {
#define SV_FEATURE(name, text, on) text,
#include "compiler/features.def"
#undef SV_FEATURE
	};
	json_t *list = json_array();
	for (unsigned i = 0; i < SV_FEATURE_COUNT; i++) {
		if ((all >> i & 1) && !module_passes(bytes, all & ~(UINT64_C(1) << i)))
			json_array_append_new(list, json_string(names[i]));
	}
	return list;
}

static void module_add_validity(json_t *object, struct sv_bytes bytes)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	bool valid = sv_validate(bytes, &options, &error);
	json_object_set_new(object, "valid", json_boolean(valid));
	if (valid)
		json_object_set_new(object, "features", module_features(bytes, options.features));
	else
		json_object_set_new(object, "error",
				json_sprintf("%s (at byte %lld)", error.text,
						(long long)error.position));
}

static json_t *module_describe(const struct module *module)
{
	json_t *object = json_pack("{ss so so so}", "kind", "module", "name",
			json_text((const char *)module->name.data, module->name.length), "imports",
			module_imports(module), "exports", module_exports(module));
	json_object_set_new(object, "memories",
			module_space(module, SV_EXTERN_MEMORY, module->memory_count,
					module->imported_memories));
	json_object_set_new(object, "tables",
			module_space(module, SV_EXTERN_TABLE, module->table_count,
					module->imported_tables));
	json_object_set_new(object, "globals",
			module_space(module, SV_EXTERN_GLOBAL, module->global_count,
					module->imported_globals));
	json_object_set_new(object, "functions",
			json_pack("{sI sI}", "imported", (json_int_t)module->imported_functions,
					"own",
					(json_int_t)module->function_count -
							module->imported_functions));
	json_object_set_new(object, "data", module_data(module));
	json_object_set_new(object, "elements", json_integer(module->element_count));
	json_object_set_new(object, "code_bytes", json_integer((json_int_t)module->code_size));
	json_object_set_new(object, "branch_hints", json_integer(module->hint_count));
	if (module->start != SV_NO_INDEX)
		json_object_set_new(object, "start", json_integer(module->start));
	return object;
}

json_t *inspect_module(struct sv_bytes bytes, struct sv_error *error)
{
	struct sv_compile_options options;
	struct module module;
	json_t *object = NULL;
	sv_compile_options_init(&options);
	if (module_read(&module, bytes, options.features, error))
		object = module_describe(&module);
	module_finish(&module);
	if (object)
		module_add_validity(object, bytes);
	return object;
}
