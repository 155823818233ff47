/*
 * control.c: see control.h.
 */
#include "platform/control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/audit.h"
#include "platform/background.h"
#include "platform/state.h"
#include "server/http1_write.h"
#include "server/loop.h"

struct control_row {
	const char *method, *path;
	enum role role;
	void (*function)(struct control_call *call);
	bool changes;
	uint64_t body_most;
};

static const struct control_row rows[] = {
#define CONTROL(method, path, role, function, changes, body_most) \
	{method, path, ROLE_##role, control_##function, changes, body_most},
#include "platform/control.def"
#undef CONTROL
};

/* A desk: the request it is at. */
struct control_desk {
	struct control_call call;
	const struct control_row *row;
	struct exchange *exchange;
};

/* How often a call that waits looks again. */
static const uint64_t wait_step = UINT64_C(100000000);

/* ---- answers ---- */

bool control_fail(struct control_call *call, int status, const char *code, const char *format, ...)
{
	char text[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	call->status = status;
	json_decref(call->answer);
	call->answer = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message", text);
	if (!call->answer) /* a message that is not UTF-8 */
		call->answer = json_pack("{s:{s:s, s:s}}", "error", "code", code, "message",
				"bad request");
	return false;
}

bool control_fail_error(struct control_call *call, const struct sv_error *error)
{
	switch (error->code) {
	case SV_ERROR_USAGE:
	case SV_ERROR_INVALID:
	case SV_ERROR_MALFORMED:
	case SV_ERROR_LIMIT:
		return control_fail(call, 400, sv_error_code_name(error->code), "%s", error->text);
	case SV_ERROR_TRAP:
	case SV_ERROR_LINK:
	case SV_ERROR_UNSUPPORTED:
	case SV_ERROR_OVERTAKEN:
		return control_fail(call, 409, sv_error_code_name(error->code), "%s", error->text);
	default:
		return control_fail(call, 500, sv_error_code_name(error->code), "%s", error->text);
	}
}

bool control_answer(struct control_call *call, json_t *answer)
{
	if (!answer)
		return control_fail(call, 500, "no-memory", "no memory for the answer");
	json_decref(call->answer);
	call->answer = answer;
	return true;
}

bool control_quota(struct control_call *call, enum quota which, int64_t tenant, uint64_t adding)
{
	struct sv_error error = SV_ERROR_INIT;
	int status;
	if (quota_check(call->state->db, &call->state->quotas, which, tenant, adding, &status,
			    &error))
		return true;
	return status ? control_fail(call, status, "quota", "%s", error.text)
		      : control_fail_error(call, &error);
}

json_t *control_time(int64_t seconds)
{
	char text[32];
	struct tm parts;
	time_t when = (time_t)seconds;
	if (!seconds || !gmtime_r(&when, &parts))
		return json_null();
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	return json_string(text);
}

void control_url(const struct platform_state *state, const char *name, bool is_https, char *url,
		size_t size)
{
	unsigned port = is_https ? state->https_port : state->http_port;
	unsigned usual = is_https ? 443 : 80;
	const char *scheme = is_https ? "https" : "http";
	if (!port)
		snprintf(url, size, "%s", "");
	else if (port == usual)
		snprintf(url, size, "%s://%s.%s/", scheme, name, state->domain);
	else
		snprintf(url, size, "%s://%s.%s:%u/", scheme, name, state->domain, port);
}

/* ---- what a request holds ---- */

bool control_deployment_now(struct control_call *call, struct deployment *deployment)
{
	struct sv_error error = SV_ERROR_INIT;
	bool found;
	if (!deployment_find(call->state->db, call->account.tenant, call->name, deployment, &found,
			    &error))
		return control_fail_error(call, &error);
	return found ||
			control_fail(call, 404, "not_found", "there is no deployment \"%s\"",
					call->name);
}

bool control_deployment(struct control_call *call, struct deployment *deployment)
{
	/* Behind a change that is under way: who is told what is current must find it served. */
	pthread_mutex_lock(&call->state->change);
	bool found = control_deployment_now(call, deployment);
	pthread_mutex_unlock(&call->state->change);
	return found;
}

bool control_id(struct control_call *call, enum id_kind kind, const char *what)
{
	return id_read(&call->state->key, kind, call->name, &call->id) ||
			control_fail(call, 404, "not_found", "there is no %s %s", what, call->name);
}

bool is_operator(const struct control_call *call)
{
	return call->account.role == ROLE_ADMIN && is_of_operator(call);
}

bool is_of_operator(const struct control_call *call)
{
	return strcmp(call->account.tenant_name, "default") == 0;
}

bool control_text(struct control_call *call, const char *member, const char *missing,
		const char **text)
{
	json_t *value = json_object_get(call->body, member);
	*text = missing;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return control_fail(call, 400, "usage", "\"%s\" is not a text", member);
	*text = json_string_value(value);
	return true;
}

bool control_number(struct control_call *call, const char *member, int64_t missing, int64_t least,
		int64_t most, int64_t *number)
{
	json_t *value = json_object_get(call->body, member);
	*number = missing;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < least ||
			json_integer_value(value) > most)
		return control_fail(call, 400, "usage",
				"\"%s\" is not a number from %" PRId64 " to %" PRId64, member,
				least, most);
	*number = json_integer_value(value);
	return true;
}

int64_t control_query(const struct control_call *call, const char *name, int64_t missing)
{
	char text[512], *rest = text, *item;
	struct sv_bytes query = call->request->query;
	if (query.length >= sizeof text)
		return missing;
	snprintf(text, sizeof text, "%.*s", (int)query.length, (const char *)query.data);
	while ((item = strsep(&rest, "&"))) {
		size_t length = strlen(name);
		if (strncmp(item, name, length) == 0 && item[length] == '=') {
			char *end;
			long long value = strtoll(item + length + 1, &end, 10);
			return *end || end == item + length + 1 || value < 0 ? missing : value;
		}
	}
	return missing;
}

/* ---- finding the row ---- */

/* Take a segment of the path into the call; false if it is none of that kind. */
static bool segment_take(struct control_call *call, const char *pattern, size_t pattern_length,
		const char *segment, size_t length)
{
	if (pattern[0] != '{')
		return pattern_length == length && memcmp(pattern, segment, length) == 0;
	if (length < 1 || length >= sizeof call->name)
		return false;
	snprintf(call->name, sizeof call->name, "%.*s", (int)length, segment);
	return true;
}

static bool path_matches(struct control_call *call, const char *pattern, struct sv_bytes path)
{
	const char *at = (const char *)path.data, *end = at + path.length;
	while (*pattern == '/' && at < end && *at == '/') {
		pattern++;
		at++;
		size_t pattern_length = strcspn(pattern, "/"), length = 0;
		while (at + length < end && at[length] != '/')
			length++;
		if (!segment_take(call, pattern, pattern_length, at, length))
			return false;
		pattern += pattern_length;
		at += length;
	}
	return !*pattern && at == end;
}

static const struct control_row *control_find(struct control_call *call)
{
	bool has_path = false;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		call->name[0] = '\0';
		call->id = 0;
		if (!path_matches(call, rows[i].path, call->request->path))
			continue;
		has_path = true;
		struct sv_bytes method = call->request->method;
		if (method.length == strlen(rows[i].method) &&
				memcmp(method.data, rows[i].method, method.length) == 0)
			return &rows[i];
	}
	if (has_path)
		control_fail(call, 405, "method", "this method is not for this path");
	else
		control_fail(call, 404, "not_found", "there is no such path");
	return NULL;
}

/* ---- who asks, with what ---- */

/* Whose token the request has; `found` false if it has none that is valid. */
static bool request_account(struct platform_state *state, const struct host_request *request,
		struct account *account, bool *found, struct sv_error *error)
{
	static const char scheme[] = "Bearer ";
	const size_t length = sizeof scheme - 1;
	const struct host_header *header = host_request_header(request, "authorization");
	*found = false;
	if (!header || header->value.length <= length ||
			strncasecmp((const char *)header->value.data, scheme, length) != 0)
		return true;
	struct sv_bytes token = {header->value.data + length, header->value.length - length};
	return accounts_find(state->db, token, account, found, error);
}

/* Bodies up to this are read from anyone, so that the answer can be JSON as all others are. */
static const uint64_t small_body = 65536;

/* The length that a request announces; UINT64_MAX if it comes in chunks. */
static uint64_t request_length(const struct host_request *request)
{
	char text[24];
	const struct host_header *length = host_request_header(request, "content-length");
	if (!length || length->value.length >= sizeof text)
		return UINT64_MAX;
	snprintf(text, sizeof text, "%.*s", (int)length->value.length,
			(const char *)length->value.data);
	return strtoull(text, NULL, 10);
}

/* A large body is read for rows that take one, from who may use them. */
static int control_admit(void *data, const struct host_request *request, const char **reason)
{
	struct sv_error error = SV_ERROR_INIT;
	struct control_call call = {.state = data, .request = request};
	uint64_t length = request_length(request);
	bool found;
	if (length <= small_body)
		return 0;
	const struct control_row *row = control_find(&call);
	json_decref(call.answer);
	*reason = "a body of this size is not for this path";
	if (!row || row->body_most < small_body ||
			(length != UINT64_MAX && length > row->body_most))
		return 413;
	*reason = "a valid token of the right role is needed";
	if (row->role == ROLE_NONE)
		return call.state->terrarium_tenant ? 0 : 401;
	if (!request_account(call.state, request, &call.account, &found, &error))
		return 503;
	return found && call.account.role >= row->role ? 0 : 401;
}

static bool control_authenticate(struct control_call *call, enum role least)
{
	struct sv_error error = SV_ERROR_INIT;
	bool found;
	if (least == ROLE_NONE)
		return true;
	if (!request_account(call->state, call->request, &call->account, &found, &error))
		return control_fail_error(call, &error);
	if (!found)
		return control_fail(call, 401, "unauthorized",
				"a valid token is needed (Authorization: Bearer svt_...)");
	if (call->account.role < least)
		return control_fail(call, 403, "forbidden",
				"this token has the role %s; this needs %s",
				role_name(call->account.role), role_name(least));
	return true;
}

/*
 * Values of a JSON text, about: parsed, each takes up to a hundred times its bytes, so a text of
 * nothing but brackets is told before it is.
 */
static size_t json_values(struct sv_bytes text)
{
	size_t count = 0;
	bool is_in_string = false;
	for (size_t i = 0; i < text.length; i++) {
		uint8_t c = text.data[i];
		if (c == '"')
			is_in_string = !is_in_string;
		else if (is_in_string)
			i += c == '\\';
		else
			count += c == ',' || c == '[' || c == '{';
	}
	return count;
}

static bool control_read_body(struct control_call *call, uint64_t most)
{
	static const size_t values_most = 1000;
	json_error_t problem;
	struct sv_bytes body = call->request->body;
	if (!body.length)
		return true;
	if (body.length > most)
		return control_fail(call, 413, "limit", "the body is larger than %" PRIu64 " bytes",
				most);
	if (json_values(body) > values_most)
		return control_fail(call, 413, "limit", "the body has more than %zu values",
				values_most);
	call->body = json_loadb((const char *)body.data, body.length, JSON_REJECT_DUPLICATES,
			&problem);
	if (!call->body)
		return control_fail(call, 400, "malformed", "the body is not JSON: %s (at %d)",
				problem.text, problem.position);
	return json_is_object(call->body) ||
			control_fail(call, 400, "malformed", "the body is not a JSON object");
}

/*
 * Pages in a browser on this machine can reach us too; programs that are meant to send no Origin.
 */
static bool control_is_page(struct control_call *call)
{
	return host_request_header(call->request, "origin") &&
			!control_fail(call, 403, "forbidden", "this is not for pages in a browser");
}

/* ---- the exchange ---- */

/* An answer in text has the type that Prometheus asks for. */
static void control_write_text(struct control_desk *desk)
{
	struct control_call *call = &desk->call;
	struct host_response *response = &desk->exchange->response;
	host_response_reset(response);
	bool done = host_response_add(response, host_text("Content-Type"),
				    host_text("text/plain; version=0.0.4; charset=utf-8"), NULL) &&
			buffer_append(&response->body, call->text.data, call->text.length, NULL);
	if (!done)
		host_outcome_set(&desk->exchange->outcome, HOST_FAILED, "no memory for an answer");
}

static void control_write(struct control_desk *desk)
{
	struct control_call *call = &desk->call;
	struct host_response *response = &desk->exchange->response;
	char *text = call->answer ? json_dumps(call->answer, JSON_COMPACT) : NULL;
	host_response_reset(response);
	response->status = call->status;
	bool done = text &&
			host_response_add(response, host_text("Content-Type"),
					host_text("application/json"), NULL) &&
			host_response_add(response, host_text("Cache-Control"),
					host_text("no-store"), NULL) &&
			buffer_append(&response->body, text, strlen(text), NULL) &&
			buffer_append(&response->body, "\n", 1, NULL);
	if (done && call->status == 401)
		done = host_response_add(response, host_text("WWW-Authenticate"),
				host_text("Bearer"), NULL);
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
	if (!done)
		host_outcome_set(&desk->exchange->outcome, HOST_FAILED, "no memory for an answer");
}

static void control_note(const struct control_call *call, const struct control_row *row)
{
	char action[96], subject[160], result[16];
	snprintf(action, sizeof action, "%s %s", row->method, row->path);
	if (call->id)
		snprintf(subject, sizeof subject, "%" PRId64, call->id);
	else
		snprintf(subject, sizeof subject, "%s", call->name);
	snprintf(result, sizeof result, "%d", call->status);
	/* What was done is done: a log that cannot be written must not hide that. */
	struct sv_error error = SV_ERROR_INIT;
	if (!audit_add(call->state->db, &call->account, action, subject, result, &error))
		fprintf(stderr, "selvage: audit log: %s\n", error.text);
}

static enum handled control_end(struct control_desk *desk)
{
	struct control_call *call = &desk->call;
	if (desk->row && desk->row->changes && call->account.tenant)
		control_note(call, desk->row);
	if (call->is_waiting)
		atomic_fetch_sub(&call->state->waiting, 1);
	if (call->text.length && !call->answer)
		control_write_text(desk);
	else
		control_write(desk);
	json_decref(call->body);
	json_decref(call->answer);
	call->body = call->answer = NULL;
	buffer_finish(&call->text);
	return HANDLED_ANSWERED;
}

static enum handled control_go_on(void *data, void *own, uint64_t *wake)
{
	(void)data;
	struct control_desk *desk = own;
	struct control_call *call = &desk->call;
	const bool changes = desk->row->changes;
	call->waits = false;
	if (changes)
		background_begin();
	desk->row->function(call);
	if (changes)
		background_end();
	if (!call->waits)
		return control_end(desk);
	*wake = clock_now() + wait_step;
	return HANDLED_ASLEEP;
}

static enum handled control_begin(void *data, void *own, struct exchange *exchange, uint64_t *wake)
{
	struct control_desk *desk = own;
	struct control_call *call = &desk->call;
	*desk = (struct control_desk){.exchange = exchange};
	call->state = data;
	call->request = &exchange->request;
	call->status = 200;
	desk->row = control_find(call);
	if (!desk->row || control_is_page(call) || !control_authenticate(call, desk->row->role) ||
			!control_read_body(call, desk->row->body_most))
		return control_end(desk);
	return control_go_on(data, own, wake);
}

static bool control_thread_enter(void *data, struct sv_error *error)
{
	(void)data;
	(void)error;
	background_thread();
	return true;
}

static void control_thread_leave(void *data)
{
	(void)data;
}

static void *control_desk_new(void *data, struct sv_error *error)
{
	(void)data;
	struct control_desk *desk = calloc(1, sizeof *desk);
	if (!desk)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a request");
	return desk;
}

static void control_desk_free(void *data, void *desk)
{
	(void)data;
	free(desk);
}

static void control_recycle(void *data, void *own)
{
	(void)data;
	struct control_desk *desk = own;
	/* The exchange is another's already; what is left here are texts. */
	*desk = (struct control_desk){0};
}

void control_init(struct handler *handler, struct platform_state *state)
{
	*handler = (struct handler){state, control_thread_enter, control_thread_leave,
			control_desk_new, control_desk_free, control_begin, control_go_on,
			control_recycle, control_admit, NULL, NULL};
}
