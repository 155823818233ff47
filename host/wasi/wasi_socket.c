/*
 * wasi_socket.c: the four socket functions. Preview 1 has no way to make a socket and we
 * hand none in as one (an inherited stream may be a socket, but is a stream to the guest):
 * every descriptor is "not a socket".
 */
#include "host/wasi/wasi_call.h"

#include "host/wasi/wasi_state.h"

static enum wasi_errno not_a_socket(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error =
			wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0), 0, &entry);
	return error ? error : WASI_ERRNO_NOTSOCK;
}

enum wasi_errno wasi_sock_accept(struct wasi_call *call, const union sv_value *arguments)
{
	return not_a_socket(call, arguments);
}

enum wasi_errno wasi_sock_recv(struct wasi_call *call, const union sv_value *arguments)
{
	return not_a_socket(call, arguments);
}

enum wasi_errno wasi_sock_send(struct wasi_call *call, const union sv_value *arguments)
{
	return not_a_socket(call, arguments);
}

enum wasi_errno wasi_sock_shutdown(struct wasi_call *call, const union sv_value *arguments)
{
	return not_a_socket(call, arguments);
}
