/*
 * spare.c: exchanges and input buffers are kept for the next request or connection, so
 * that a server in its steady state allocates nothing for a request.
 */
#include "server/connection.h"

#include <stdlib.h>

/* Enough for the requests of a busy moment; what is beyond is freed. */
static const size_t most_spares = 256;

struct exchange *spare_exchange_take(struct server *server)
{
	struct exchange *exchange = server->exchanges;
	if (!exchange)
		return exchange_new(&server->limits);
	server->exchanges = exchange->next;
	server->exchange_count--;
	exchange->next = NULL;
	return exchange;
}

void spare_exchange_give(struct server *server, struct exchange *exchange)
{
	if (server->exchange_count >= most_spares) {
		exchange_free(exchange);
		return;
	}
	exchange_reset(exchange);
	exchange->next = server->exchanges;
	server->exchanges = exchange;
	server->exchange_count++;
}

struct input *spare_input_take(struct server *server)
{
	struct input *input = server->inputs;
	if (input) {
		server->inputs = input->next;
		server->input_count--;
	} else {
		input = malloc(sizeof *input + server->input_size);
		if (!input)
			return NULL;
	}
	input->next = NULL;
	input->start = input->end = 0;
	return input;
}

void spare_input_give(struct server *server, struct input *input)
{
	if (server->input_count >= most_spares) {
		free(input);
		return;
	}
	input->next = server->inputs;
	server->inputs = input;
	server->input_count++;
}

void spare_finish(struct server *server)
{
	while (server->exchanges) {
		struct exchange *exchange = server->exchanges;
		server->exchanges = exchange->next;
		exchange_free(exchange);
	}
	while (server->inputs) {
		struct input *input = server->inputs;
		server->inputs = input->next;
		free(input);
	}
}
