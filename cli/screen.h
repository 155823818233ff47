/*
 * screen.h: a terminal that shows a page which changes, until a key ends it. What was there before
 * is there again afterwards, also when a signal ends the program.
 */
#ifndef SELVAGE_CLI_SCREEN_H
#define SELVAGE_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/error.h"

/* Take the terminal of standard input and output; there is one. False with `error`. */
SV_MUST_USE bool screen_open(struct sv_error *error);

/* Give it back. Nothing happens if it was not taken. */
void screen_close(void);

/* Columns and lines there are now. */
void screen_size(unsigned *columns, unsigned *lines);

/* Show a page: lines with '\n' behind each, cut to the screen. Its first is emphasised. */
void screen_show(const char *page, size_t length);

enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_QUIT };

/* Wait for so many milliseconds, another size, or the key 'q'. */
enum screen_event screen_wait(unsigned milliseconds);

#endif
