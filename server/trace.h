/*
 * trace.h: the trace that a request belongs to (W3C Trace Context, Recommendation of 23 November
 * 2021). A valid one is passed on as it came (its forwarding mode): we record no spans.
 */
#ifndef SELVAGE_SERVER_TRACE_H
#define SELVAGE_SERVER_TRACE_H

#include "server/exchange.h"

/*
 * Give the request a valid traceparent and set its trace_id. One that came and is valid stays, with
 * the tracestate; else both are replaced by a new trace. A tracestate that is not valid is dropped.
 * The exchange has room for one more field than came. Its owner's thread.
 */
void trace_begin(struct exchange *exchange);

/* Whether a value of traceparent is valid (section 3.2.2, and 3.2.4 for versions to come). */
bool trace_parent_is_valid(struct sv_bytes value);

/* Whether the values of tracestate are a valid list together (section 3.3.1). */
bool trace_state_is_valid(const struct host_request *request);

#endif
