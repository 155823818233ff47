/*
 * address.h: which addresses a guest may name.
 */
#ifndef SELVAGE_HOST_FETCH_ADDRESS_H
#define SELVAGE_HOST_FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Whether an address is one of this machine or of a network that is not everybody's. */
bool address_is_private(const struct sockaddr *address);

#endif
