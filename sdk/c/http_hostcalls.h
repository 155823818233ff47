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
typedef int32_t pending_request_t;

/* The request that this instance was made for. */
#define REQUEST_INCOMING ((request_t)0)

/* The response that its client will get. */
#define RESPONSE_OUTGOING ((response_t)0)

/* In place of a handle: there is none, or it is not there yet. */
#define HANDLE_ERROR (-1)
#define HANDLE_NOT_READY (-2)

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

/* ---- the guest's own requests ---- */

/*
 * Begin a request to an absolute URL, http or https; the request functions above read it. -1 if
 * it cannot be made. Whenever a function here gives -1, the server's log says why.
 */
request_t HOSTCALL(hostcall_req_create)(const char *method, size_t method_length, const char *url,
		size_t url_length);

/* Set the values of one header, in place of all that it had; set the body. */
enum value_status HOSTCALL(hostcall_req_set_header)(request_t request, const char *name,
		size_t name_length, const struct string_slice *values, size_t count);
enum value_status HOSTCALL(hostcall_req_set_body)(request_t request, const void *body,
		size_t length);

/*
 * Send it: the request is gone then. Redirects are followed, at most ten. The first waits for the
 * whole response, the second does not. -1: there is no response, or the request is not sent.
 */
response_t HOSTCALL(hostcall_req_send)(request_t request);
pending_request_t HOSTCALL(hostcall_req_send_async)(request_t request);

/* Wait for the response, or look whether it is there (-2: not yet). */
response_t HOSTCALL(hostcall_pending_req_wait)(pending_request_t pending);
response_t HOSTCALL(hostcall_pending_req_poll)(pending_request_t pending);

/*
 * Wait for the first of `count` responses. `ready` is the request that is gone then, whose
 * response there is or, if -1 is returned, is not.
 */
response_t HOSTCALL(hostcall_pending_req_select)(const pending_request_t *pending, size_t count,
		pending_request_t *ready);

/* The same of a response as of a request; of the outgoing one, what has been set so far. */
void HOSTCALL(hostcall_resp_get_headers)(struct string_slice **names, size_t *count,
		response_t response);
void HOSTCALL(hostcall_resp_get_header)(struct string_slice **values, size_t *count,
		response_t response, const char *name, size_t name_length);
void HOSTCALL(hostcall_resp_get_body)(uint8_t **body, size_t *length, response_t response);
uint32_t HOSTCALL(hostcall_resp_get_response_code)(response_t response);

/* ---- the key-value store of the deployment, which all its requests share ---- */

/*
 * Each is done at once, whatever other requests do meanwhile, and tells whether the key is new.
 * `insert` replaces what is there, `upsert` does not, `append` puts the value behind it.
 */
_Bool HOSTCALL(hostcall_kvstore_insert)(const char *key, size_t key_length, const void *value,
		size_t length);
_Bool HOSTCALL(hostcall_kvstore_upsert)(const char *key, size_t key_length, const void *value,
		size_t length);
_Bool HOSTCALL(hostcall_kvstore_append)(const char *key, size_t key_length, const void *value,
		size_t length);

/* Whether the key is there. */
_Bool HOSTCALL(hostcall_kvstore_get)(uint8_t **value, size_t *length, const char *key,
		size_t key_length);

/* Whether it was. */
_Bool HOSTCALL(hostcall_kvstore_remove)(const char *key, size_t key_length);

/* ---- names ---- */

/*
 * Ask the server's name servers with a message of RFC 1035, whose whole answer is given; or for
 * the addresses of a name, each of which is a string of 4 or 16 bytes. False: there is none, and
 * nothing may have been given.
 */
_Bool HOSTCALL(hostcall_dns_query_raw)(uint8_t **answer, size_t *length, const void *query,
		size_t query_length);
_Bool HOSTCALL(hostcall_dns_query_ip)(struct string_slice **addresses, size_t *count,
		const char *name, size_t name_length, _Bool ipv6);

/* ---- random numbers, time ---- */

/* 64 random bits, fit for keys. */
uint64_t HOSTCALL(hostcall_rng_next_u64)(void);

/* Seconds since the beginning of 1970 (UTC), and nanoseconds since then unless NULL. */
int64_t HOSTCALL(hostcall_time_now)(uint32_t *nanoseconds);

#undef HOSTCALL

#endif
