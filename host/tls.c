/*
 * tls.c: see tls.h.
 */
#include "host/tls.h"

#include <stdlib.h>
#include <string.h>

struct host_client *host_client_new(struct sv_bytes hello, struct sv_bytes certificate,
		long verified)
{
	struct host_client *client = malloc(sizeof *client + hello.length + certificate.length);
	if (!client)
		return NULL;
	*client = (struct host_client){
			.hello = {client->bytes, hello.length},
			.certificate = {client->bytes + hello.length, certificate.length},
			.verified = verified,
	};
	atomic_init(&client->users, 1);
	if (hello.length)
		memcpy(client->bytes, hello.data, hello.length);
	if (certificate.length)
		memcpy(client->bytes + hello.length, certificate.data, certificate.length);
	return client;
}

struct host_client *host_client_use(struct host_client *client)
{
	if (client)
		atomic_fetch_add(&client->users, 1);
	return client;
}

void host_client_release(struct host_client *client)
{
	if (client && atomic_fetch_sub(&client->users, 1) == 1)
		free(client);
}
