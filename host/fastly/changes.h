/*
 * changes.h: what is to be changed in the fields of a response that has not come yet.
 */
#ifndef SELVAGE_HOST_FASTLY_CHANGES_H
#define SELVAGE_HOST_FASTLY_CHANGES_H

#include "host/fastly/fastly.h"

struct fastly_changes;

/* Change the fields as was asked; `is_error`: of the one that says that there is no response. */
SV_MUST_USE bool fastly_changes_apply(const struct fastly_changes *changes, bool is_error,
		struct host_response *head);

/* Forget them; NULL is allowed. */
void fastly_changes_free(struct fastly_guest *guest, struct fastly_changes *changes);

#endif
