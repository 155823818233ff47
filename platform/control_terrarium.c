/*
 * control_terrarium.c: the two requests of terrctl, Terrarium's client: upload, and how it is
 * going. It has no tokens: all that comes this way belongs to one tenant, has an invented name and
 * lives 15 minutes. The protocol is that of fastly/terrctl (terrctl/instance.go), the messages
 * those that it showed.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/control.h"
#include "platform/names.h"
#include "platform/state.h"

static const int64_t time_to_live = 15 * 60;

/* What terrctl prints, in this order. The last one has the address behind it. */
static const char *const messages[] = {"Upload complete, waiting for build...", "Building...",
		"Generating machine code...", "Codegen complete...", "Deploy complete: "};

enum { STEP_BUILDING = 1, STEP_GENERATING, STEP_CHECKING, STEP_READY };

/*
 * What terrctl was told of its last uploads. It asks once a second, and shows what is new: so that
 * none of the messages is missed, each is the answer to one question at least. An upload that was
 * refused has an entry too, since terrctl does not look at the answer to it.
 */
static struct {
	pthread_mutex_t lock;
	struct memory {
		char name[64];
		unsigned told; /* messages */
		char failure[400];
	} items[256];
	size_t next;
} memories = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Under the lock: that of this name, which takes the place of the oldest if there is none. */
static struct memory *memory_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(memories.items); i++) {
		if (strcmp(memories.items[i].name, name) == 0)
			return &memories.items[i];
	}
	struct memory *memory = &memories.items[memories.next++ % ARRAY_LENGTH(memories.items)];
	*memory = (struct memory){0};
	snprintf(memory->name, sizeof memory->name, "%s", name);
	return memory;
}

/* The step to tell of now: one more than before, if the build has come so far. */
static unsigned memory_step(const char *name, unsigned reached)
{
	pthread_mutex_lock(&memories.lock);
	struct memory *memory = memory_of(name);
	unsigned step = memory->told < reached ? memory->told : reached;
	memory->told = step + 1;
	pthread_mutex_unlock(&memories.lock);
	return step;
}

static void memory_fail(const char *name, const char *text)
{
	pthread_mutex_lock(&memories.lock);
	snprintf(memory_of(name)->failure, sizeof memories.items[0].failure, "%s", text);
	pthread_mutex_unlock(&memories.lock);
}

/* Why the upload with this name was refused, into `text`; false if it was not. */
static bool memory_failure(const char *name, char text[static 400])
{
	bool found = false;
	pthread_mutex_lock(&memories.lock);
	for (size_t i = 0; i < ARRAY_LENGTH(memories.items) && !found; i++) {
		const struct memory *memory = &memories.items[i];
		found = memory->failure[0] && strcmp(memory->name, name) == 0;
		if (found)
			snprintf(text, 400, "%s", memory->failure);
	}
	pthread_mutex_unlock(&memories.lock);
	return found;
}

/* An answer in terrctl's form, for what control_fail made; `name` to ask for the reason with. */
static void terrarium_failed(struct control_call *call, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(call->answer, "error"),
			"message"));
	control_answer(call,
			json_pack("{s:s, s:b, s:s}", "id", name, "success", false, "message",
					text ? text : "failed"));
}

/* The same for an upload. */
static void terrarium_refused(struct control_call *call)
{
	char name[64] = "";
	const char *text = json_string_value(json_object_get(json_object_get(call->answer, "error"),
			"message"));
	if (text && call->state->terrarium_tenant && name_invent(name, NULL))
		memory_fail(name, text);
	terrarium_failed(call, name);
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

/* {"lang": LANGUAGE, "options": null, "tar": BASE64}. */
static bool terrarium_upload(struct control_call *call, struct upload *upload)
{
	const char *language, *text;
	return control_text(call, "lang", "", &language) && control_text(call, "tar", "", &text) &&
			control_project(call, text, strlen(text), language, upload);
}

static bool terrarium_deploy(struct control_call *call, char name[static 64])
{
	struct sv_error error = SV_ERROR_INIT;
	struct version version = {.file = "module.wasm", .probe = "/"};
	struct upload upload = {0};
	bool done = terrarium_enter(call) && terrarium_upload(call, &upload);
	if (done && !name_invent(name, &error))
		done = control_fail_error(call, &error);
	json_object_clear(call->body); /* its members are no settings */
	done = done && control_commit(call, name, time(NULL) + time_to_live, &upload, &version);
	upload_finish(&upload);
	return done;
}

void control_terrarium_deploy(struct control_call *call)
{
	char name[64];
	if (!terrarium_deploy(call, name))
		terrarium_refused(call);
	else
		control_answer(call,
				json_pack("{s:s, s:b, s:s}", "id", name, "success", true, "message",
						messages[0]));
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

static unsigned version_step(const struct version *version)
{
	switch (version->state) {
	case VERSION_QUEUED:
		return 0;
	case VERSION_BUILDING:
		return strcmp(version->message, "building") == 0 ? STEP_BUILDING : STEP_GENERATING;
	case VERSION_CHECKING:
		return STEP_CHECKING;
	default:
		return STEP_READY;
	}
}

void control_terrarium_status(struct control_call *call)
{
	char text[900], url[320] = "";
	struct version version;
	if (memory_failure(call->name, text)) {
		control_fail(call, 400, "invalid", "%s", text);
		terrarium_failed(call, "");
		return;
	}
	if (!terrarium_version(call, &version)) {
		terrarium_failed(call, "");
		return;
	}
	bool has_failed = version.state == VERSION_FAILED;
	unsigned step = has_failed ? STEP_READY : memory_step(call->name, version_step(&version));
	if (step == STEP_READY)
		control_url(call->state, call->name, true, url, sizeof url);
	snprintf(text, sizeof text, "%s%s", has_failed ? version.message : messages[step],
			has_failed ? "" : url);
	control_answer(call,
			json_pack("{s:s, s:s, s:b, s:b}", "status",
					version_state_name(version.state), "message", text,
					"success", !has_failed, "done",
					!has_failed && step == STEP_READY));
}
