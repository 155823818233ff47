/*
 * output.c: what a CGI program writes on its standard output. It is kept, so that a guest that
 * fails is answered for with an error and one that is done waits for no client, until the guest
 * waits or there is more than may be kept; from then on it goes to the client as it comes.
 */
#include "host/cgi/cgi.h"

#include "host/stream.h"

/* Give up what was read of a head. */
static void head_forget(struct host_response *response)
{
	response->status = 200;
	response->field_count = 0;
	response->text.length = 0;
	response->body_start = 0;
	response->announced = -1;
}

/* Begin the response, if the head is there and good; what is wrong is found again in the end. */
static void stream_begin(struct cgi_output *output)
{
	const struct host_call *call = output->call;
	struct host_response *response = call->response;
	bool is_head = host_name_equal(call->request->method, host_text("HEAD"));
	if (output->is_kept || !cgi_reply_has_head(buffer_view(&response->body)))
		return;
	bool is_good = !is_head && cgi_reply_read(response, false, false, NULL) &&
			response->status != 204 && response->status != 304;
	if (!is_good) {
		output->is_kept = true;
		head_forget(response);
		return;
	}
	int64_t there = (int64_t)(response->body.length - response->body_start);
	output->is_streamed = true;
	host_stream_begin(call->stream, response->announced < 0 ? -1 : response->announced - there);
	host_stream_flush(call->stream);
}

static enum wasi_taken stream_take(struct cgi_output *output, struct sv_bytes bytes, size_t *count)
{
	struct host_call *call = output->call;
	switch (host_stream_write(call->stream, bytes, count)) {
	case HOST_STREAM_READY:
		return WASI_TAKEN;
	case HOST_STREAM_LATER:
		call->wake = UINT64_MAX;
		call->calls_again = true;
		return WASI_TAKEN_LATER;
	case HOST_STREAM_TOO_LONG:
		output->is_wrong = true;
		return WASI_TAKEN_FULL;
	case HOST_STREAM_LOST:
		break;
	}
	return WASI_TAKEN_GONE;
}

enum wasi_taken cgi_output_take(void *data, struct sv_bytes bytes, size_t *count)
{
	struct cgi_output *output = data;
	struct buffer *body = &output->call->response->body;
	if (!output->is_streamed && body->limit && body->length >= body->limit)
		stream_begin(output);
	if (output->is_streamed)
		return stream_take(output, bytes, count);
	*count = bytes.length;
	if (body->limit && *count > body->limit - body->length)
		*count = body->limit - body->length;
	if (!*count || !buffer_append(body, bytes.data, *count, NULL))
		return WASI_TAKEN_FULL;
	return WASI_TAKEN;
}

void cgi_output_flush(struct cgi_output *output)
{
	if (!output->is_streamed)
		stream_begin(output);
}

void cgi_output_end(struct cgi_output *output)
{
	const struct host_call *call = output->call;
	enum host_stream_progress progress =
			output->is_wrong ? HOST_STREAM_TOO_LONG : host_stream_end(call->stream);
	if (progress != HOST_STREAM_READY && !host_stream_loss(call->stream))
		host_outcome_set(call->outcome, HOST_INVALID,
				"no valid CGI response: a body that is %s than its Content-Length",
				output->is_wrong ? "longer" : "shorter");
}
