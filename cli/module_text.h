/*
 * module_text.h: modules in the text format, where they can do no harm. Some texts end the process
 * that parses them (compiler/wat.cc), so that is one that runs for nothing else.
 */
#ifndef SELVAGE_CLI_MODULE_TEXT_H
#define SELVAGE_CLI_MODULE_TEXT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Operand of `selvage builder` for module_text_serve. */
#define MODULE_TEXT_WORK "text"

/*
 * Append to `binary` what the text in a file means, as a child finds, `selvage builder text`. It is
 * a program of its own, not a copy of this process: this may have threads, and locks that they
 * hold. The file is read from its beginning.
 */
SV_MUST_USE bool module_text_translate(int file, struct buffer *binary, struct sv_error *error);

/*
 * That child: text on standard input, its answer on standard output. False with `error` if
 * nobody hears it.
 */
SV_MUST_USE bool module_text_serve(struct sv_error *error);

/*
 * The same in a process that does nothing else anyway and can start no other. What ends the parser
 * ends it with a message and status 1.
 */
SV_MUST_USE bool module_text_translate_here(struct sv_bytes text, struct buffer *binary,
		struct sv_error *error);

#endif
