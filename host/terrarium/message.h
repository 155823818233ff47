/*
 * message.h: fields and bodies that a guest sets, of its answer or of a request it makes.
 */
#ifndef SELVAGE_HOST_TERRARIUM_MESSAGE_H
#define SELVAGE_HOST_TERRARIUM_MESSAGE_H

#include "host/terrarium/terrarium.h"

/*
 * Arguments from 1 on: name, length, slices of values, how many; they replace all values of the
 * name. If one is not valid, nothing is changed. `what` is the message, for errors.
 */
enum sv_host_result terrarium_set_header(struct sv_caller *caller, struct host_response *message,
		const char *what, union sv_value *values);

/* Arguments 1 and 2: bytes, which replace the body. */
enum sv_host_result terrarium_set_body(struct sv_caller *caller, struct host_response *message,
		const char *what, union sv_value *values);

/* The result is INVALID: nothing has changed. */
enum sv_host_result terrarium_refuse(union sv_value *values);

#endif
