/*
 * module.c: the modules of a script, from their file to an instance.
 */
#include "tests/spec/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

void entries_add(struct entries *entries, struct entry entry)
{
	size_t size = (entries->count + 1) * sizeof entry;
	struct entry *items = realloc(entries->items, size);
	if (!items)
		abort(); /* one failed script */
	entries->items = items;
	entries->items[entries->count++] = entry;
}

struct entry *entries_find(const struct entries *entries, const char *name)
{
	for (size_t i = entries->count; i > 0; i--) {
		struct entry *entry = &entries->items[i - 1];
		if (!name || (entry->name && strcmp(entry->name, name) == 0))
			return entry;
	}
	return NULL;
}

bool command_bytes(struct script *script, json_t *command, struct buffer *bytes)
{
	char path[512];
	struct sv_error error = SV_ERROR_INIT;
	int folder = (int)(strchr(script->name, '/') - script->name);
	snprintf(path, sizeof path, "%s/%.*s/%s", script->suite, folder, script->name,
			json_string_value(json_object_get(command, "filename")));
	if (file_read(path, bytes, &error))
		return true;
	snprintf(script->why, sizeof script->why, "read: %s", error.text);
	return false;
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
		loaded = sv_artifact_load_fd(script->engine, fd, script->name, error);
	else
		sv_fail_errno(error, "write of the artifact");
	close(fd);
	return loaded;
}

struct sv_artifact *command_compile(struct script *script, json_t *command, struct sv_error *error)
{
	struct buffer bytes = {0}, artifact = {0};
	struct sv_artifact *loaded = NULL;
	if (command_bytes(script, command, &bytes) &&
			sv_compile(buffer_view(&bytes), script->options, &artifact, error))
		loaded = module_load(script, &artifact, error);
	buffer_finish(&bytes);
	buffer_finish(&artifact);
	const char *name = json_string_value(json_object_get(command, "name"));
	if (loaded)
		entries_add(&script->definitions, (struct entry){name, loaded, NULL});
	return loaded;
}

bool module_instantiate(struct script *script, struct sv_artifact *artifact, const char *name,
		enum sv_outcome *outcome, struct sv_error *error)
{
	struct sv_instance *instance =
			sv_instance_new(script->store, artifact, script->linker, outcome, error);
	if (instance)
		entries_add(&script->modules, (struct entry){name, artifact, instance});
	return instance;
}
