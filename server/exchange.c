/*
 * exchange.c: memory of requests in flight.
 */
#include "server/exchange.h"

#include <stdlib.h>

#include "host/lend.h"

struct exchange *exchange_new(const struct server_limits *limits)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);
	if (!exchange)
		return NULL;
	exchange->headers = calloc(limits->header_fields + 1, sizeof *exchange->headers);
	if (!exchange->headers) {
		free(exchange);
		return NULL;
	}
	exchange->response.body.limit = limits->response_bytes;
	exchange->response.text.limit = limits->response_head_bytes;
	exchange->response.field_limit = limits->response_fields;
	/* As much again is on its way in the connection. */
	host_stream_init(&exchange->stream, limits->stream_bytes / 2, &exchange->response);
	exchange->stream.pack.request = &exchange->request;
	exchange->stream.pack.response = &exchange->response;
	exchange->stream.pack.from = limits->pack_bytes;
	const struct host_response most = {
			.text.limit = limits->head_bytes, .field_limit = limits->header_fields};
	host_intake_init(&exchange->intake, limits->stream_bytes / 2, &most);
	host_response_reset(&exchange->response);
	return exchange;
}

bool exchange_pack(struct exchange *exchange, size_t most)
{
	if (exchange->outcome.ending != HOST_ANSWERED ||
			host_stream_look(&exchange->stream, NULL) != HOST_STREAM_NONE)
		return true;
	if (host_response_body(&exchange->response).length > most &&
			host_pack_coding(&exchange->request) != HOST_PLAIN)
		return false;
	host_pack_whole(&exchange->stream.pack);
	return true;
}

void exchange_reset(struct exchange *exchange)
{
	/* As for responses: a large body is not kept for small ones. */
	static const size_t kept = 256 * 1024;
	if (exchange->body.capacity > kept)
		buffer_finish(&exchange->body);
	exchange->body.length = 0;
	exchange->request = (struct host_request){0}; /* its views are dead */
	host_client_release(exchange->tls.client);
	exchange->tls = (struct host_tls){0};
	exchange->next = NULL;
	exchange->text.length = 0;
	exchange->owner = NULL;
	exchange->waker = NULL;
	exchange->executor = NULL;
	exchange->sent = 0;
	exchange->outcome.ending = HOST_ANSWERED;
	exchange->outcome.trap = 0;
	exchange->outcome.cause[0] = exchange->outcome.frames[0] = '\0';
	host_response_reset(&exchange->response);
	host_stream_reset(&exchange->stream);
	host_intake_reset(&exchange->intake);
}

void exchange_free(struct exchange *exchange)
{
	if (!exchange)
		return;
	host_client_release(exchange->tls.client);
	host_response_finish(&exchange->response);
	host_stream_finish(&exchange->stream);
	host_intake_finish(&exchange->intake);
	buffer_finish(&exchange->body);
	buffer_finish(&exchange->text);
	free(exchange->headers);
	free(exchange);
}
