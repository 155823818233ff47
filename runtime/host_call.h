/*
 * host_call.h: functions of the host that guests call.
 */
#ifndef SELVAGE_RUNTIME_HOST_CALL_H
#define SELVAGE_RUNTIME_HOST_CALL_H

#include "runtime/selvage.h"

struct defined_type;

/* One imported host function of one instance; the context its thunk is called with. */
struct host_row {
	struct sv_host_row head; /* first: compiled code reads it */
	struct sv_instance *instance; /* that imports it */
	const struct defined_type *type;
	sv_host_function function;
	void *data; /* the embedder's */
};

/* Run the host function; returns only if the guest goes on. Called by the switch. */
void host_call_run(struct host_row *row, union sv_value *values);

#endif
