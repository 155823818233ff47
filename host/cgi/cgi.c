/*
 * cgi.c: a WASI program as a CGI program (RFC 3875): the request in environment and standard input,
 * the answer on standard output, a log on standard error. It is a command, or a reactor with a
 * handler, whose initialiser may have run in a snapshot.
 */
#include "host/cgi/cgi.h"

#include <stdlib.h>
#include <string.h>

#include "host/assemblyscript/assemblyscript.h"
#include "host/intake.h"
#include "host/lines.h"
#include "host/wasi/wasi.h"
#include "runtime/selvage_serve.h"

/* Of one guest at a time; all is reused from request to request. */
struct cgi_state {
	struct wasi *wasi;   /* owned; NULL before the first request */
	const char *args[1]; /* the program's name */
	struct cgi_environment environment;
	struct host_lines lines;
	struct cgi_output output;
};

static const char command[] = "_start", initialiser[] = "_initialize", handler[] = "handle";

/* What it imports is not asked here: the linker names what is missing. */
static bool cgi_detect(const struct sv_artifact *artifact)
{
	return sv_artifact_has_export(artifact, command, SV_EXTERN_FUNCTION) ||
			sv_artifact_has_export(artifact, handler, SV_EXTERN_FUNCTION);
}

/* Whether a function is [] -> [], if it is there. */
static bool cgi_check(const struct sv_artifact *artifact, const char *name, struct sv_error *error)
{
	char signature[64];
	if (!sv_artifact_export_signature(artifact, name, signature, sizeof signature) ||
			strcmp(signature, ":") == 0)
		return true;
	return sv_fail(error, SV_ERROR_LINK,
			"the function \"%s\" has parameters or results (%s), which no WASI program "
			"that is served may have there",
			name, signature);
}

/* Missing imports are named by sv_linker_check. */
static bool cgi_examine(const struct sv_artifact *artifact, struct sv_error *error)
{
	if (sv_artifact_has_export(artifact, command, SV_EXTERN_FUNCTION))
		return cgi_check(artifact, command, error);
	return cgi_check(artifact, handler, error) && cgi_check(artifact, initialiser, error);
}

/* What is to be called: the command, or the handler behind the initialiser. */
static const char *cgi_entry(struct host_call *call)
{
	const struct sv_artifact *artifact = call->guest->artifact;
	if (sv_artifact_has_export(artifact, command, SV_EXTERN_FUNCTION))
		return command;
	if (!sv_artifact_has_export(artifact, initialiser, SV_EXTERN_FUNCTION))
		return handler;
	call->then = handler;
	return initialiser;
}

static bool cgi_bind(struct sv_linker *linker, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	TRY(assemblyscript_bind(linker, error));
	return wasi_bind(linker, artifact, error);
}

static void *cgi_state_new(const struct host_guest *guest, void *service, struct sv_error *error)
{
	(void)service;
	struct cgi_state *state = calloc(1, sizeof *state);
	if (!state) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the state of a worker");
		return NULL;
	}
	state->args[0] = guest->name;
	return state;
}

static void cgi_state_free(void *data)
{
	struct cgi_state *state = data;
	if (!state)
		return;
	wasi_free(state->wasi);
	cgi_environment_finish(&state->environment);
	free(state);
}

static bool cgi_take_log(void *data, const void *bytes, size_t length)
{
	host_lines_write(data, bytes, length);
	return true;
}

static void cgi_sleep(void *user, uint64_t until)
{
	struct host_call *call = user;
	struct cgi_state *state = call->state;
	cgi_output_flush(&state->output);
	call->wake = until;
	call->calls_again = true;
}

/* The body of a request whose guest has begun before it. */
static enum wasi_given cgi_give(void *data, uint8_t *to, size_t room, size_t *count)
{
	static const enum wasi_given given[] = {
			[HOST_INTAKE_LATER] = WASI_GIVEN_LATER,
			[HOST_INTAKE_READY] = WASI_GIVEN,
			[HOST_INTAKE_END] = WASI_GIVEN_END,
			[HOST_INTAKE_BROKEN] = WASI_GIVEN_BROKEN,
	};
	return given[room ? host_intake_read(data, to, room, count)
			  : host_intake_readable(data, count)];
}

static struct wasi_stream cgi_input(const struct host_request *request)
{
	if (!request->intake)
		return (struct wasi_stream){.kind = WASI_STREAM_INPUT, .input = request->body};
	return (struct wasi_stream){
			.kind = WASI_STREAM_SOURCE, .source = {cgi_give, request->intake}};
}

static bool cgi_open(struct host_call *call, struct cgi_state *state, struct sv_error *error)
{
	const struct host_guest *guest = call->guest;
	struct wasi_config config = {
			.args = state->args,
			.arg_count = 1,
			.env = state->environment.variables,
			.env_count = state->environment.count,
			.preopens = guest->preopens,
			.preopen_count = guest->preopen_count,
			.user = call,
			.sleep = cgi_sleep,
	};
	config.streams[0] = cgi_input(call->request);
	state->output = (struct cgi_output){.call = call};
	config.streams[1].kind = WASI_STREAM_PIPE;
	config.streams[1].pipe.function = cgi_output_take;
	config.streams[1].pipe.data = &state->output;
	config.streams[2].kind = WASI_STREAM_SINK;
	config.streams[2].sink.function = cgi_take_log;
	config.streams[2].sink.data = &state->lines;
	if (state->wasi)
		return wasi_reset(state->wasi, &config, error);
	state->wasi = wasi_new(&config, error);
	return state->wasi != NULL;
}

/* Close the guest's files now rather than when the next request comes. */
static void cgi_close(struct cgi_state *state)
{
	const struct wasi_config nothing = {0};
	if (!wasi_reset(state->wasi, &nothing, NULL)) {
		wasi_free(state->wasi);
		state->wasi = NULL;
	}
}

/* The client sent a path that no program could be given. */
static void cgi_refuse(const struct host_call *call, const char *text)
{
	struct host_response *response = call->response;
	response->status = 400;
	if (!host_response_add(response, host_text("Content-Type"),
			    host_text("text/plain; charset=utf-8"), NULL) ||
			!buffer_append(&response->body, text, strlen(text), NULL) ||
			!buffer_append(&response->body, "\n", 1, NULL))
		host_outcome_set(call->outcome, HOST_FAILED, "no memory for an answer");
}

/* What the guest has written, as a response. */
static void cgi_answer(const struct host_call *call, bool has_ended_well)
{
	struct cgi_state *state = call->state;
	struct sv_error error = SV_ERROR_INIT;
	if (state->output.is_streamed) {
		if (has_ended_well)
			cgi_output_end(&state->output);
		return;
	}
	if (wasi_output_limit_hit(state->wasi) && call->outcome->ending != HOST_TIMED_OUT) {
		*call->outcome = (struct host_outcome){0};
		host_outcome_set(call->outcome, HOST_TOO_LARGE, "output of more than %zu bytes",
				call->response->body.limit);
		return;
	}
	if (!has_ended_well)
		return;
	bool is_head = host_name_equal(call->request->method, host_text("HEAD"));
	if (!cgi_reply_read(call->response, is_head, true, &error))
		host_outcome_set(call->outcome,
				error.code == SV_ERROR_LIMIT ? HOST_TOO_LARGE : HOST_INVALID,
				"no valid CGI response: %s", error.text);
}

static const char *cgi_begin(struct host_call *call)
{
	struct cgi_state *state = call->state;
	struct sv_error error = SV_ERROR_INIT;
	enum cgi_built built = cgi_environment_build(&state->environment, call->guest,
			call->request, &error);
	if (built == CGI_BAD_PATH) {
		cgi_refuse(call, error.text);
		return NULL;
	}
	host_lines_init(&state->lines, call);
	if (built != CGI_BUILT || !cgi_open(call, state, &error)) {
		host_outcome_set(call->outcome, HOST_FAILED, "%s", error.text);
		return NULL;
	}
	sv_store_set_data(call->store, state->wasi);
	return cgi_entry(call);
}

static void cgi_end(struct host_call *call, bool has_ended_well)
{
	struct cgi_state *state = call->state;
	cgi_answer(call, has_ended_well);
	sv_store_set_data(call->store, NULL);
	host_lines_flush(&state->lines);
	cgi_close(state);
}

const struct host_abi cgi_abi = {
		.name = "WASI program (CGI)",
		.detect = cgi_detect,
		.examine = cgi_examine,
		.bind = cgi_bind,
		.state_new = cgi_state_new,
		.state_free = cgi_state_free,
		.begin = cgi_begin,
		.end = cgi_end,
};
