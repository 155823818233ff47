/*
 * switch_check.c: pins the offsets of switch_layout.h to the structs. Compiles to nothing.
 */
#include "runtime/arch/switch_layout.h"

#include <stddef.h>

#include "runtime/arch/switch.h"
#include "runtime/host_call.h"
#include "runtime/store.h"

_Static_assert(offsetof(struct switch_state, host_sp) == SWITCH_HOST_SP, "host_sp");
_Static_assert(offsetof(struct switch_state, guest_frame) == SWITCH_GUEST_FRAME, "guest_frame");
_Static_assert(offsetof(struct switch_state, pending) == SWITCH_PENDING, "pending");
_Static_assert(offsetof(struct sv_store, state) == 0, "store.state");
_Static_assert(offsetof(struct sv_context, store) == SWITCH_CONTEXT_STORE, "context.store");
_Static_assert(offsetof(struct host_row, head) == 0, "host_row.head");
_Static_assert(offsetof(struct sv_host_row, store) == SWITCH_HOST_ROW_STORE, "host_row.store");
