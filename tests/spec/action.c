/*
 * action.c: calls and looks at globals, as the script asks.
 */
#include "tests/spec/spec.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "abi/artifact.h"

/* A call that takes longer hangs: the longest needs a fraction of a second. */
enum { CALL_SECONDS = 60 };

/* The code about to be called lies in the text of an artifact: it is native, and ours. */
static bool action_is_native(const struct script *script, const void *code)
{
	for (size_t i = 0; i < script->definitions.count; i++) {
		const struct sv_artifact_header *header =
				sv_artifact_header(script->definitions.items[i].artifact);
		const char *base = (const char *)header;
		const char *at = code;
		if (at >= base + header->text_start && at < base + header->text_end)
			return true;
	}
	return false;
}

static bool action_arguments(struct script *script, json_t *arguments, size_t count,
		struct action_result *result)
{
	if (count != json_array_size(arguments)) {
		snprintf(script->why, sizeof script->why, "wrong number of arguments");
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		json_t *argument = json_array_get(arguments, i);
		union sv_value *value = &result->values[i];
		if (!value_parse(argument, value) ||
				(value_is_host_reference(argument) &&
						!sv_reference_internalise(script->store,
								&value->ref, NULL))) {
			snprintf(script->why, sizeof script->why, "argument %zu is not known", i);
			return false;
		}
	}
	return true;
}

static void action_limit_time(struct script *script)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	uint64_t end = (uint64_t)(now.tv_sec + CALL_SECONDS) * 1000000000u + (uint64_t)now.tv_nsec;
	sv_store_set_deadline(script->store, end);
}

static bool action_invoke(struct script *script, struct sv_funcref *function, json_t *arguments,
		struct action_result *result)
{
	char signature[2 * MAX_VALUES + 2];
	if (!sv_function_signature(script->engine, function, signature, sizeof signature)) {
		snprintf(script->why, sizeof script->why, "signature is too long");
		return false;
	}
	size_t count = (size_t)(strchr(signature, ':') - signature);
	TRY(action_arguments(script, arguments, count, result));
	if (!action_is_native(script, function->code)) {
		snprintf(script->why, sizeof script->why, "the function is not native code");
		return false;
	}
	script->progress->calls++;
	struct sv_error error = SV_ERROR_INIT;
	snprintf(result->letters, sizeof result->letters, "%s", signature + count + 1);
	action_limit_time(script);
	result->outcome = sv_call(script->store, function, signature, result->values, &error);
	if (result->outcome == SV_REFUSED)
		snprintf(script->why, sizeof script->why, "refused: %s", error.text);
	if (result->outcome == SV_TIMED_OUT)
		snprintf(script->why, sizeof script->why, "no end within %d s", CALL_SECONDS);
	return result->outcome != SV_REFUSED && result->outcome != SV_TIMED_OUT;
}

static bool action_get(struct sv_global *global, struct action_result *result)
{
	result->letters[0] = value_letter(sv_global_type(global));
	result->letters[1] = '\0';
	result->values[0] = sv_global_get(global);
	result->outcome = SV_RETURNED;
	return true;
}

bool action_run(struct script *script, json_t *action, struct action_result *result)
{
	json_t *field = json_object_get(action, "field");
	const char *module = json_string_value(json_object_get(action, "module"));
	const struct entry *entry = entries_find(&script->modules, module);
	struct sv_extern item;
	if (!entry || !sv_instance_export(entry->instance, json_string_value(field),
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
