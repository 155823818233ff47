/*
 * deploy_encode.c: a deployment as one JSON object. The module is by far the largest part of it
 * and is encoded where it is sent from.
 */
#include "cli/deploy.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/deploy_project.h"
#include "cli/json.h"
#include "cli/limit_list.h"
#include "cli/module_open.h"
#include "cli/secret_text.h"
#include "cli/units.h"
#include "platform/signature.h"

/* Of the API. */
#define MODULE_LIMIT (64 * 1024 * 1024)

/* What the server is told that a file is, and what people call it. */
static const struct {
	const char *kind;
	const char *language;
} kinds[] = {
		[MODULE_BINARY] = {"wasm", "WebAssembly"},
		[MODULE_TEXT] = {"wat", "WebAssembly text"},
};

/* ---- the module ---- */

static bool deploy_check_file(const char *path, struct sv_error *error)
{
	struct stat status;
	if (strcmp(path, "-") == 0)
		return true;
	if (stat(path, &status) != 0)
		return sv_fail_errno(error, "cannot open %s", path);
	if (status.st_size > MODULE_LIMIT)
		return sv_fail(error, SV_ERROR_LIMIT,
				"%s: %" PRIu64 " bytes, over the limit for uploads of %d MiB", path,
				(uint64_t)status.st_size, MODULE_LIMIT / 1024 / 1024);
	return true;
}

/* What is sent: a module, or a folder as an archive. */
struct cargo {
	struct buffer content;
	const char *member, *key, *value; /* what the API calls it, and what else tells of it */
	const char *language;             /* what people call it */
	char signature[SIGNATURE_SIZE];
};

/* What `selvage sign` put beside an artifact. */
static bool deploy_read_signature(const char *path, struct cargo *cargo, struct sv_error *error)
{
	struct buffer text = {.limit = 131072}; /* file_read wants room behind the end */
	char name[4096];
	int length = snprintf(name, sizeof name, "%s.sig", path);
	if (strcmp(path, "-") == 0 || length < 0 || (size_t)length >= sizeof name ||
			access(name, F_OK) != 0)
		return sv_fail(error, SV_ERROR_USAGE,
				"%s: a compiled artifact is taken with its signature only, which "
				"`selvage sign` puts beside it as a file (.sig)",
				module_label(path));
	bool done = file_read(name, &text, error);
	size_t size = text.length;
	while (size && text.data[size - 1] == '\n')
		size--;
	if (done && (size == 0 || size >= sizeof cargo->signature || memchr(text.data, '\0', size)))
		done = sv_fail(error, SV_ERROR_INVALID,
				"%s: not a signature as `selvage sign` makes them", name);
	if (done)
		snprintf(cargo->signature, sizeof cargo->signature, "%.*s", (int)size,
				(const char *)text.data);
	buffer_finish(&text);
	return done;
}

static bool deploy_read_module(const char *path, struct cargo *cargo, struct sv_error *error)
{
	struct buffer *module = &cargo->content;
	enum module_form read, *form = &read;
	TRY(deploy_check_file(path, error));
	module->limit = MODULE_LIMIT + 128 * 1024; /* file_read wants room behind the end */
	TRY(file_read(path, module, error));
	if (module->length > MODULE_LIMIT)
		return sv_fail(error, SV_ERROR_LIMIT, "%s: over the limit for uploads of %d MiB",
				module_label(path), MODULE_LIMIT / 1024 / 1024);
	if (!module_find_form(buffer_view(module), form, error)) {
		sv_error_prefix(error, "%s", module_label(path));
		return false;
	}
	if (*form == MODULE_ARTIFACT) {
		cargo->member = "artifact";
		cargo->key = "signature";
		cargo->value = cargo->signature;
		cargo->language = "none, it is compiled";
		return deploy_read_signature(path, cargo, error);
	}
	cargo->member = "module";
	cargo->key = "kind";
	cargo->value = kinds[read].kind;
	cargo->language = kinds[read].language;
	return true;
}

static bool deploy_read(const struct deploy_options *options, const char *path, struct cargo *cargo,
		struct sv_error *error)
{
	struct stat status;
	bool is_folder = strcmp(path, "-") != 0 && stat(path, &status) == 0 &&
			S_ISDIR(status.st_mode);
	if (!is_folder && strcmp(options->language, "auto") != 0)
		return sv_fail(error, SV_ERROR_USAGE, "--language is for folders: %s is none",
				module_label(path));
	if (!is_folder)
		return deploy_read_module(path, cargo, error);
	cargo->member = "archive";
	cargo->key = "language";
	TRY(project_pack(path, options->language, &cargo->content, &cargo->value, error));
	cargo->language = cargo->value;
	return true;
}

/* ---- what goes with it ---- */

/* KEY=@FILE, or KEY for standard input. A value in the arguments would be in the process list. */
static bool deploy_add_secret(json_t *secrets, const char *text, bool *stdin_is_used,
		struct sv_error *error)
{
	char key[300];
	const char *equals = strchr(text, '=');
	const char *file = equals ? equals + 2 : "-";
	snprintf(key, sizeof key, "%.*s", equals ? (int)(equals - text) : 290, text);
	TRY(client_check_key(key, error));
	if (equals && equals[1] != '@')
		return sv_fail(error, SV_ERROR_USAGE,
				"--secret %s: others can read command lines: give the value in a "
				"file (%s=@FILE) or on standard input (%s alone)",
				key, key, key);
	if (strcmp(file, "-") == 0) {
		if (*stdin_is_used)
			return sv_fail(error, SV_ERROR_USAGE,
					"--secret %s: standard input is taken already: use "
					"%s=@FILE",
					key, key);
		*stdin_is_used = true;
	}
	char *value = secret_text_read(file, key, error);
	if (!value)
		return false;
	bool done = client_add(secrets, key, json_string(value), error);
	secret_text_free(value);
	return done;
}

static bool deploy_add_lists(const struct deploy_options *options, json_t *env, json_t *secrets,
		bool stdin_is_used, struct sv_error *error)
{
	for (size_t i = 0; i < options->envs.count; i++)
		TRY(client_add_variable(env, options->envs.items[i], "--env", error));
	for (size_t i = 0; i < options->secrets.count; i++)
		TRY(deploy_add_secret(secrets, options->secrets.items[i], &stdin_is_used, error));
	return true;
}

static bool deploy_add_limits(const struct deploy_options *options, json_t *body,
		struct sv_error *error)
{
	json_t *limits = json_object();
	TRY(client_add(body, "limits", limits, error)); /* which owns it from now on */
	for (size_t i = 0; i < options->limits.count; i++)
		TRY(limit_add(limits, options->limits.items[i], error));
	return true;
}

/* Everything but the module or archive. */
static json_t *deploy_describe(const struct deploy_options *options, const char *path,
		const struct cargo *cargo, struct sv_error *error)
{
	json_t *env = json_object(), *secrets = json_object();
	const char *file = module_base_name(path);
	bool is_stdin = strcmp(path, "-") == 0;
	json_t *body = json_pack("{ss so sO sO}", cargo->key, cargo->value, "file",
			is_stdin ? json_string("module") : json_text(file, strlen(file)), "env",
			env, "secrets", secrets);
	bool done = body && deploy_add_lists(options, env, secrets, is_stdin, error);
	if (done && options->limits.count)
		done = deploy_add_limits(options, body, error);
	if (done && options->ttl)
		done = client_add(body, "ttl",
				json_integer((json_int_t)(options->ttl / 1000000000)), error);
	if (done && options->check)
		done = client_add(body, "check", json_string(options->check), error);
	json_decref(env);
	json_decref(secrets);
	if (done)
		return body;
	sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	json_decref(body);
	return NULL;
}

/* ---- both in one ---- */

/* Base64 needs no escapes: {"module":"..." and then the other object without its brace. */
static bool deploy_write(const struct cargo *cargo, const char *rest, struct buffer *body,
		struct sv_error *error)
{
	struct sv_bytes module = buffer_view(&cargo->content);
	/* Room for all at once: what is moved leaves a copy of secrets behind. */
	TRY(buffer_reserve(body, module.length / 3 * 4 + strlen(rest) + 64, error));
	TRY(buffer_printf(body, error, "{\"%s\":\"", cargo->member));
	body->length += (size_t)EVP_EncodeBlock(body->data + body->length, module.data,
			(int)module.length);
	TRY(buffer_append(body, "\",", 2, error));
	return buffer_append(body, rest + 1, strlen(rest + 1), error);
}

static bool deploy_check_options(const struct deploy_options *options, struct sv_error *error)
{
	if (strcmp(options->name, "-") != 0)
		TRY(client_check_name(options->name, error));
	if (options->ttl % 1000000000)
		return sv_fail(error, SV_ERROR_USAGE, "--ttl takes whole seconds, such as 15m");
	if (options->check && options->check[0] != '/')
		return sv_fail(error, SV_ERROR_USAGE,
				"--check takes a path that begins with '/', not \"%.80s\"",
				options->check);
	return true;
}

bool deploy_encode(const struct deploy_options *options, const char *path, struct buffer *body,
		struct sv_error *error)
{
	struct cargo cargo = {0};
	json_t *description = NULL;
	char *rest = NULL, size[24];
	bool done = false;
	TRY(deploy_check_options(options, error));
	if (!deploy_read(options, path, &cargo, error))
		goto finish_cargo;
	size_text(cargo.content.length, size, sizeof size);
	deploy_say("Preparing upload of %s%s (%s)", cargo.member[0] == 'a' ? "directory " : "",
			module_label(path), size);
	deploy_say("Guessed programming language: %s", cargo.language);
	description = deploy_describe(options, path, &cargo, error);
	if (!description)
		goto finish_cargo;
	rest = json_dumps(description, JSON_COMPACT);
	done = rest ? deploy_write(&cargo, rest, body, error)
		    : sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	secret_text_free(rest);
	json_decref(description);
finish_cargo:
	buffer_finish(&cargo.content);
	return done;
}
