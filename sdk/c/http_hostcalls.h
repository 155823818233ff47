/*
 * http_hostcalls.h: what a guest written in C may ask of `selvage serve`.
 *
 * A guest is a module for wasm32 without a system interface. It exports one function,
 *
 *	__attribute__((export_name("run"))) void run(void);
 *
 * which the server calls once for every request, each time in a fresh instance: nothing
 * is left of earlier requests. The request is behind the handle REQUEST_INCOMING. The
 * response behind RESPONSE_OUTGOING begins as status 200 with an empty body, and is sent
 * when `run` returns. A guest that traps or takes too long is answered for with 5xx.
 *
 * Data from the host comes in blocks that the host allocates with the guest's own malloc,
 * so the guest calls hostcall_init_mm first, and frees what it got: every string of a list,
 * then the list. Empty strings and lists come as NULL and 0, with nothing to free. A length
 * counts bytes; do not expect a NUL after them.
 *
 * Numbers, types and names are those of the Terrarium interface. A function that is not
 * called is not imported.
 */
#ifndef HTTP_HOSTCALLS_H
#define HTTP_HOSTCALLS_H

#include <stddef.h>
#include <stdint.h>

#define HOSTCALL(name) __attribute__((import_module("env"), import_name(#name))) name

/* Handles. */
typedef int32_t request_t;
typedef int32_t response_t;

/* The request that this instance was made for. */
#define REQUEST_INCOMING ((request_t)0)

/* The response that its client will get. */
#define RESPONSE_OUTGOING ((response_t)0)

/* Bytes of the guest's memory. */
struct string_slice {
	const char *ptr;
	size_t len;
};

/* What the host thinks of a value it was given. */
enum value_status {
	value_status_ok = 0,
	value_status_invalid = 1, /* refused, nothing has changed */
};

/* ---- memory, messages ---- */

/*
 * Name the functions that allocate and free. Called once, before any function below that
 * returns data. `allocate` returns at least `size` bytes (never 0 of them), aligned to 4,
 * or NULL if there is no memory, which ends the request.
 */
void HOSTCALL(hostcall_init_mm)(void *(*allocate)(size_t size), void (*release)(void *block));

/* Report why the guest is about to trap; the guest does that itself: __builtin_trap(). */
void HOSTCALL(hostcall_panic_hook)(const char *text, size_t length);

/* Write a line to the server's log. SIZE_MAX as length: `text` ends with a NUL. */
void HOSTCALL(hostcall_debug)(const char *text, size_t length);

/* ---- the request ---- */

/* The distinct names of the headers. */
void HOSTCALL(hostcall_req_get_headers)(struct string_slice **names, size_t *count,
		request_t request);

/* All values of one header, in the order received; none if the request lacks it. */
void HOSTCALL(hostcall_req_get_header)(struct string_slice **values, size_t *count,
		request_t request, const char *name, size_t name_length);

/* The method, such as "GET". */
void HOSTCALL(hostcall_req_get_method)(char **method, size_t *length, request_t request);

/* The path with the query string, such as "/search?q=wool". */
void HOSTCALL(hostcall_req_get_path)(char **path, size_t *length, request_t request);

/* The whole body; empty if the request has none. */
void HOSTCALL(hostcall_req_get_body)(uint8_t **body, size_t *length, request_t request);

/* ---- the response ---- */

/* Set the values of one header, in place of all that it had. */
enum value_status HOSTCALL(hostcall_resp_set_header)(response_t response, const char *name,
		size_t name_length, const struct string_slice *values, size_t count);

/* Set the body; the host copies it. */
enum value_status HOSTCALL(hostcall_resp_set_body)(response_t response, const void *body,
		size_t length);

/* Set the status code, 100 to 599. */
enum value_status HOSTCALL(hostcall_resp_set_response_code)(response_t response, uint16_t code);

/* ---- random numbers, time ---- */

/* 64 random bits, fit for keys. */
uint64_t HOSTCALL(hostcall_rng_next_u64)(void);

/* Seconds since the beginning of 1970 (UTC), and nanoseconds since then unless NULL. */
int64_t HOSTCALL(hostcall_time_now)(uint32_t *nanoseconds);

#undef HOSTCALL

#endif
