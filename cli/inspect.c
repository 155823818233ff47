/*
 * inspect.c: the parts that descriptions of modules and of artifacts have in common.
 */
#include "cli/inspect.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "abi/limits.h"
#include "cli/json.h"
#include "cli/units.h"

SV_PRINTF(2, 3) static void type_add(struct type_text *type, const char *format, ...)
{
	size_t at = strlen(type->text), size = sizeof type->text;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(type->text + at, size - at, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= size - at)
		memcpy(type->text + size - 4, "...", 4);
}

static void type_add_list(struct type_text *type, const uint32_t *codes, size_t count)
{
	type_add(type, "(");
	for (size_t i = 0; i < count; i++)
		type_add(type, "%s%s", i ? " " : "", sv_type_text((enum sv_type)codes[i]).text);
	type_add(type, ")");
}

struct type_text inspect_function_type(const uint32_t *parameters, size_t parameter_count,
		const uint32_t *results, size_t result_count)
{
	struct type_text type = {""};
	type_add_list(&type, parameters, parameter_count);
	type_add(&type, " -> ");
	type_add_list(&type, results, result_count);
	return type;
}

static void type_add_range(
		struct type_text *type, const struct sv_limits_record *limits, const char *unit)
{
	if (limits->is_64)
		type_add(type, "i64, ");
	if (limits->has_maximum)
		type_add(type, "%" PRIu64 " to %" PRIu64 " %s", limits->minimum, limits->maximum,
				unit);
	else
		type_add(type, "%" PRIu64 " %s or more", limits->minimum, unit);
	if (limits->is_shared)
		type_add(type, ", shared");
}

struct type_text inspect_memory_type(const struct sv_limits_record *limits)
{
	struct type_text type = {""};
	char size[32];
	unsigned page = limits->page_log2 & 63;
	type_add_range(&type, limits, page ? "pages" : "bytes");
	size_text(sv_memory_bytes(limits->minimum, page), size, sizeof size);
	type_add(&type, " (%s at first)", size);
	return type;
}

struct type_text inspect_table_type(enum sv_type element, const struct sv_limits_record *limits)
{
	struct type_text type = {""};
	type_add(&type, "%s, ", sv_type_text(element).text);
	type_add_range(&type, limits, "entries");
	return type;
}

struct type_text inspect_global_type(enum sv_type type, bool is_mutable)
{
	struct type_text text = {""};
	type_add(&text, "%s%s", is_mutable ? "mutable " : "", sv_type_text(type).text);
	return text;
}

static json_t *json_name(struct sv_bytes name)
{
	return json_text((const char *)name.data, name.length);
}

json_t *inspect_import(struct sv_bytes module, struct sv_bytes name, enum sv_extern_kind kind,
		const struct type_text *type)
{
	return json_pack("{so so ss ss}", "module", json_name(module), "name", json_name(name),
			"kind", sv_extern_kind_name(kind), "type", type->text);
}

json_t *inspect_export(struct sv_bytes name, enum sv_extern_kind kind, const struct type_text *type)
{
	return json_pack("{so ss ss}", "name", json_name(name), "kind", sv_extern_kind_name(kind),
			"type", type->text);
}

void inspect_append(json_t *list, uint32_t index, bool imported, const struct type_text *type)
{
	json_array_append_new(list,
			json_pack("{sI sb ss}", "index", (json_int_t)index, "imported", imported,
					"type", type->text));
}
