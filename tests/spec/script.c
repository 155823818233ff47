/*
 * script.c: the commands of a script, one handler each, from a table.
 */
#include "tests/spec/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

static const char *command_text(json_t *command, const char *key)
{
	return json_string_value(json_object_get(command, key));
}

static bool script_fail(struct script *script, const char *what, const struct sv_error *error)
{
	snprintf(script->why, sizeof script->why, "%s: %s", what, error->text);
	return false;
}

static bool module_bytes(struct script *script, json_t *command, struct buffer *bytes)
{
	char path[512];
	struct sv_error error = SV_ERROR_INIT;
	snprintf(path, sizeof path, "%s/%s", script->folder, command_text(command, "filename"));
	return file_read(path, bytes, &error) || script_fail(script, "read", &error);
}

/* Through memory that is a file, as any artifact comes from a file. */
static struct sv_artifact *module_load(struct script *script, const struct buffer *artifact,
		struct sv_error *error)
{
	int fd = memfd_create("spec", MFD_CLOEXEC);
	struct sv_artifact *loaded = NULL;
	if (fd < 0) {
		sv_fail_errno(error, "memfd_create");
		return NULL;
	}
	size_t done = 0;
	while (done < artifact->length) {
		ssize_t n = write(fd, artifact->data + done, artifact->length - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (done == artifact->length)
		loaded = sv_artifact_load_fd(script->engine, fd, script->file, error);
	close(fd);
	return loaded;
}

static struct sv_artifact *module_compile(struct script *script, json_t *command,
		struct sv_error *error)
{
	struct buffer bytes = {0}, artifact = {0};
	struct sv_artifact *loaded = NULL;
	if (module_bytes(script, command, &bytes) &&
			sv_compile(buffer_view(&bytes), script->options, &artifact, error))
		loaded = module_load(script, &artifact, error);
	buffer_finish(&bytes);
	buffer_finish(&artifact);
	return loaded;
}

/* Instantiate and remember; the entry stays even if it fails, for its code may be referred to. */
static bool module_instantiate(struct script *script, struct sv_artifact *artifact,
		const char *name, enum sv_outcome *outcome, struct sv_error *error)
{
	struct sv_instance *instance =
			sv_instance_new(script->store, artifact, script->linker, outcome, error);
	if (script->entry_count == MAX_MODULES)
		return sv_fail(error, SV_ERROR_LIMIT, "too many modules in the script");
	struct entry *entry = &script->entries[script->entry_count];
	*entry = (struct entry){name, artifact, instance};
	if (instance) {
		script->entry_count++;
		return true;
	}
	/* Keep its artifact at the front, where it is never the last module. */
	memmove(script->entries + 1, script->entries, script->entry_count * sizeof *entry);
	script->entries[0] = (struct entry){NULL, artifact, NULL};
	script->entry_count++;
	return false;
}

static bool run_module(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_artifact *artifact = module_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	return module_instantiate(script, artifact, command_text(command, "name"), NULL, &error) ||
			script_fail(script, "instantiate", &error);
}

static bool run_module_definition(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_artifact *artifact = module_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	struct entry *entry = &script->definitions[script->definition_count++ % MAX_MODULES];
	*entry = (struct entry){command_text(command, "name"), artifact, NULL};
	return true;
}

static bool run_module_instance(struct script *script, json_t *command)
{
	const char *name = command_text(command, "module");
	struct sv_error error = SV_ERROR_INIT;
	for (unsigned i = script->definition_count; i > 0; i--) {
		struct entry *entry = &script->definitions[i - 1];
		if (name && (!entry->name || strcmp(entry->name, name) != 0))
			continue;
		return module_instantiate(script, entry->artifact,
				       command_text(command, "instance"), NULL, &error) ||
				script_fail(script, "instantiate", &error);
	}
	return script_fail(script, "no such definition", &error);
}

static bool run_register(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct entry *entry = script_find(script, command_text(command, "name"));
	return entry && entry->instance &&
			sv_linker_define_instance(script->linker, command_text(command, "as"),
					entry->instance, &error);
}

static bool run_action(struct script *script, json_t *command)
{
	struct action_result result;
	TRY(action_run(script, json_object_get(command, "action"), &result));
	snprintf(script->why, sizeof script->why, "did not return");
	return result.outcome == SV_RETURNED;
}

static bool run_assert_return(struct script *script, json_t *command)
{
	struct action_result result;
	json_t *expected = json_object_get(command, "expected");
	TRY(action_run(script, json_object_get(command, "action"), &result));
	if (result.outcome != SV_RETURNED) {
		const struct sv_trap_info *trap = sv_store_trap(script->store);
		snprintf(script->why, sizeof script->why, "trap: %s", trap ? trap->text : "?");
		return false;
	}
	snprintf(script->why, sizeof script->why, "wrong number of results");
	TRY(strlen(result.letters) == json_array_size(expected));
	for (size_t i = 0; result.letters[i]; i++) {
		if (value_matches(json_array_get(expected, i), result.letters[i],
				    &result.values[i]))
			continue;
		char have[64];
		char *want = json_dumps(json_array_get(expected, i), JSON_COMPACT);
		value_print(result.letters[i], &result.values[i], have, sizeof have);
		snprintf(script->why, sizeof script->why, "got %s, wanted %s", have, want);
		free(want);
		return false;
	}
	return true;
}

/* Texts agree if one begins with the other: engines say more or less. */
static bool text_agrees(const char *have, const char *wanted)
{
	size_t least = strlen(have) < strlen(wanted) ? strlen(have) : strlen(wanted);
	return least > 0 && strncmp(have, wanted, least) == 0;
}

static bool run_assert_trap(struct script *script, json_t *command)
{
	struct action_result result;
	TRY(action_run(script, json_object_get(command, "action"), &result));
	const struct sv_trap_info *trap = sv_store_trap(script->store);
	const char *have =
			result.outcome == SV_TRAPPED && trap ? sv_trap_text(trap->kind) : "no trap";
	const char *wanted = command_text(command, "text");
	snprintf(script->why, sizeof script->why, "got %s, wanted %s", have, wanted);
	return text_agrees(have, wanted);
}

static bool run_assert_invalid(struct script *script, json_t *command)
{
	struct buffer bytes = {0};
	struct sv_error error = SV_ERROR_INIT;
	TRY(module_bytes(script, command, &bytes));
	bool valid = sv_validate(buffer_view(&bytes), script->options, &error);
	buffer_finish(&bytes);
	/* Invalid in terms of a feature that is not there: nothing is learnt about the rule. */
	script->is_unsupported = error.code == SV_ERROR_UNSUPPORTED;
	snprintf(script->why, sizeof script->why, "%s, wanted %s", valid ? "accepted" : error.text,
			command_text(command, "text"));
	return !valid &&
			(error.code == SV_ERROR_MALFORMED || error.code == SV_ERROR_INVALID ||
					error.code == SV_ERROR_LIMIT);
}

static bool run_assert_unlinkable(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_artifact *artifact = module_compile(script, command, &error);
	if (!artifact)
		return script_fail(script, "compile", &error);
	snprintf(script->why, sizeof script->why, "linked");
	TRY(!module_instantiate(script, artifact, NULL, NULL, &error));
	snprintf(script->why, sizeof script->why, "wrong error: %s", error.text);
	return error.code == SV_ERROR_LINK;
}

static bool run_assert_uninstantiable(struct script *script, json_t *command)
{
	struct sv_error error = SV_ERROR_INIT;
	enum sv_outcome outcome = SV_RETURNED;
	struct sv_artifact *artifact = module_compile(script, command, &error);
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
		{"assert_invalid", run_assert_invalid},
		{"assert_malformed", run_assert_invalid},
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
	long line = (long)json_integer_value(json_object_get(command, "line"));
	const char *type = command_text(command, "type");
	const char *form = command_text(command, "module_type");
	snprintf(place, sizeof place, "%s:%ld", script->file, line);
	if (form && strcmp(form, "text") == 0) {
		script->counts.skipped++;
		return;
	}
	const char *reason = json_string_value(json_object_get(script->skips, place));
	script->why[0] = '\0';
	script->is_unsupported = false;
	bool passed = command_run(script, command);
	if (!passed && script->is_unsupported && !reason)
		reason = script->why;
	if (reason && !passed) {
		printf("SKIP %s %s: %s\n", place, type, reason);
		script->counts.skipped++;
		return;
	}
	script->counts.passed += passed && !reason;
	script->counts.failed += !passed || reason;
	if (!passed || reason)
		printf("FAIL %s %s: %s\n", place, type,
				reason ? "a listed skip passes" : script->why);
}

static void script_finish(struct script *script)
{
	sv_store_free(script->store);
	sv_linker_free(script->linker);
	for (unsigned i = 0; i < script->definition_count; i++) {
		for (unsigned k = 0; k < script->entry_count; k++) {
			if (script->entries[k].artifact == script->definitions[i].artifact)
				script->entries[k].artifact = NULL;
		}
		sv_artifact_free(script->definitions[i].artifact);
	}
	for (unsigned i = 0; i < script->entry_count; i++)
		sv_artifact_free(script->entries[i].artifact);
}

bool script_run(struct script *script)
{
	char path[512];
	json_error_t where;
	struct sv_error error = SV_ERROR_INIT;
	snprintf(path, sizeof path, "%s/%s.json", script->folder, script->file);
	json_t *root = json_load_file(path, JSON_ALLOW_NUL, &where);
	if (!root) {
		printf("FAIL %s: %s\n", path, where.text);
		script->counts.failed++;
		return false;
	}
	script->store = sv_store_new(script->engine, NULL, &error);
	script->linker = sv_linker_new(script->engine, &error);
	bool ready = script->store && script->linker && spectest_define(script, &error);
	if (!ready) {
		printf("FAIL %s: %s\n", script->file, error.text);
		script->counts.failed++;
	}
	size_t i;
	json_t *command;
	json_array_foreach(json_object_get(root, "commands"), i, command)
	{
		if (ready)
			command_count(script, command);
	}
	script_finish(script);
	json_decref(root);
	return ready;
}
