/*
 * wasi_fd_io.c: bytes in and out of descriptors, and the position in a file.
 *
 * Host calls read and write the guest's memory directly. A signal (the deadline's) makes
 * them return, and the guest gets EINTR: nothing here starts a call again.
 */
#include "host/wasi/wasi_call.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/wasi/wasi_state.h"

static enum wasi_errno transfer_result(ssize_t moved, uint32_t *count)
{
	if (moved < 0)
		return wasi_errno_of_host(errno);
	*count = (uint32_t)moved; /* the kernel moves less than 2 GiB at a time */
	return WASI_ERRNO_SUCCESS;
}

/* AGAIN if the guest wants not to wait on a borrowed descriptor and would have to. */
static enum wasi_errno entry_is_ready(const struct wasi_entry *entry, short events)
{
	struct pollfd ready = {.fd = entry->fd, .events = events};
	if (entry->owned || !(entry->flags & WASI_FDFLAG_NONBLOCK))
		return WASI_ERRNO_SUCCESS;
	int count = poll(&ready, 1, 0);
	if (count < 0)
		return wasi_errno_of_host(errno);
	return count ? WASI_ERRNO_SUCCESS : WASI_ERRNO_AGAIN;
}

/* ---- streams in memory ---- */

/* Into one buffer. What has come before in the same call is told, whatever comes next. */
static enum wasi_errno source_give(struct wasi_memory_stream *stream, const struct iovec *to,
		uint32_t *count, bool *is_more)
{
	size_t given = 0;
	enum wasi_given state = stream->ends.source.function(stream->ends.source.data,
			to->iov_base, to->iov_len, &given);
	*count += (uint32_t)given;
	*is_more = state == WASI_GIVEN && given == to->iov_len;
	if (*count || state == WASI_GIVEN || state == WASI_GIVEN_END)
		return WASI_ERRNO_SUCCESS;
	stream->waits = state == WASI_GIVEN_LATER;
	return stream->waits ? WASI_ERRNO_AGAIN : WASI_ERRNO_IO;
}

static enum wasi_errno source_read(struct wasi_memory_stream *stream,
		const struct wasi_vector *vector, uint32_t *count)
{
	enum wasi_errno error = WASI_ERRNO_SUCCESS;
	bool is_more = true;
	*count = 0;
	stream->waits = false;
	for (unsigned i = 0; i < vector->count && is_more && !error; i++) {
		const struct iovec *to = &vector->buffers[i];
		if (to->iov_len > UINT32_MAX - *count)
			break;
		if (to->iov_len)
			error = source_give(stream, to, count, &is_more);
	}
	return error;
}

static enum wasi_errno stream_read(struct wasi_memory_stream *stream,
		const struct wasi_vector *vector, uint32_t *count)
{
	if (stream->ends.kind == WASI_STREAM_SOURCE)
		return source_read(stream, vector, count);
	if (stream->ends.kind != WASI_STREAM_INPUT)
		return WASI_ERRNO_BADF;
	struct sv_bytes input = stream->ends.input;
	*count = 0;
	for (unsigned i = 0; i < vector->count; i++) {
		size_t length = input.length - stream->position;
		if (length > vector->buffers[i].iov_len)
			length = vector->buffers[i].iov_len;
		/* A sum of 4 GiB or more cannot be told in the result. */
		if (length > UINT32_MAX - *count)
			length = UINT32_MAX - *count;
		if (length)
			memcpy(vector->buffers[i].iov_base, input.data + stream->position, length);
		stream->position += length;
		*count += (uint32_t)length;
	}
	return WASI_ERRNO_SUCCESS;
}

/* Append as much as the buffer takes; `taken` tells how much that was. */
static enum wasi_errno buffer_take(struct buffer *buffer, const struct iovec *data, size_t *taken)
{
	*taken = data->iov_len;
	if (buffer->limit && *taken > buffer->limit - buffer->length)
		*taken = buffer->limit - buffer->length;
	return buffer_append(buffer, data->iov_base, *taken, NULL) ? WASI_ERRNO_SUCCESS
								   : WASI_ERRNO_NOMEM;
}

static enum wasi_errno pipe_take(struct wasi_memory_stream *stream, const struct iovec *data,
		size_t *taken)
{
	struct sv_bytes bytes = {data->iov_base, data->iov_len};
	*taken = 0;
	switch (stream->ends.pipe.function(stream->ends.pipe.data, bytes, taken)) {
	case WASI_TAKEN:
		return WASI_ERRNO_SUCCESS;
	case WASI_TAKEN_LATER:
		stream->waits = true;
		return WASI_ERRNO_AGAIN;
	case WASI_TAKEN_FULL:
		stream->limit_hit = true;
		return WASI_ERRNO_NOSPC;
	case WASI_TAKEN_GONE:
		break;
	}
	return WASI_ERRNO_PIPE;
}

static enum wasi_errno stream_take(struct wasi_memory_stream *stream, const struct iovec *data,
		size_t *taken)
{
	if (stream->ends.kind == WASI_STREAM_PIPE)
		return pipe_take(stream, data, taken);
	if (stream->ends.kind == WASI_STREAM_BUFFER)
		return buffer_take(stream->ends.buffer, data, taken);
	if (stream->ends.kind != WASI_STREAM_SINK)
		return WASI_ERRNO_BADF;
	bool wanted = stream->ends.sink.function(stream->ends.sink.data, data->iov_base,
			data->iov_len);
	*taken = wanted ? data->iov_len : 0;
	return WASI_ERRNO_SUCCESS;
}

static enum wasi_errno stream_write(struct wasi_memory_stream *stream,
		const struct wasi_vector *vector, uint32_t *count)
{
	*count = 0;
	stream->waits = false;
	for (unsigned i = 0; i < vector->count; i++) {
		struct iovec data = vector->buffers[i];
		size_t taken;
		if (data.iov_len == 0)
			continue;
		if (data.iov_len > UINT32_MAX - *count)
			return WASI_ERRNO_SUCCESS;
		enum wasi_errno error = stream_take(stream, &data, &taken);
		if (error)
			return *count ? WASI_ERRNO_SUCCESS : error;
		*count += (uint32_t)taken;
		if (taken < data.iov_len && stream->ends.kind == WASI_STREAM_PIPE)
			return WASI_ERRNO_SUCCESS;
		if (taken < data.iov_len) {
			stream->limit_hit = true;
			return *count ? WASI_ERRNO_SUCCESS : WASI_ERRNO_NOSPC;
		}
	}
	return WASI_ERRNO_SUCCESS;
}

/* ---- reading and writing at the position ---- */

static enum wasi_errno entry_read(struct wasi_entry *entry, const struct wasi_vector *vector,
		uint32_t *count)
{
	if (entry->kind == WASI_ENTRY_MEMORY)
		return stream_read(entry->stream, vector, count);
	enum wasi_errno error = entry_is_ready(entry, POLLIN);
	if (error)
		return error;
	return transfer_result(readv(entry->fd, vector->buffers, (int)vector->count), count);
}

static enum wasi_errno entry_write(struct wasi_entry *entry, const struct wasi_vector *vector,
		uint32_t *count)
{
	if (entry->kind == WASI_ENTRY_MEMORY)
		return stream_write(entry->stream, vector, count);
	enum wasi_errno error = entry_is_ready(entry, POLLOUT);
	if (error)
		return error;
	/* Files are not opened with O_APPEND, since that would change fd_pwrite too. */
	bool append = (entry->flags & WASI_FDFLAG_APPEND) &&
			entry->filetype == WASI_FILETYPE_REGULAR_FILE;
	ssize_t written = append
			? pwritev2(entry->fd, vector->buffers, (int)vector->count, -1, RWF_APPEND)
			: writev(entry->fd, vector->buffers, (int)vector->count);
	return transfer_result(written, count);
}

/* What a function of this family needs before it moves anything. */
static enum wasi_errno vector_and_result(struct wasi_call *call, const union sv_value *arguments,
		struct wasi_vector *vector, uint32_t result_address)
{
	enum wasi_errno error = wasi_vector_read(call, vector, wasi_u32(arguments, 1),
			wasi_u32(arguments, 2));
	if (!error && !wasi_is_inside(call, result_address, sizeof(uint32_t)))
		return WASI_ERRNO_FAULT;
	return error;
}

/* Whether a read that found nothing is to be made again, as the guest has not said otherwise. */
static bool entry_waits(const struct wasi_entry *entry)
{
	return entry->kind == WASI_ENTRY_MEMORY && entry->stream->waits &&
			!(entry->flags & WASI_FDFLAG_NONBLOCK);
}

enum wasi_errno wasi_fd_read(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t count = 0;
	struct wasi_vector vector;
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_READ, &entry);
	if (!error)
		error = vector_and_result(call, arguments, &vector, wasi_u32(arguments, 3));
	if (!error)
		error = entry_read(entry, &vector, &count);
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 3), count);
	if (error == WASI_ERRNO_AGAIN && entry_waits(entry)) {
		call->wasi->config.sleep(call->wasi->config.user, UINT64_MAX);
		call->result = SV_HOST_SUSPEND;
	}
	return error;
}

enum wasi_errno wasi_fd_write(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t count = 0;
	struct wasi_vector vector;
	struct wasi_entry *entry;
	enum wasi_errno error = wasi_table_find(&call->wasi->table, wasi_u32(arguments, 0),
			WASI_RIGHT_FD_WRITE, &entry);
	if (!error)
		error = vector_and_result(call, arguments, &vector, wasi_u32(arguments, 3));
	if (!error)
		error = entry_write(entry, &vector, &count);
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 3), count);
	if (error == WASI_ERRNO_AGAIN && entry->kind == WASI_ENTRY_MEMORY && entry->stream->waits)
		call->result = SV_HOST_SUSPEND;
	return error;
}

/* ---- reading and writing elsewhere ---- */

/* Find the file, the buffers and the offset of pread and pwrite. */
static enum wasi_errno positioned(struct wasi_call *call, const union sv_value *arguments,
		uint64_t right, struct wasi_vector *vector, struct wasi_entry **entry)
{
	enum wasi_errno error = wasi_table_find_file(&call->wasi->table, wasi_u32(arguments, 0),
			right, entry);
	if (!error)
		error = vector_and_result(call, arguments, vector, wasi_u32(arguments, 4));
	if (!error && wasi_u64(arguments, 3) > INT64_MAX)
		error = WASI_ERRNO_INVAL;
	return error;
}

enum wasi_errno wasi_fd_pread(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t count = 0;
	struct wasi_vector vector;
	struct wasi_entry *entry;
	enum wasi_errno error = positioned(call, arguments, WASI_RIGHT_FD_READ, &vector, &entry);
	if (!error)
		error = transfer_result(preadv(entry->fd, vector.buffers, (int)vector.count,
							arguments[3].i64),
				&count);
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 4), count);
	return error;
}

enum wasi_errno wasi_fd_pwrite(struct wasi_call *call, const union sv_value *arguments)
{
	uint32_t count = 0;
	struct wasi_vector vector;
	struct wasi_entry *entry;
	enum wasi_errno error = positioned(call, arguments, WASI_RIGHT_FD_WRITE, &vector, &entry);
	if (!error)
		error = transfer_result(pwritev(entry->fd, vector.buffers, (int)vector.count,
							arguments[3].i64),
				&count);
	if (!error)
		(void)wasi_put_u32(call, wasi_u32(arguments, 4), count);
	return error;
}

/* ---- the position ---- */

static enum wasi_errno seek_to(struct wasi_call *call, struct wasi_entry *entry, int64_t offset,
		int whence, uint32_t result_address)
{
	if (!wasi_is_inside(call, result_address, sizeof(uint64_t)))
		return WASI_ERRNO_FAULT;
	off_t position = lseek(entry->fd, offset, whence);
	if (position < 0)
		return wasi_errno_of_host(errno);
	(void)wasi_put_u64(call, result_address, (uint64_t)position);
	return WASI_ERRNO_SUCCESS;
}

/* Streams lack the right to seek as well; SPIPE is what programs expect of them. */
static enum wasi_errno find_to_seek(struct wasi_call *call, uint32_t number, uint64_t right,
		struct wasi_entry **entry)
{
	enum wasi_errno error = wasi_table_find_file(&call->wasi->table, number, right, entry);
	if (error == WASI_ERRNO_NOTCAPABLE && lseek((*entry)->fd, 0, SEEK_CUR) < 0)
		return WASI_ERRNO_SPIPE;
	return error;
}

enum wasi_errno wasi_fd_seek(struct wasi_call *call, const union sv_value *arguments)
{
	/* In the order of preview 1's numbers. */
	static const int whences[] = {SEEK_SET, SEEK_CUR, SEEK_END};
	int64_t offset = arguments[1].i64;
	uint32_t whence = wasi_u32(arguments, 2);
	struct wasi_entry *entry;
	/* Only asking where the position is needs no more than the right of fd_tell. */
	bool tells = offset == 0 && whence == WASI_WHENCE_CUR;
	enum wasi_errno error = find_to_seek(call, wasi_u32(arguments, 0),
			tells ? WASI_RIGHT_FD_TELL : WASI_RIGHT_FD_SEEK, &entry);
	if (error)
		return error;
	if (whence >= ARRAY_LENGTH(whences))
		return WASI_ERRNO_INVAL;
	return seek_to(call, entry, offset, whences[whence], wasi_u32(arguments, 3));
}

enum wasi_errno wasi_fd_tell(struct wasi_call *call, const union sv_value *arguments)
{
	struct wasi_entry *entry;
	enum wasi_errno error =
			find_to_seek(call, wasi_u32(arguments, 0), WASI_RIGHT_FD_TELL, &entry);
	if (error)
		return error;
	return seek_to(call, entry, 0, SEEK_CUR, wasi_u32(arguments, 1));
}
