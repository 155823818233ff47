/*
 * registers.h: which parameters and results of compiled code are in registers.
 */
#ifndef SELVAGE_ABI_REGISTERS_H
#define SELVAGE_ABI_REGISTERS_H

#include <stdint.h>

#include "abi/types.h"

/*
 * Results that a function returns in registers: at most three integers or references and
 * two numbers of other types. If one does not fit, all are in the store's view.
 */
static inline int sv_results_are_wide(const enum sv_type *results, uint32_t count)
{
	uint32_t integers = 0, others = 0;
	for (uint32_t i = 0; i < count; i++) {
		int is_integer = results[i] == SV_TYPE_I32 || results[i] == SV_TYPE_I64 ||
				sv_type_is_reference(results[i]);
		integers += is_integer;
		others += !is_integer;
	}
	return integers > 3 || others > 2;
}

/* Registers for parameters behind the context; all others are in the view, from place 0 on. */
struct sv_parameter_registers {
	uint32_t integers, others;
};

#define SV_PARAMETER_REGISTERS ((struct sv_parameter_registers){5, 8})

/* True if the next parameter is in a register; to be asked for each in order. */
static inline int sv_parameter_takes_register(struct sv_parameter_registers *left,
		enum sv_type type)
{
	int is_integer = type == SV_TYPE_I32 || type == SV_TYPE_I64 || sv_type_is_reference(type);
	uint32_t *registers = is_integer ? &left->integers : &left->others;
	if (*registers == 0)
		return 0;
	--*registers;
	return 1;
}

#endif
