/*
 * operators.h: the text of a module's operators by their places.
 */
#ifndef SELVAGE_CLI_OPERATORS_H
#define SELVAGE_CLI_OPERATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

struct operators;

/*
 * Read and validate a module with all features. `module` must outlive the result. NULL with
 * `error`.
 */
struct operators *operators_new(struct sv_bytes module, struct sv_error *error);

/* Where the body of a function is in the module; 0 if it has no such function, or imports it. */
uint64_t operators_body(const struct operators *operators, uint32_t function);

/* The operator at an offset in a function, or NULL: none is there, or no memory. Lives as long. */
const char *operators_text(struct operators *operators, uint32_t function, uint32_t offset);

/* NULL is allowed. */
void operators_free(struct operators *operators);

#endif
