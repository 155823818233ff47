/*
 * calls.c: a Fastly Compute guest that makes the calls its request's body asks for, and answers
 * with what they gave. calls.h, made from host/fastly/fastly.def, has call_function.
 *
 * A request is words: an operation and its operands. The answer has a word for the status of each
 * call, and the bytes of each peek; it is not sent if a call has sent one.
 */
#include <stdint.h>

#include "calls.h"

enum { OP_CALL = 1, OP_POKE, OP_PEEK, OP_DIFF, OP_COPY, OP_STREAM };

enum { ARGUMENT_VALUE = 0, ARGUMENT_LOAD };

/* Fixed places: what requests name is in `room`, whose address they know. */
extern uint8_t __heap_base;
static uint8_t script[1 << 17], output[1 << 17], before[1 << 16];
static uint32_t output_length;
static int has_sent;

static uint8_t *room(void)
{
	return (uint8_t *)ROOM;
}

static void give(const void *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length && output_length < sizeof output; i++)
		output[output_length++] = ((const uint8_t *)bytes)[i];
}

static const uint8_t *run_call(const uint8_t *at, int tells_difference)
{
	const uint32_t *words = (const uint32_t *)at;
	int64_t arguments[16];
	for (uint32_t i = 0; i < words[1]; i++) {
		uint32_t value = words[3 + 2 * i];
		if (words[2 + 2 * i] == ARGUMENT_LOAD)
			value = *(const uint32_t *)(uintptr_t)value;
		arguments[i] = value;
	}
	for (uint32_t i = 0; tells_difference && i < sizeof before; i++)
		before[i] = room()[i];
	int32_t status = call_function(words[0], arguments);
	uint32_t different = 0;
	for (uint32_t i = 0; tells_difference && i < sizeof before; i++)
		different += before[i] != room()[i];
	has_sent |= words[0] == SEND_FUNCTION && status == 0;
	give(&status, 4);
	if (tells_difference)
		give(&different, 4);
	return at + 8 + 8 * words[1];
}

static const uint8_t *run_poke(const uint8_t *at)
{
	const uint32_t *words = (const uint32_t *)at;
	uint8_t *to = (uint8_t *)(uintptr_t)words[0];
	for (uint32_t i = 0; i < words[1]; i++)
		to[i] = at[8 + i];
	return at + 8 + (words[1] + 3) / 4 * 4;
}

static void say(const char *line, uint32_t length)
{
	uint32_t endpoint, written;
	if (fastly_log_endpoint_get((uint32_t)"guest", 5, (uint32_t)&endpoint) == 0)
		fastly_log_write(endpoint, (uint32_t)line, length, (uint32_t)&written);
}

/* Write some memory to a body, all of it, so many times, or until that fails. */
static void run_stream(uint32_t body, uint32_t from, uint32_t length, uint32_t times)
{
	char line[] = "a write gave  0";
	int32_t status = 0;
	for (uint32_t i = 0; i < times; i++) {
		for (uint32_t at = 0, count; at < length && !status; at += count)
			status = fastly_http_body_write(body, from + at, length - at, 0,
					(uint32_t)&count);
	}
	line[sizeof line - 2] = (char)('0' + status % 10);
	if (status)
		say(line, sizeof line - 1);
}

static void run(const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		const uint32_t *words = (const uint32_t *)at;
		if (words[0] == OP_CALL || words[0] == OP_DIFF) {
			at = run_call(at + 4, words[0] == OP_DIFF);
		} else if (words[0] == OP_POKE) {
			at = run_poke(at + 4);
		} else if (words[0] == OP_PEEK) {
			give((const void *)(uintptr_t)words[1], words[2]);
			at += 12;
		} else if (words[0] == OP_COPY) {
			for (uint32_t i = 0; i < words[3]; i++)
				((uint8_t *)(uintptr_t)words[1])[i] =
						((const uint8_t *)(uintptr_t)words[2])[i];
			at += 16;
		} else if (words[0] == OP_STREAM) {
			run_stream(*(const uint32_t *)(uintptr_t)words[1], words[2], words[3],
					words[4]);
			at += 20;
		} else {
			__builtin_trap();
		}
	}
}

__attribute__((export_name("_start"))) void start(void)
{
	uint32_t request, body, response, written, length = 0, count;
	if (fastly_abi_init(1) != 0 ||
			fastly_http_req_body_downstream_get((uint32_t)&request, (uint32_t)&body) !=
					0)
		__builtin_trap();
	do {
		if (fastly_http_body_read(body, (uint32_t)(script + length), sizeof script - length,
				    (uint32_t)&count) != 0)
			__builtin_trap();
		length += count;
	} while (count);
	fastly_http_body_close(body);
	run(script, script + length);
	if (has_sent)
		return;
	fastly_http_body_new((uint32_t)&body);
	fastly_http_resp_new((uint32_t)&response);
	fastly_http_body_write(body, (uint32_t)output, output_length, 0, (uint32_t)&written);
	fastly_http_resp_send_downstream(response, body, 0);
}
