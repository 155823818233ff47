/*
 * validate_object.h: what the validators of structs and arrays share.
 */
#ifndef SELVAGE_COMPILER_VALIDATE_OBJECT_H
#define SELVAGE_COMPILER_VALIDATE_OBJECT_H

#include "compiler/validate.h"

/* The type of this index and kind; NULL if a fault has been reported. */
const struct defined_type *object_type_find(struct validator *v, uint32_t index,
		enum sv_type_kind kind);

/* References to the type. */
enum sv_type object_reference(const struct defined_type *type);
enum sv_type object_reference_null(const struct defined_type *type);

bool field_is_packed(const struct field_type *field);

/* Type of the field's value on the stack. */
enum sv_type field_value_type(const struct field_type *field);

SV_MUST_USE bool field_check_default(struct validator *v, const struct field_type *field);

/* Operators that extend are for packed fields, and no others are. */
SV_MUST_USE bool field_check_packed(struct validator *v, const struct field_type *field,
		bool is_packed);

#endif
