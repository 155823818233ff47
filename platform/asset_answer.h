/*
 * asset_answer.h: a static file as the answer to a request (RFC 9110): conditions, one range.
 */
#ifndef SELVAGE_PLATFORM_ASSET_ANSWER_H
#define SELVAGE_PLATFORM_ASSET_ANSWER_H

#include "host/host.h"
#include "platform/assets.h"

struct live;

/* True if static files are for this method: GET and HEAD. */
bool asset_method(const struct host_request *request);

/*
 * Fill in `response`, which has the content as it is in its mapping: the version that the file is
 * of lives at least until that was sent. False: no memory.
 */
SV_MUST_USE bool asset_answer(const struct asset *asset, const struct host_request *request,
		struct host_response *response, struct live *live);

#endif
