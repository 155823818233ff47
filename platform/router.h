/*
 * router.h: the handler of the data plane: finds the deployment a request is for by its host name,
 * and has that one's handler answer.
 */
#ifndef SELVAGE_PLATFORM_ROUTER_H
#define SELVAGE_PLATFORM_ROUTER_H

#include "server/executor.h"

struct platform_state;

/* Fill in `handler`; `state` is borrowed and has its routes. */
void router_init(struct handler *handler, struct platform_state *state);

#endif
