/*
 * worker.c: generates modules, runs each in all modes and in V8, and compares what was seen.
 */
#include "tests/fuzz/worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "tests/fuzz/generate.h"
#include "tests/fuzz/oracle.h"

static struct transcript transcripts[NATIVE_MODES], opinion;

static uint64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void worker_report(const struct run_options *options, uint64_t number, struct sv_bytes module,
		const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%" PRIu64 "-%" PRIu64 ".wasm", options->folder,
			options->seed, number);
	FILE *file = options->file ? NULL : fopen(path, "we");
	if (file) {
		fwrite(module.data, 1, module.length, file);
		fclose(file);
	}
	printf("FAIL seed %" PRIu64 " module %" PRIu64 ": %s\n", options->seed, number, text);
	fflush(stdout);
	snprintf(path, sizeof path, "%s/differences.txt", options->folder);
	file = fopen(path, "ae");
	if (file) {
		fprintf(file, "seed %" PRIu64 " module %" PRIu64 ": %s\n", options->seed, number,
				text);
		fclose(file);
	}
}

/* Text about the first difference, or an empty one. */
static void worker_compare(bool asked, char *text, size_t size)
{
	char line[700];
	text[0] = '\0';
	for (unsigned i = 1; i < NATIVE_MODES; i++) {
		if (transcript_equal(&transcripts[0], &transcripts[i], false, line, sizeof line))
			continue;
		snprintf(text, size, "%s and %s: %s", native_modes[0].name, native_modes[i].name,
				line);
		return;
	}
	if (asked && !transcript_equal(&transcripts[0], &opinion, true, line, sizeof line))
		snprintf(text, size, "all modes and V8: %s", line);
}

static void worker_count(struct worker_state *state)
{
	const struct transcript *transcript = &transcripts[0];
	uint32_t most = transcript->count < TRANSCRIPT_RECORDS ? transcript->count
							       : TRANSCRIPT_RECORDS;
	for (uint32_t i = 0; i < most; i++) {
		state->returned += transcript->records[i].tag == RECORD_RETURN;
		state->trapped += transcript->records[i].tag == RECORD_TRAP;
	}
}

/* False if V8 has ended. */
static bool worker_module(const struct run_options *options, struct worker_state *state,
		struct native *native, struct sv_bytes module, int socket)
{
	char text[1000];
	state->bytes += module.length;
	if (socket >= 0) {
		state->asked++;
		if (!oracle_ask(socket, module))
			return false;
	}
	for (unsigned i = 0; i < NATIVE_MODES; i++)
		native_run(native, &native_modes[i], module, &transcripts[i]);
	if (socket >= 0) {
		uint64_t start = clock_now();
		if (!oracle_answer(socket, &opinion))
			return false;
		state->answered++;
		state->waiting += clock_now() - start;
	}
	worker_compare(socket >= 0, text, sizeof text);
	worker_count(state);
	if (text[0]) {
		state->differences++;
		worker_report(options, state->number, module, text);
	}
	native_times(native, &state->compiling, &state->running);
	state->modules++;
	return true;
}

static bool worker_file(const struct run_options *options, struct buffer *module)
{
	struct sv_error error = SV_ERROR_INIT;
	if (file_read(options->file, module, &error))
		return true;
	fprintf(stderr, "%s\n", error.text);
	return false;
}

int worker_run(const struct run_options *options, struct worker_state *state, uint64_t next,
		int socket)
{
	struct sv_error error = SV_ERROR_INIT;
	struct native *native = native_new(&error);
	if (!native) {
		fprintf(stderr, "engine: %s\n", error.text);
		return WORKER_FAILED;
	}
	/* The worker before may have died with a question open. */
	for (; socket >= 0 && state->answered < state->asked; state->answered++) {
		if (!oracle_answer(socket, &opinion))
			return WORKER_ORACLE_ENDED;
	}
	for (; next < options->first + options->modules; next += options->workers) {
		struct buffer module = {0};
		state->number = next;
		bool is_portable = true;
		if (!options->file)
			is_portable = generate(options->seed, next, &module, state->coverage);
		else if (!worker_file(options, &module))
			return WORKER_FAILED;
		if (!worker_module(options, state, native, buffer_view(&module),
				    is_portable ? socket : -1))
			return WORKER_ORACLE_ENDED;
		buffer_finish(&module);
	}
	return 0;
}
