/*
 * action.c: calls and looks at globals, as the script asks.
 */
#include "tests/spec/spec.h"

#include <stdio.h>
#include <string.h>

#include "abi/artifact.h"

struct entry *script_find(struct script *script, const char *name)
{
	for (unsigned i = script->entry_count; i > 0; i--) {
		struct entry *entry = &script->entries[i - 1];
		if (!name || (entry->name && strcmp(entry->name, name) == 0))
			return entry;
	}
	return NULL;
}

/* The code about to be called lies in the text of an artifact: it is native, and ours. */
static bool action_is_native(struct script *script, const void *code)
{
	for (unsigned i = 0; i < script->entry_count; i++) {
		if (!script->entries[i].artifact)
			continue;
		const struct sv_artifact_header *header =
				sv_artifact_header(script->entries[i].artifact);
		const char *base = (const char *)header;
		const char *at = code;
		if (at >= base + header->text_start && at < base + header->text_end)
			return true;
	}
	return false;
}

static bool action_invoke(struct script *script, struct sv_funcref *function, json_t *arguments,
		struct action_result *result)
{
	char signature[64];
	if (!sv_function_signature(script->engine, function, signature, sizeof signature)) {
		snprintf(script->why, sizeof script->why, "signature is too long");
		return false;
	}
	size_t count = (size_t)(strchr(signature, ':') - signature);
	if (count != json_array_size(arguments) || count > ARRAY_LENGTH(result->values)) {
		snprintf(script->why, sizeof script->why, "wrong number of arguments");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!value_parse(json_array_get(arguments, i), &result->values[i])) {
			snprintf(script->why, sizeof script->why, "argument %zu is not known", i);
			return false;
		}
	}
	if (!action_is_native(script, function->code)) {
		snprintf(script->why, sizeof script->why, "the function is not native code");
		return false;
	}
	struct sv_error error = SV_ERROR_INIT;
	snprintf(result->letters, sizeof result->letters, "%s", signature + count + 1);
	result->outcome = sv_call(script->store, function, signature, result->values, &error);
	if (result->outcome == SV_REFUSED)
		snprintf(script->why, sizeof script->why, "refused: %s", error.text);
	return result->outcome != SV_REFUSED;
}

static bool action_get(struct sv_global *global, struct action_result *result)
{
	static const char letters[] = "iIfFvre";
	enum sv_type type = sv_global_type(global);
	for (size_t i = 0; letters[i]; i++) {
		if (sv_type_of_letter(letters[i]) == type)
			snprintf(result->letters, sizeof result->letters, "%c", letters[i]);
	}
	result->values[0] = sv_global_get(global);
	result->outcome = SV_RETURNED;
	return true;
}

bool action_run(struct script *script, json_t *action, struct action_result *result)
{
	memset(result, 0, sizeof *result);
	json_t *field = json_object_get(action, "field");
	struct entry *entry =
			script_find(script, json_string_value(json_object_get(action, "module")));
	struct sv_extern item;
	if (!entry || !entry->instance ||
			!sv_instance_export(entry->instance, json_string_value(field),
					json_string_length(field), &item)) {
		snprintf(script->why, sizeof script->why, "no such export");
		return false;
	}
	bool get = strcmp(json_string_value(json_object_get(action, "type")), "get") == 0;
	if (get && item.kind == SV_EXTERN_GLOBAL)
		return action_get(item.global, result);
	if (!get && item.kind == SV_EXTERN_FUNCTION)
		return action_invoke(script, item.function, json_object_get(action, "args"),
				result);
	snprintf(script->why, sizeof script->why, "the export is of another kind");
	return false;
}
