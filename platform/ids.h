/*
 * ids.h: numbers of rows as others may see them. They are counted over all tenants, so that a
 * tenant who saw them would know what others do; sealed they say nothing, and cannot be guessed.
 */
#ifndef SELVAGE_PLATFORM_IDS_H
#define SELVAGE_PLATFORM_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/check.h"
#include "platform/seal.h"

/* What a number is of: one kind's text is not another's. */
enum id_kind { ID_BUILD = 'b', ID_TOKEN = 't' };

/* 32 hexadecimal digits, NUL-terminated. */
#define ID_SIZE 33

/* The text of a number; the same each time under one key. */
void id_show(const struct seal_key *key, enum id_kind kind, int64_t number,
		char text[static ID_SIZE]);

/* The number of a text; false if it is none that was made here. */
SV_MUST_USE bool id_read(const struct seal_key *key, enum id_kind kind, const char *text,
		int64_t *number);

#endif
