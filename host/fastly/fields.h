/*
 * fields.h: header fields and trailers; `index` is that of the first argument behind the handle.
 */
#ifndef SELVAGE_HOST_FASTLY_FIELDS_H
#define SELVAGE_HOST_FASTLY_FIELDS_H

#include "host/fastly/fastly.h"

enum fastly_status fastly_fields_names(struct fastly_call *call, const struct fastly_fields *fields,
		unsigned index);
enum fastly_status fastly_fields_value(struct fastly_call *call, const struct fastly_fields *fields,
		unsigned index);
enum fastly_status fastly_fields_values(struct fastly_call *call,
		const struct fastly_fields *fields, unsigned index);
enum fastly_status fastly_fields_append(struct fastly_call *call, struct fastly_fields *fields,
		unsigned index);

/* None, within the limits. */
void fastly_fields_reset(struct fastly_fields *fields);

/* Count what the fields have room for now in what the guest holds. */
void fastly_fields_count(struct fastly_guest *guest, struct fastly_fields *fields);

/* What Content-Length says, or -1: nothing that counts. */
int64_t fastly_fields_length(const struct host_response *head);

/* Names as they came, of the request that arrived. */
enum fastly_status fastly_original_names(struct fastly_call *call, unsigned index);

#endif
