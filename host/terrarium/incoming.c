/*
 * incoming.c: the request that came. Its body may come while the guest runs; the ABI hands it over
 * in one piece, so the guest that asks for it waits for all of it.
 */
#include "host/terrarium/terrarium.h"

#include <stdlib.h>

#include "host/intake.h"

/* Bytes of a body that are taken at once. */
static const size_t piece = 32 * 1024;

/* Room for so many fields, which are as many as the server's limit lets through. */
static bool incoming_reserve(struct terrarium_guest *guest, size_t count)
{
	if (count <= guest->header_room)
		return true;
	struct host_header *headers = realloc(guest->headers, count * sizeof *headers);
	if (!headers)
		return false;
	guest->headers = headers;
	guest->header_room = count;
	return true;
}

/*
 * The request with its client's address in the two fields where Terrarium had it; what a client
 * says there itself is nothing to go by.
 */
bool terrarium_incoming_make(struct terrarium_guest *guest)
{
	static const char *const names[] = {"fastly-client-ip", "x-fastly-client-ip"};
	const struct host_request *request = guest->call->request;
	size_t count = 0;
	if (!incoming_reserve(guest, request->header_count + ARRAY_LENGTH(names)))
		return false;
	for (size_t i = 0; i < request->header_count; i++) {
		bool is_ours = false;
		for (size_t k = 0; k < ARRAY_LENGTH(names); k++)
			is_ours |= host_name_equal(request->headers[i].name, host_text(names[k]));
		if (!is_ours)
			guest->headers[count++] = request->headers[i];
	}
	for (size_t k = 0; k < ARRAY_LENGTH(names); k++)
		guest->headers[count++] = (struct host_header){
				host_text(names[k]), host_text(request->remote_address)};
	guest->incoming = *request;
	guest->incoming.headers = guest->headers;
	guest->incoming.header_count = count;
	return true;
}

void terrarium_incoming_drop(struct terrarium_guest *guest)
{
	/* As for responses: what is large is not kept for small ones. */
	static const size_t kept = 256 * 1024;
	guest->held -= guest->body.length;
	guest->body.length = 0;
	if (guest->body.capacity > kept)
		buffer_finish(&guest->body);
	guest->incoming = (struct host_request){0};
}

void terrarium_incoming_finish(struct terrarium_guest *guest)
{
	buffer_finish(&guest->body);
	free(guest->headers);
}

/* What came counts as the guest's. */
static bool body_keep(struct terrarium_guest *guest, size_t count)
{
	size_t most = guest->call->guest->max_memory;
	guest->body.length += count;
	guest->held += count;
	return !most || guest->held <= most;
}

/* The rest will not come, which the ABI cannot say: the guest is ended. */
static enum sv_host_result body_is_broken(struct sv_caller *caller, struct terrarium_guest *guest)
{
	host_outcome_set(guest->call->outcome, HOST_LEFT, "the request's body was cut off: %s",
			host_intake_failure(guest->incoming.intake));
	sv_store_interrupt(sv_caller_store(caller));
	return SV_HOST_OK;
}

static enum sv_host_result body_is_too_much(struct sv_caller *caller,
		const struct terrarium_guest *guest)
{
	sv_caller_set_trap(caller, SV_TRAP_HOST,
			"the request's body and what else the guest holds of requests and "
			"responses are more than %llu bytes, the guest's limit of memory",
			(unsigned long long)guest->call->guest->max_memory);
	return SV_HOST_TRAP;
}

bool terrarium_incoming_gather(struct sv_caller *caller, enum sv_host_result *result)
{
	struct terrarium_guest *guest = terrarium_of(caller);
	struct buffer *body = &guest->body;
	enum host_intake_progress progress = HOST_INTAKE_READY;
	(void)terrarium_is_again(guest);
	if (!guest->incoming.intake)
		return true;
	while (progress == HOST_INTAKE_READY) {
		size_t count = 0;
		if (!buffer_reserve(body, piece, NULL)) {
			sv_caller_set_trap(caller, SV_TRAP_HOST,
					"no memory for the request's body");
			*result = SV_HOST_TRAP;
			return false;
		}
		progress = host_intake_read(guest->incoming.intake, body->data + body->length,
				piece, &count);
		if (!body_keep(guest, count)) {
			*result = body_is_too_much(caller, guest);
			return false;
		}
	}
	if (progress == HOST_INTAKE_END) {
		guest->incoming.intake = NULL;
		guest->incoming.body = buffer_view(body);
		return true;
	}
	*result = progress == HOST_INTAKE_LATER ? terrarium_wait(guest)
						: body_is_broken(caller, guest);
	return false;
}
