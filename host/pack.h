/*
 * pack.h: compression of answers (gzip, br), for clients that say that they take it. On the guest's
 * thread, so that what it costs is the guest's, and nobody else waits for it.
 */
#ifndef SELVAGE_HOST_PACK_H
#define SELVAGE_HOST_PACK_H

#include "host/coder.h"
#include "host/host.h"

struct host_pack {
	const struct host_request *request; /* borrowed */
	struct host_response *response;     /* the same */
	uint64_t from; /* least bytes of a body that is packed; 0: none is */
	uint64_t own_from; /* the same of this answer's maker, who cannot make it less */
	struct coder *coder; /* owned; NULL: what comes goes as it is */
	bool has_pending;    /* bytes have been taken and may not have come out */
	struct buffer ready; /* packed bytes that came out */
};

/* Nothing is packed yet; `from` stays what it is, there is no `own_from`. */
void host_pack_reset(struct host_pack *pack);

/*
 * A body begins whose first bytes the response has, and `more` follow (-1: nobody knows how many).
 * Fields are changed as they have to be, also if it is packed only for others, and those bytes are
 * packed. If `coder` is set then, all that follows is to be packed.
 */
void host_pack_begin(struct host_pack *pack, int64_t more);

/* The body is whole and in the response: pack it there, if that makes it smaller. */
void host_pack_whole(struct host_pack *pack);

/* Pack bytes, those that are pending, or the end. False: there is no memory for it. */
SV_MUST_USE bool host_pack_add(struct host_pack *pack, struct sv_bytes bytes);
SV_MUST_USE bool host_pack_flush(struct host_pack *pack);
SV_MUST_USE bool host_pack_end(struct host_pack *pack);

/* What a client likes best by its Accept-Encoding fields (RFC 9110, 12.5.3). */
enum host_coding host_pack_coding(const struct host_request *request);

#endif
