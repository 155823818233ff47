/*
 * script.c: the commands of a script, one handler each, from a table.
 */
#include "tests/spec/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *command_text(json_t *command, const char *key)
{
	return json_string_value(json_object_get(command, key));
}

static bool script_fail(struct script *script, const char *what, const struct sv_error *error)
{
	snprintf(script->why, sizeof script->why, "%s: %s", what, error->text);
	return false;
}

static bool run_module(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_artifact *artifact = command_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	return module_instantiate(script, artifact, command_text(command, "name"), NULL, &error) ||
			script_fail(script, "instantiate", &error);
}

static bool run_module_definition(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	return command_compile(script, command, &error) || script_fail(script, "compile", &error);
}

static bool run_module_instance(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	const struct entry *entry =
			entries_find(&script->definitions, command_text(command, "module"));
	if (!entry)
		return script_fail(script, "no such definition", &error);
	return module_instantiate(script, entry->artifact, command_text(command, "instance"), NULL,
			       &error) ||
			script_fail(script, "instantiate", &error);
}

static bool run_register(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct entry *entry = entries_find(&script->modules, command_text(command, "name"));
	if (!entry)
		return script_fail(script, "no such module", &error);
	return sv_linker_define_instance(script->linker, command_text(command, "as"),
			       entry->instance, &error) ||
			script_fail(script, "register", &error);
}

/* How the action ended, in the words of the suite; NULL: it returned. */
static const char *action_failure(struct script *script, const struct action_result *result)
{
	if (result->outcome == SV_RETURNED)
		return NULL;
	const struct sv_trap_info *trap = sv_store_trap(script->store);
	return result->outcome == SV_TRAPPED && trap ? sv_trap_text(trap->kind) : "no trap";
}

static bool run_action(struct script *script, json_t *command)
{
	struct action_result result;
	TRY(action_run(script, json_object_get(command, "action"), &result));
	const char *failure = action_failure(script, &result);
	snprintf(script->why, sizeof script->why, "trap: %s", failure ? failure : "");
	return !failure;
}

static bool result_matches(struct script *script, json_t *expected, char letter,
		const union sv_value *value)
{
	union sv_value found = *value;
	if (value_is_host_reference(expected) && letter != 'e' &&
			!sv_reference_externalise(script->store, &found.ref, NULL))
		return false;
	if (value_matches(expected, letter, &found) &&
			value_is_of_kind(script->store, expected, found.ref))
		return true;
	char have[64];
	char *want = json_dumps(expected, JSON_COMPACT);
	value_print(letter, value, have, sizeof have);
	snprintf(script->why, sizeof script->why, "got %s, wanted %s", have, want);
	free(want);
	return false;
}

static bool run_assert_return(struct script *script, json_t *command)
{
	struct action_result result;
	json_t *expected = json_object_get(command, "expected");
	TRY(action_run(script, json_object_get(command, "action"), &result));
	const char *failure = action_failure(script, &result);
	snprintf(script->why, sizeof script->why, "trap: %s", failure ? failure : "");
	TRY(!failure);
	snprintf(script->why, sizeof script->why, "wrong number of results");
	TRY(strlen(result.letters) == json_array_size(expected));
	for (size_t i = 0; result.letters[i]; i++)
		TRY(result_matches(script, json_array_get(expected, i), result.letters[i],
				&result.values[i]));
	return true;
}

/* Texts agree if one begins with the other: engines say more or less. */
static bool text_agrees(const char *have, const char *wanted)
{
	size_t least = strlen(have) < strlen(wanted) ? strlen(have) : strlen(wanted);
	return least > 0 && strncmp(have, wanted, least) == 0;
}

static bool action_fails(struct script *script, json_t *command, const char *wanted)
{
	struct action_result result;
	TRY(action_run(script, json_object_get(command, "action"), &result));
	const char *failure = action_failure(script, &result);
	snprintf(script->why, sizeof script->why, "got %s, wanted %s",
			failure ? failure : "a return", wanted);
	return failure && text_agrees(failure, wanted);
}

static bool run_assert_uninstantiable(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	enum sv_outcome outcome = SV_RETURNED;
	struct sv_artifact *artifact = command_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	snprintf(script->why, sizeof script->why, "instantiated");
	TRY(!module_instantiate(script, artifact, NULL, &outcome, &error));
	const struct sv_trap_info *trap = sv_store_trap(script->store);
	const char *wanted = command_text(command, "text");
	snprintf(script->why, sizeof script->why, "%s, wanted %s",
			trap ? sv_trap_text(trap->kind) : error.text, wanted);
	return outcome == SV_TRAPPED && trap && text_agrees(sv_trap_text(trap->kind), wanted);
}

static bool run_assert_trap(struct script *script, json_t *command)
{
	if (!json_object_get(command, "action"))
		return run_assert_uninstantiable(script, command);
	return action_fails(script, command, command_text(command, "text"));
}

static bool run_assert_exception(struct script *script, json_t *command)
{
	return action_fails(script, command, "uncaught exception");
}

static bool module_is_refused(struct script *script, json_t *command, enum sv_error_code code)
{
	struct buffer bytes = {0};
	struct sv_error error = SV_ERROR_INIT;
	TRY(command_bytes(script, command, &bytes));
	bool valid = sv_validate(buffer_view(&bytes), script->options, &error);
	buffer_finish(&bytes);
	snprintf(script->why, sizeof script->why, "%s, wanted %s",
			valid ? "accepted" : error.text, command_text(command, "text"));
	return !valid && error.code == code;
}

static bool run_assert_invalid(struct script *script, json_t *command)
{
	return module_is_refused(script, command, SV_ERROR_INVALID);
}

static bool run_assert_malformed(struct script *script, json_t *command)
{
	return module_is_refused(script, command, SV_ERROR_MALFORMED);
}

static bool run_assert_unlinkable(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_artifact *artifact = command_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	snprintf(script->why, sizeof script->why, "linked");
	TRY(!module_instantiate(script, artifact, NULL, NULL, &error));
	snprintf(script->why, sizeof script->why, "wrong error: %s", error.text);
	return error.code == SV_ERROR_LINK;
}

static const struct {
	const char *type;
	bool (*run)(struct script *script, json_t *command);
} commands[] = {
		{"module", run_module},
		{"module_definition", run_module_definition},
		{"module_instance", run_module_instance},
		{"register", run_register},
		{"action", run_action},
		{"assert_return", run_assert_return},
		{"assert_trap", run_assert_trap},
		{"assert_exhaustion", run_assert_trap},
		{"assert_exception", run_assert_exception},
		{"assert_invalid", run_assert_invalid},
		{"assert_malformed", run_assert_malformed},
		{"assert_unlinkable", run_assert_unlinkable},
		{"assert_uninstantiable", run_assert_uninstantiable},
};

static bool command_run(struct script *script, json_t *command)
{
	const char *type = command_text(command, "type");
	for (size_t i = 0; i < ARRAY_LENGTH(commands); i++) {
		if (strcmp(commands[i].type, type) == 0)
			return commands[i].run(script, command);
	}
	snprintf(script->why, sizeof script->why, "unknown command %s", type);
	return false;
}

/* A listed skip is run all the same: one that passes is listed wrongly. */
static void command_count(struct script *script, json_t *command)
{
	char place[128];
	struct progress *progress = script->progress;
	const char *type = command_text(command, "type");
	const char *form = command_text(command, "module_type");
	progress->line = (long)json_integer_value(json_object_get(command, "line"));
	snprintf(place, sizeof place, "%s:%ld", script->name, progress->line);
	if (form && strcmp(form, "text") == 0) {
		progress->skipped++;
		progress->text++;
		return;
	}
	const char *reason = json_string_value(json_object_get(script->skips, place));
	script->why[0] = '\0';
	bool passed = command_run(script, command);
	if (reason && !passed) {
		printf("SKIP %s %s: %s\n", place, type, reason);
		progress->skipped++;
		return;
	}
	progress->passed += passed && !reason;
	progress->failed += !passed || reason;
	if (!passed || reason)
		printf("FAIL %s %s: %s\n", place, type,
				reason ? "a listed skip passes" : script->why);
}

static void script_finish(struct script *script)
{
	sv_store_free(script->store);
	sv_linker_free(script->linker);
	for (size_t i = 0; i < script->definitions.count; i++)
		sv_artifact_free(script->definitions.items[i].artifact);
	free(script->definitions.items);
	free(script->modules.items);
	sv_engine_free(script->engine);
}

static json_t *script_read(const struct script *script)
{
	char path[512];
	json_error_t where;
	snprintf(path, sizeof path, "%s/%s.json", script->suite, script->name);
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &where);
	if (!root)
		printf("FAIL %s: %s\n", path, where.text);
	return root;
}

static bool script_init(struct script *script)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_engine_config config;
	sv_engine_config_init(&config);
	config.hardened_scan = true;
	script->engine = sv_engine_new(&config, &error);
	if (script->engine && sv_thread_enter(script->engine, &error)) {
		script->store = sv_store_new(script->engine, NULL, &error);
		script->linker = sv_linker_new(script->engine, &error);
	}
	if (script->store && script->linker && spectest_define(script, &error))
		return true;
	printf("FAIL %s: %s\n", script->name, error.text);
	return false;
}

/* Scripts in which modules without exceptions import functions of modules that throw. */
static const char *const mixed_scripts[] = {"core/imports"};

static bool script_is_mixed(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(mixed_scripts); i++) {
		if (strcmp(name, mixed_scripts[i]) == 0)
			return true;
	}
	return false;
}

void script_run(const struct plan *plan, const char *name, struct progress *progress)
{
	struct sv_compile_options options = plan->options;
	options.propagate_exceptions = script_is_mixed(name);
	struct script script = {
			.options = &options,
			.suite = plan->suite,
			.name = name,
			.skips = plan->skips,
			.progress = progress,
	};
	size_t i;
	json_t *command;
	json_t *root = script_read(&script);
	bool ready = script_init(&script) && root;
	progress->failed += !ready;
	json_array_foreach(json_object_get(root, "commands"), i, command)
	{
		if (ready)
			command_count(&script, command);
	}
	script_finish(&script);
	json_decref(root);
	progress->is_finished = true;
}
