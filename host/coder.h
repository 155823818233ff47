/*
 * coder.h: bytes in, packed bytes out: one content coding of HTTP and the library that has it.
 */
#ifndef SELVAGE_HOST_CODER_H
#define SELVAGE_HOST_CODER_H

#include "base/bytes.h"
#include "base/check.h"

/* Of those a client likes as well, the last is chosen. */
enum host_coding { HOST_PLAIN = 0, HOST_GZIP, HOST_BROTLI };

enum coder_step {
	CODER_ADD,   /* something may come out, now or later */
	CODER_FLUSH, /* all that went in comes out */
	CODER_END,   /* the same, and nothing follows */
};

struct coder;

/* Not for HOST_PLAIN. NULL: no memory. */
struct coder *coder_new(enum host_coding coding);

/* NULL is allowed. */
void coder_free(struct coder *coder);

/* What comes out is appended. False: there is no memory for it. */
SV_MUST_USE bool coder_run(struct coder *coder, struct sv_bytes bytes, enum coder_step step,
		struct buffer *out);

/* As in Content-Encoding; not for HOST_PLAIN. */
const char *coding_name(enum host_coding coding);

#endif
