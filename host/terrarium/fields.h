/*
 * fields.h: header fields of requests and responses in one shape, for the calls that
 * list names and values of either.
 */
#ifndef SELVAGE_HOST_TERRARIUM_FIELDS_H
#define SELVAGE_HOST_TERRARIUM_FIELDS_H

#include "host/terrarium/terrarium.h"

/* Fields of a request, or (request NULL) of a response. */
struct terrarium_fields {
	const struct host_request *request;
	const struct host_response *response;
};

/* Give the guest the distinct names, in lower case. False with the trap set. */
SV_MUST_USE bool terrarium_give_names(struct sv_caller *caller,
		const struct terrarium_fields *fields, const union sv_value *values);

/* Give it all values of the field named by arguments 3 and 4. False with the trap set. */
SV_MUST_USE bool terrarium_give_values(struct sv_caller *caller,
		const struct terrarium_fields *fields, const union sv_value *values);

#endif
