/*
 * report.c: errors, traps and timeouts on standard error.
 */
#include "cli/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/units.h"
#include "runtime/selvage.h"

/* The form of output is one decision for the whole process, taken from its command line. */
static bool report_is_json;

void report_use_json(void)
{
	report_is_json = true;
}

bool report_uses_json(void)
{
	return report_is_json;
}

static void report_json(json_t *object)
{
	json_dumpf(object, stderr, JSON_COMPACT);
	fputc('\n', stderr);
	json_decref(object);
}

int report_error(const struct sv_error *error)
{
	if (report_is_json) {
		json_t *object = json_pack("{ss so}", "error", sv_error_code_name(error->code),
				"text", json_text(error->text, strlen(error->text)));
		if (error->position >= 0)
			json_object_set_new(object, "position", json_integer(error->position));
		report_json(object);
	} else if (error->position >= 0) {
		fprintf(stderr, "selvage: %s (at byte %" PRId64 ")\n", error->text,
				error->position);
	} else {
		fprintf(stderr, "selvage: %s\n", error->text);
	}
	return error->code == SV_ERROR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

int report_refusal(const struct sv_error *error, int status, const char *code)
{
	if (!report_is_json)
		return report_error(error);
	report_json(json_pack("{ss si so so}", "error", sv_error_code_name(error->code), "status",
			status, "code", json_text(code, strlen(code)), "text",
			json_text(error->text, strlen(error->text))));
	return EXIT_FAILED;
}

int report_usage(const char *format, ...)
{
	struct sv_error error = SV_ERROR_INIT;
	char text[sizeof error.text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sv_fail(&error, SV_ERROR_USAGE, "%s", text);
	return report_error(&error);
}

int report_errno(const char *format, ...)
{
	struct sv_error error = SV_ERROR_INIT;
	char text[sizeof error.text];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	sv_fail_errno(&error, "%s", text);
	return report_error(&error);
}

/* ---- traps ---- */

static json_t *report_frames(const struct sv_trap_info *trap)
{
	json_t *frames = json_array();
	for (uint32_t i = 0; i < trap->frame_count; i++) {
		const struct sv_frame *frame = &trap->frames[i];
		json_t *object = json_pack("{sI so so sI sI}", "function",
				(json_int_t)frame->function, "name",
				json_text(frame->name, frame->name_length), "module",
				json_text(frame->module, frame->module_length), "wasm_offset",
				(json_int_t)frame->wasm_offset, "code_offset",
				(json_int_t)frame->code_offset);
		if (object && frame->source)
			json_object_update_new(object,
					json_pack("{so sI sI}", "source",
							json_text(frame->source,
									strlen(frame->source)),
							"line", (json_int_t)frame->source_line,
							"column",
							(json_int_t)frame->source_column));
		json_array_append_new(frames, object);
	}
	return frames;
}

static void report_frame(const struct sv_frame *frame)
{
	char name[200];
	text_of_name(frame->name, frame->name_length, name, sizeof name);
	fputs("  at ", stderr);
	if (name[0])
		fprintf(stderr, "%s (function %" PRIu32, name, frame->function);
	else
		fprintf(stderr, "function %" PRIu32 " (", frame->function);
	if (frame->wasm_offset)
		fprintf(stderr, "%swasm 0x%" PRIx32, name[0] ? ", " : "", frame->wasm_offset);
	fprintf(stderr, "%scode +0x%" PRIx32 ")", name[0] || frame->wasm_offset ? ", " : "",
			frame->code_offset);
	text_of_name(frame->module, frame->module_length, name, sizeof name);
	fprintf(stderr, "%s%s", name[0] ? " in " : "", name);
	if (frame->source) {
		text_of_name(frame->source, strlen(frame->source), name, sizeof name);
		fprintf(stderr, ", %s:%" PRIu32, name, frame->source_line);
		if (frame->source_column)
			fprintf(stderr, ":%" PRIu32, frame->source_column);
	}
	fputc('\n', stderr);
}

static void report_backtrace(const struct sv_trap_info *trap)
{
	if (trap->has_address)
		fprintf(stderr, "  guest address 0x%" PRIx64 "\n", trap->address);
	for (uint32_t i = 0; i < trap->frame_count; i++)
		report_frame(&trap->frames[i]);
	if (trap->more_frames)
		fputs("  ... (deeper frames are not shown)\n", stderr);
}

int report_trap(const struct sv_trap_info *trap)
{
	const char *kind = sv_trap_text(trap->kind);
	if (report_is_json) {
		json_t *object = json_pack("{ss ss so so}", "error", "trap", "kind", kind, "text",
				json_text(trap->text, strlen(trap->text)), "frames",
				report_frames(trap));
		if (trap->has_address)
			json_object_set_new(object, "address",
					json_integer((json_int_t)trap->address));
		report_json(object);
		return EXIT_TRAP;
	}
	fprintf(stderr, "trap: %s\n", kind);
	if (trap->text[0] && strcmp(trap->text, kind) != 0)
		fprintf(stderr, "  %s\n", trap->text);
	report_backtrace(trap);
	return EXIT_TRAP;
}

int report_timeout(uint64_t limit, const struct sv_trap_info *trap)
{
	char text[32];
	duration_text(limit, text, sizeof text);
	if (report_is_json) {
		report_json(json_pack("{ss ss so}", "error", "timeout", "limit", text, "frames",
				trap ? report_frames(trap) : json_array()));
		return EXIT_TIMEOUT;
	}
	fprintf(stderr, "selvage: the guest ran past its time limit of %s\n", text);
	if (trap)
		report_backtrace(trap);
	return EXIT_TIMEOUT;
}
