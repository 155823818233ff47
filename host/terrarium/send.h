/*
 * send.h: requests on their way.
 */
#ifndef SELVAGE_HOST_TERRARIUM_SEND_H
#define SELVAGE_HOST_TERRARIUM_SEND_H

#include "host/terrarium/things.h"

/* Send a request, which is then a pending one. False with a line in the log; it is dropped. */
SV_MUST_USE bool terrarium_send(struct terrarium_guest *guest, uint32_t handle);

/* What a pending request is: FAILED with a line in the log, and it is dropped. */
enum terrarium_progress { TERRARIUM_LATER = 0, TERRARIUM_READY, TERRARIUM_FAILED };

/* Take what has come; READY: the thing is a whole response. LATER: the guest will be woken. */
enum terrarium_progress terrarium_collect(struct terrarium_guest *guest, uint32_t handle);

#endif
