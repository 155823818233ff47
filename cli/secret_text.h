/*
 * secret_text.h: text that nobody else should see: read from where the process list does not
 * show it, and wiped when it is no longer needed.
 */
#ifndef SELVAGE_CLI_SECRET_TEXT_H
#define SELVAGE_CLI_SECRET_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/check.h"
#include "base/error.h"

/* Most bytes of a secret or of a file with a token in it. */
#define SECRET_TEXT_LIMIT (64 * 1024)

/*
 * What is in the file at `path` ("-": standard input, which a terminal is asked for by `what`
 * and does not show), without the line break at its end. On the heap; NULL with `error` on
 * failure. Text with a NUL in it is refused.
 */
char *secret_text_read(const char *path, const char *what, struct sv_error *error);

/* Wipe and release text on the heap; NULL is nothing. */
void secret_text_free(char *text);

/* From now on all that jansson releases is wiped. Before its first object is made. */
void secret_text_guard_json(void);

#endif
