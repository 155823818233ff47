/*
 * module.c: the end of a module's life, and questions about one.
 */
#include "compiler/module.h"

void module_finish(struct module *module)
{
	arena_finish(&module->arena);
	*module = (struct module){.start = SV_NO_INDEX};
}

const struct function_type *module_function_type(const struct module *module, uint32_t function)
{
	check(function < module->function_count);
	uint32_t type = module->functions[function].type;
	check(type < module->type_count);
	return &module->types[type].function;
}
