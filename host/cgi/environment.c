/*
 * environment.c: a request as CGI meta-variables (RFC 3875, section 4.1).
 */
#include "host/cgi/cgi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"

static bool environment_begin(struct cgi_environment *environment, struct sv_error *error)
{
	if (environment->count == environment->capacity) {
		size_t capacity = environment->capacity ? environment->capacity * 2 : 64;
		size_t *offsets = realloc(environment->offsets, capacity * sizeof *offsets);
		if (!offsets)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the environment");
		environment->offsets = offsets;
		const char **variables =
				realloc(environment->variables, capacity * sizeof *variables);
		if (!variables)
			return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the environment");
		environment->variables = variables;
		environment->capacity = capacity;
	}
	environment->offsets[environment->count++] = environment->text.length;
	return true;
}

static bool environment_add(struct cgi_environment *environment, const char *name,
		struct sv_bytes value, struct sv_error *error)
{
	TRY(environment_begin(environment, error));
	TRY(buffer_append(&environment->text, name, strlen(name), error));
	TRY(buffer_append(&environment->text, "=", 1, error));
	TRY(buffer_append(&environment->text, value.data, value.length, error));
	return buffer_append(&environment->text, "", 1, error);
}

static bool environment_add_text(struct cgi_environment *environment, const char *name,
		const char *value, struct sv_error *error)
{
	return environment_add(environment, name, host_text(value), error);
}

static bool environment_add_number(struct cgi_environment *environment, const char *name,
		size_t value, struct sv_error *error)
{
	char text[24];
	snprintf(text, sizeof text, "%zu", value);
	return environment_add_text(environment, name, text, error);
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* PATH_INFO: the decoded path. The error is for the client. */
static bool environment_add_path(struct cgi_environment *environment, struct sv_bytes path,
		struct sv_error *error)
{
	struct buffer *text = &environment->text;
	TRY(environment_begin(environment, error));
	TRY(buffer_append(text, "PATH_INFO=", 10, error));
	TRY(buffer_reserve(text, path.length + 1, error));
	for (size_t i = 0; i < path.length; i++) {
		uint8_t c = path.data[i];
		if (c == '%') {
			bool is_whole = path.length - i > 2;
			int high = is_whole ? hex_value(path.data[i + 1]) : -1;
			int low = is_whole ? hex_value(path.data[i + 2]) : -1;
			if (high < 0 || low < 0)
				return sv_fail(error, SV_ERROR_MALFORMED,
						"the path has a '%%' without two hexadecimal "
						"digits");
			c = (uint8_t)(high * 16 + low);
			i += 2;
		}
		if (!c)
			return sv_fail(error, SV_ERROR_MALFORMED, "the path has an encoded NUL");
		text->data[text->length++] = c;
	}
	text->data[text->length++] = '\0';
	return true;
}

/* Fields that are not shown as HTTP_*: known by other names, secret, or about the connection. */
static bool field_is_hidden(const struct host_guest *guest, struct sv_bytes name)
{
	static const char *const hidden[] = {
			"Content-Type",
			"Content-Length",
			"Proxy", /* HTTP_PROXY means something else to programs: "httpoxy" */
			"Proxy-Authorization",
			"Connection",
			"Keep-Alive",
			"Proxy-Connection",
			"TE",
			"Trailer",
			"Transfer-Encoding",
			"Upgrade",
			"Expect",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++) {
		if (host_name_equal(name, host_text(hidden[i])))
			return true;
	}
	/* RFC 3875, section 4.1.18: not by default. */
	return !guest->pass_authorization && host_name_equal(name, host_text("Authorization"));
}

/* Only letters, digits and '-': "X_A" and "X-A" would be one variable, and one may be trusted. */
static bool field_name_is_plain(struct sv_bytes name)
{
	for (size_t i = 0; i < name.length; i++) {
		uint8_t c = name.data[i], lower = c | 0x20;
		if (!(c >= '0' && c <= '9') && !(lower >= 'a' && lower <= 'z') && c != '-')
			return false;
	}
	return true;
}

static bool append_field_name(struct buffer *text, struct sv_bytes name, struct sv_error *error)
{
	TRY(buffer_append(text, "HTTP_", 5, error));
	TRY(buffer_reserve(text, name.length, error));
	for (size_t i = 0; i < name.length; i++) {
		uint8_t c = name.data[i];
		if (c == '-')
			c = '_';
		else if (c >= 'a' && c <= 'z')
			c -= 'a' - 'A';
		text->data[text->length++] = c;
	}
	return true;
}

static bool field_is_first(const struct host_request *request, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (host_name_equal(request->headers[i].name, request->headers[index].name))
			return false;
	}
	return true;
}

/* HTTP_NAME with the values of all fields of this name, joined as a list. */
static bool environment_add_field(struct cgi_environment *environment,
		const struct host_request *request, size_t index, struct sv_error *error)
{
	struct buffer *text = &environment->text;
	struct sv_bytes name = request->headers[index].name;
	const char *joint = host_name_equal(name, host_text("Cookie")) ? "; " : ", ";
	TRY(environment_begin(environment, error));
	TRY(append_field_name(text, name, error));
	TRY(buffer_append(text, "=", 1, error));
	for (size_t i = index; i < request->header_count; i++) {
		const struct host_header *header = &request->headers[i];
		if (i != index && !host_name_equal(header->name, name))
			continue;
		if (i != index)
			TRY(buffer_append(text, joint, 2, error));
		TRY(buffer_append(text, header->value.data, header->value.length, error));
	}
	return buffer_append(text, "", 1, error);
}

static bool environment_add_fields(struct cgi_environment *environment,
		const struct host_guest *guest, const struct host_request *request,
		struct sv_error *error)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct sv_bytes name = request->headers[i].name;
		if (field_is_hidden(guest, name) || !field_name_is_plain(name))
			continue;
		if (field_is_first(request, i))
			TRY(environment_add_field(environment, request, i, error));
	}
	return true;
}

/*
 * The length that the request has told; whoever is told none reads to the end (decision 57). It
 * does not depend on how much has come, so a program finds the same whatever the network does.
 */
static bool environment_add_body(struct cgi_environment *environment,
		const struct host_request *request, struct sv_error *error)
{
	if (!request->has_body)
		return true;
	const struct host_header *type = host_request_header(request, "Content-Type");
	if (type)
		TRY(environment_add(environment, "CONTENT_TYPE", type->value, error));
	return request->body_length < 0 ||
			environment_add_number(environment, "CONTENT_LENGTH",
					(size_t)request->body_length, error);
}

static bool environment_add_all(struct cgi_environment *environment, const struct host_guest *guest,
		const struct host_request *request, struct sv_error *error)
{
	struct cgi_environment *e = environment;
	TRY(environment_add_text(e, "GATEWAY_INTERFACE", "CGI/1.1", error));
	TRY(environment_add_text(e, "SERVER_SOFTWARE", "Selvage/" SV_VERSION, error));
	TRY(environment_add_text(e, "SERVER_PROTOCOL",
			host_request_protocol(request), error));
	TRY(environment_add_text(e, "SERVER_NAME", request->server_name, error));
	TRY(environment_add_number(e, "SERVER_PORT", request->server_port, error));
	TRY(environment_add_text(e, "REMOTE_ADDR", request->remote_address, error));
	TRY(environment_add_number(e, "REMOTE_PORT", request->remote_port, error));
	TRY(environment_add_text(e, "REQUEST_SCHEME", request->scheme, error));
	TRY(environment_add(e, "REQUEST_METHOD", request->method, error));
	TRY(environment_add(e, "REQUEST_URI", request->target, error));
	TRY(environment_add_text(e, "SCRIPT_NAME", "", error));
	TRY(environment_add(e, "QUERY_STRING", request->query, error));
	TRY(environment_add_body(e, request, error));
	TRY(environment_add_fields(e, guest, request, error));
	for (size_t i = 0; i < guest->environment_count; i++) {
		TRY(environment_begin(e, error));
		const char *variable = guest->environment[i];
		TRY(buffer_append(&e->text, variable, strlen(variable) + 1, error));
	}
	return true;
}

enum cgi_built cgi_environment_build(struct cgi_environment *environment,
		const struct host_guest *guest, const struct host_request *request,
		struct sv_error *error)
{
	environment->text.length = 0;
	environment->count = 0;
	struct sv_bytes path = request->path;
	if (path.length == 1 && path.data[0] == '*')
		path.length = 0; /* "OPTIONS *": PATH_INFO is empty or starts with '/' */
	if (!environment_add_path(environment, path, error))
		return error->code == SV_ERROR_MALFORMED ? CGI_BAD_PATH : CGI_NO_ROOM;
	if (!environment_add_all(environment, guest, request, error))
		return CGI_NO_ROOM;
	for (size_t i = 0; i < environment->count; i++)
		environment->variables[i] =
				(const char *)environment->text.data + environment->offsets[i];
	return CGI_BUILT;
}

void cgi_environment_finish(struct cgi_environment *environment)
{
	buffer_finish(&environment->text);
	free(environment->offsets);
	free(environment->variables);
	*environment = (struct cgi_environment){.text = environment->text};
}
