/*
 * coder.c: see coder.h. gzip is zlib's, br is libbrotli's; the levels are argued for in
 * docs/decisions/0030.
 */
#include "host/coder.h"

#include <brotli/encode.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

/* gzip: four fifths of the speed of the fastest levels, for a sixth less to send. */
static const int gzip_level = 4;

/* A window of 32 KiB, and what makes zlib write gzip. */
enum { GZIP_WINDOW = 15 + 16, GZIP_MEMORY = 8 };

/* br: as small as gzip at that level, at nearly twice its speed. */
enum { BROTLI_LEVEL = 3, BROTLI_WINDOW = 18 };

/* Room for output that is made at a time. */
static const size_t piece = 16 * 1024;

struct coder {
	enum host_coding coding;
	z_stream gzip;
	BrotliEncoderState *brotli; /* owned */
};

static bool gzip_begin(struct coder *coder)
{
	return deflateInit2(&coder->gzip, gzip_level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			       Z_DEFAULT_STRATEGY) == Z_OK;
}

static bool brotli_begin(struct coder *coder)
{
	coder->brotli = BrotliEncoderCreateInstance(NULL, NULL, NULL);
	if (!coder->brotli)
		return false;
	BrotliEncoderState *state = coder->brotli;
	check(BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, BROTLI_LEVEL) &&
			BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, BROTLI_WINDOW));
	return true;
}

struct coder *coder_new(enum host_coding coding)
{
	struct coder *coder = calloc(1, sizeof *coder);
	if (!coder)
		return NULL;
	coder->coding = coding;
	if (coding == HOST_BROTLI ? brotli_begin(coder) : gzip_begin(coder))
		return coder;
	free(coder);
	return NULL;
}

void coder_free(struct coder *coder)
{
	if (!coder)
		return;
	if (coder->coding == HOST_BROTLI)
		BrotliEncoderDestroyInstance(coder->brotli);
	else
		deflateEnd(&coder->gzip);
	free(coder);
}

static bool gzip_run(z_stream *z, struct sv_bytes bytes, enum coder_step step, struct buffer *out)
{
	static const int steps[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
	z->next_in = bytes.data;
	z->avail_in = (uInt)bytes.length;
	do {
		if (!buffer_reserve(out, piece, NULL))
			return false;
		z->next_out = out->data + out->length;
		z->avail_out = (uInt)piece;
		int result = deflate(z, steps[step]);
		check(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
		out->length += piece - z->avail_out;
	} while (!z->avail_out);
	return true;
}

static bool brotli_run(BrotliEncoderState *state, struct sv_bytes bytes, enum coder_step step,
		struct buffer *out)
{
	static const BrotliEncoderOperation steps[] = {BROTLI_OPERATION_PROCESS,
			BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_FINISH};
	do {
		if (!buffer_reserve(out, piece, NULL))
			return false;
		size_t room = piece;
		uint8_t *to = out->data + out->length;
		/* Fails only without memory. */
		if (!BrotliEncoderCompressStream(state, steps[step], &bytes.length, &bytes.data,
				    &room, &to, NULL))
			return false;
		out->length += piece - room;
	} while (bytes.length || BrotliEncoderHasMoreOutput(state));
	return true;
}

bool coder_run(struct coder *coder, struct sv_bytes bytes, enum coder_step step, struct buffer *out)
{
	return coder->coding == HOST_BROTLI ? brotli_run(coder->brotli, bytes, step, out)
					    : gzip_run(&coder->gzip, bytes, step, out);
}

const char *coding_name(enum host_coding coding)
{
	check(coding != HOST_PLAIN);
	return coding == HOST_BROTLI ? "br" : "gzip";
}
