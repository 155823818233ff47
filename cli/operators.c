/*
 * operators.c: texts are made for a whole function when the first of its operators is asked for.
 */
#include "cli/operators.h"

#include <stdio.h>
#include <stdlib.h>

#include "compiler/compiler.h"
#include "compiler/dump.h"
#include "compiler/module.h"

struct operator_place {
	uint32_t offset; /* in the module */
	size_t text;     /* where it begins in the function's texts */
};

struct function_texts {
	char *texts;                   /* owned; one after the other, each with a NUL */
	struct operator_place *places; /* owned; by offset */
	size_t count;
};

struct operators {
	struct module module;
	struct function_texts *functions; /* owned; by index */
};

struct operators *operators_new(struct sv_bytes module, struct sv_error *error)
{
	struct operators *operators = calloc(1, sizeof *operators);
	if (!operators) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the operators");
		return NULL;
	}
	bool done = module_read(&operators->module, module, UINT64_MAX, error) &&
			module_validate(&operators->module, error);
	if (done) {
		operators->functions = calloc((size_t)operators->module.function_count + 1,
				sizeof *operators->functions);
		done = operators->functions ||
				sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the operators");
	}
	if (done)
		return operators;
	operators_free(operators);
	return NULL;
}

uint64_t operators_body(const struct operators *operators, uint32_t function)
{
	const struct module *module = &operators->module;
	bool is_own = function >= module->imported_functions && function < module->function_count;
	return is_own ? module->functions[function].offset : 0;
}

/* Write all texts to `file`; false without memory. */
static bool function_write(struct function_texts *function, struct body *body, FILE *file)
{
	size_t capacity = 0;
	struct sv_error dropped = SV_ERROR_INIT;
	while (!body_at_end(body)) {
		struct instruction instruction;
		if (function->count == capacity) {
			capacity = capacity ? 2 * capacity : 64;
			void *more = realloc(function->places, capacity * sizeof *function->places);
			if (!more)
				return false;
			function->places = more;
		}
		if (!body_next(body, &instruction, &dropped))
			return false;
		function->places[function->count++] = (struct operator_place){
				(uint32_t)instruction.offset, (size_t)ftell(file)};
		dump_operator(&instruction, file);
		fputc('\0', file);
	}
	return true;
}

static void function_make(const struct operators *operators, uint32_t index)
{
	struct function_texts *function = &operators->functions[index];
	struct sv_error dropped = SV_ERROR_INIT;
	struct arena arena;
	struct body body;
	size_t length;
	FILE *file = open_memstream(&function->texts, &length);
	if (!file)
		return;
	arena_init(&arena, 0);
	bool done = body_begin(&body, &operators->module, index, &arena, &dropped) &&
			function_write(function, &body, file);
	arena_finish(&arena);
	if (fclose(file) != 0 || !done)
		function->count = 0;
}

const char *operators_text(struct operators *operators, uint32_t function, uint32_t offset)
{
	if (!operators_body(operators, function))
		return NULL;
	struct function_texts *texts = &operators->functions[function];
	if (!texts->texts)
		function_make(operators, function);
	size_t low = 0, high = texts->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (texts->places[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_found = low < texts->count && texts->places[low].offset == offset;
	return is_found ? texts->texts + texts->places[low].text : NULL;
}

void operators_free(struct operators *operators)
{
	if (!operators)
		return;
	for (uint32_t i = 0; operators->functions && i < operators->module.function_count; i++) {
		free(operators->functions[i].texts);
		free(operators->functions[i].places);
	}
	free(operators->functions);
	module_finish(&operators->module);
	free(operators);
}
