/*
 * control_terrarium.c: the two requests of terrctl, Terrarium's client: upload, and how it is
 * going. It has no tokens: all that comes this way belongs to one tenant, has an invented name and
 * lives 15 minutes. The protocol is that of fastly/terrctl (terrctl/deploy.go), the messages those
 * that it showed.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/base64.h"
#include "platform/control.h"
#include "platform/names.h"
#include "platform/state.h"
#include "platform/unpack.h"

static const int64_t time_to_live = 15 * 60;

/* What terrctl prints, by state. READY's has the address behind it. */
static const char *const messages[] = {
		[VERSION_QUEUED] = "Upload complete, waiting for build...",
		[VERSION_BUILDING] = "Generating machine code...",
		[VERSION_CHECKING] = "Codegen complete...",
		[VERSION_READY] = "Deploy complete: ",
};

/* An answer in terrctl's form, for what control_fail made. */
static void terrarium_failed(struct control_call *call)
{
	const char *text = json_string_value(json_object_get(json_object_get(call->answer, "error"),
			"message"));
	control_answer(call,
			json_pack("{s:s, s:b, s:s}", "id", "", "success", false, "message",
					text ? text : "failed"));
}

/* On this server at all? Then who asks is the tenant for all. */
static bool terrarium_enter(struct control_call *call)
{
	if (!call->state->terrarium_tenant)
		return control_fail(call, 404, "not_found",
				"this server takes nothing without a token (see up --terrarium)");
	call->account = (struct account){
			.tenant = call->state->terrarium_tenant, .role = ROLE_DEPLOY};
	snprintf(call->account.tenant_name, sizeof call->account.tenant_name, "terrarium");
	return true;
}

/* {"lang": "wasm", "options": null, "tar": BASE64}, the module in the archive as module.wasm. */
static bool terrarium_module(struct control_call *call, struct buffer *module)
{
	struct sv_error error = SV_ERROR_INIT;
	struct buffer archive = {0};
	const char *language, *text;
	if (!control_text(call, "lang", "", &language) || !control_text(call, "tar", "", &text))
		return false;
	if (strcmp(language, "wasm") != 0)
		return control_fail(call, 400, "unsupported",
				"this server builds no sources yet: the language must be wasm, not "
				"\"%.32s\"",
				language);
	bool done = base64_decode(text, strlen(text), &archive, &error) &&
			unpack_run(buffer_view(&archive), module, &error);
	buffer_finish(&archive);
	return done || control_fail_error(call, &error);
}

static bool terrarium_deploy(struct control_call *call, char name[static 64])
{
	struct sv_error error = SV_ERROR_INIT;
	struct version version = {.file = "module.wasm", .probe = "/"};
	struct buffer module = {.limit = CONTROL_MODULE_MOST};
	bool done = terrarium_enter(call) && terrarium_module(call, &module);
	if (done && !name_invent(name, &error))
		done = control_fail_error(call, &error);
	json_object_clear(call->body); /* its members are no settings */
	done = done && control_commit(call, name, time(NULL) + time_to_live, buffer_view(&module),
				       &version);
	buffer_finish(&module);
	return done;
}

void control_terrarium_deploy(struct control_call *call)
{
	char name[64];
	if (!terrarium_deploy(call, name))
		terrarium_failed(call);
	else
		control_answer(call,
				json_pack("{s:s, s:b, s:s}", "id", name, "success", true, "message",
						messages[VERSION_QUEUED]));
}

static bool terrarium_version(struct control_call *call, struct version *version)
{
	struct sv_error error = SV_ERROR_INIT;
	struct deployment deployment;
	bool found;
	if (!terrarium_enter(call) || !control_deployment(call, &deployment))
		return false;
	pthread_mutex_lock(&call->state->change);
	bool done = version_find(call->state->db, deployment.id, 1, version, &found, &error);
	pthread_mutex_unlock(&call->state->change);
	return done ? found || control_fail(call, 404, "not_found", "it is not there any more")
		    : control_fail_error(call, &error);
}

void control_terrarium_status(struct control_call *call)
{
	char text[900], url[320] = "";
	struct version version;
	if (!terrarium_version(call, &version)) {
		terrarium_failed(call);
		return;
	}
	bool has_failed = version.state == VERSION_FAILED;
	if (version.state == VERSION_READY)
		control_url(call->state, call->name, true, url, sizeof url);
	snprintf(text, sizeof text, "%s%s", has_failed ? version.message : messages[version.state],
			url);
	control_answer(call,
			json_pack("{s:s, s:s, s:b, s:b}", "status",
					version_state_name(version.state), "message", text,
					"success", !has_failed, "done",
					version.state == VERSION_READY));
}
