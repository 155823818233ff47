/*
 * next.h: several requests at one instance, one after the other, as server and ABI see it.
 */
#ifndef SELVAGE_HOST_NEXT_H
#define SELVAGE_HOST_NEXT_H

/* How far a guest is with the wish for another request at the same instance. */
enum host_next {
	HOST_NEXT_NONE = 0, /* it has none */
	HOST_NEXT_WANTED,   /* the ABI: its answer is whole, and it is done with its request */
	HOST_NEXT_BETWEEN,  /* the server: it has no request now */
	HOST_NEXT_GIVEN,    /* the server: it has; the ABI: NONE again when the guest takes it */
	HOST_NEXT_OVER,     /* either: no other comes */
};

#endif
