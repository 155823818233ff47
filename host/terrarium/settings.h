/*
 * settings.h: the operator's file for a Terrarium program: where in private networks its requests
 * may go, which name servers are asked, what the key-value store begins with.
 */
#ifndef SELVAGE_HOST_TERRARIUM_SETTINGS_H
#define SELVAGE_HOST_TERRARIUM_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/host.h"

struct kv;
struct terrarium_settings;

/* Read the file at `guest->config`; without one there is nothing in it. NULL with `error`. */
struct terrarium_settings *terrarium_settings_new(const struct host_guest *guest,
		struct sv_error *error);
void terrarium_settings_free(struct terrarium_settings *settings);

/* Whether the operator has named this host, with this port or without one. */
bool terrarium_settings_trust(const struct terrarium_settings *settings, const char *host,
		uint16_t port);

/* Name servers as dns_new takes them; NULL: the machine's. */
const char *terrarium_settings_servers(const struct terrarium_settings *settings);

/* Put what the file says into a store, and the guest's environment, as "env/NAME". */
SV_MUST_USE bool terrarium_settings_fill(const struct terrarium_settings *settings,
		const struct host_guest *guest, struct kv *kv, int store, struct sv_error *error);

#endif
