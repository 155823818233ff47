/*
 * server_tls.c: what a client of TLS can do that others cannot: have a read write. And servers that
 * share identities.
 */
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/identities.h"
#include "tests/lib/test.h"

/* ---- a handler that answers at once ---- */

static bool fake_enter(void *data, struct sv_error *error)
{
	(void)data;
	(void)error;
	return true;
}

static void fake_leave(void *data)
{
	(void)data;
}

static void *fake_desk_new(void *data, struct sv_error *error)
{
	(void)error;
	return data;
}

static void fake_desk_free(void *data, void *desk)
{
	(void)data;
	(void)desk;
}

static enum handled fake_begin(void *data, void *desk, struct exchange *exchange, uint64_t *wake)
{
	(void)data;
	(void)desk;
	(void)wake;
	if (!buffer_append(&exchange->response.body, "fake", 4, NULL))
		abort();
	return HANDLED_ANSWERED;
}

static enum handled fake_go_on(void *data, void *desk, uint64_t *wake)
{
	(void)data;
	(void)desk;
	(void)wake;
	abort();
}

static int fake_data;

static const struct handler fake = {&fake_data, fake_enter, fake_leave, fake_desk_new,
		fake_desk_free, fake_begin, fake_go_on, fake_desk_free, NULL, NULL, false};

/* ---- a server in a thread ---- */

struct running {
	char folder[40];
	struct tls_identities *identities;
	struct server *server;
	pthread_t thread;
};

static void *run_server(void *server)
{
	return server_run(server) ? server : NULL;
}

static bool start_server(struct running *running, struct sv_error *error)
{
	const struct server_listener listener = {"127.0.0.1:0", running->identities};
	struct server_config config = {.listeners = &listener,
			.listener_count = 1,
			.workers = 1,
			.quiet = true,
			.handler = &fake};
	server_limits_init(&config.limits);
	running->server = server_new(&config, error);
	return running->server &&
			pthread_create(&running->thread, NULL, run_server, running->server) == 0;
}

static bool start(struct running *running, struct sv_error *error)
{
	*running = (struct running){.folder = "/tmp/selvage-tls-XXXXXX"};
	TRY(mkdtemp(running->folder) != NULL);
	running->identities = tls_identities_new(error);
	return running->identities &&
			tls_identities_add_authority(running->identities, running->folder,
					"localhost", error) &&
			start_server(running, error);
}

/* True if all requests were answered. */
static bool stop_server(struct running *running)
{
	void *result = NULL;
	server_stop(running->server);
	pthread_join(running->thread, &result);
	bool is_fine = result == running->server;
	server_free(running->server);
	return is_fine;
}

static bool stop(struct running *running)
{
	char path[80];
	bool is_fine = stop_server(running);
	tls_identities_free(running->identities);
	snprintf(path, sizeof path, "%s/ca.pem", running->folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/ca-key.pem", running->folder);
	unlink(path);
	return rmdir(running->folder) == 0 && is_fine;
}

/* ---- a client ---- */

struct client {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/* `buffer`: bytes that the socket holds each way; 0: as many as usual. */
static bool client_open(struct client *client, const struct running *running, int buffer)
{
	const char *colon = strrchr(server_address(running->server, 0), ':');
	const struct sockaddr_in to = {.sin_family = AF_INET,
			.sin_port = htons((uint16_t)atoi(colon + 1)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char path[80];
	snprintf(path, sizeof path, "%s/ca.pem", running->folder);
	client->context = SSL_CTX_new(TLS_client_method());
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (buffer) {
		(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
		(void)setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
	}
	if (connect(client->fd, (const struct sockaddr *)&to, sizeof to) != 0)
		return false;
	SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_load_verify_locations(client->context, path, NULL);
	client->ssl = SSL_new(client->context);
	return SSL_set_fd(client->ssl, client->fd) && SSL_set1_host(client->ssl, "localhost") &&
			SSL_set_tlsext_host_name(client->ssl, "localhost") &&
			SSL_connect(client->ssl) == 1;
}

static void client_close(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->context);
	close(client->fd);
	ERR_clear_error();
}

/* Send a request and read its answer into `text`. */
static bool client_ask(struct client *client, char *text, size_t size)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	size_t length = 0;
	if (SSL_write(client->ssl, request, sizeof request - 1) != sizeof request - 1)
		return false;
	for (;;) {
		int count = SSL_read(client->ssl, text + length, (int)(size - 1 - length));
		if (count <= 0)
			return false;
		length += (size_t)count;
		text[length] = '\0';
		if (strstr(text, "\r\n\r\nfake"))
			return true;
	}
}

/* True if the socket takes more within this time. */
static bool client_can_send(const struct client *client, int milliseconds)
{
	struct pollfd wait = {.fd = client->fd, .events = POLLOUT};
	return poll(&wait, 1, milliseconds) == 1;
}

/*
 * Ask for new keys, which the server answers, and read no answer, until nothing can be sent any
 * more: the server has stopped to read, since it has to write first. False if it never does.
 */
static bool client_flood(struct client *client)
{
	fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) | O_NONBLOCK);
	for (int i = 0; i < 1000000; i++) {
		ERR_clear_error();
		/* First what may be left of the last one. */
		bool is_sent = SSL_do_handshake(client->ssl) == 1 &&
				SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED) == 1 &&
				SSL_do_handshake(client->ssl) == 1;
		/* Perhaps the server is only slow. */
		if (!is_sent && !client_can_send(client, 500))
			return true;
	}
	return false;
}

/* Read, and understand nothing, until something can be sent again. */
static bool client_drain(struct client *client)
{
	char bytes[4096];
	for (int i = 0; i < 1000 && !client_can_send(client, 10); i++) {
		while (recv(client->fd, bytes, sizeof bytes, 0) > 0)
			;
	}
	return client_can_send(client, 0);
}

/* ---- tests ---- */

TEST(a_client_that_asks_for_keys_and_reads_nothing_waits)
{
	struct sv_error error = SV_ERROR_INIT;
	struct running running;
	struct client flooding, other;
	char text[1000];
	CHECK_OK(start(&running, &error));
	CHECK(client_open(&flooding, &running, 4096));
	CHECK(client_ask(&flooding, text, sizeof text));
	clock_t before = 0;
	bool is_waiting = false;
	/* Where others take the CPU, a server that is away for long looks like one that waits. */
	for (int i = 0; i < 50 && !is_waiting; i++) {
		CHECK(client_flood(&flooding));
		before = clock();
		is_waiting = !client_can_send(&flooding, 400);
	}
	CHECK(is_waiting);
	/* A server that waits takes no time of the CPU. */
	CHECK_MSG(clock() - before < CLOCKS_PER_SEC / 5, "the server spins");
	/* Others are served, and the server goes on with this one when it reads. */
	CHECK(client_open(&other, &running, 0));
	CHECK(client_ask(&other, text, sizeof text));
	CHECK_HAS(text, "HTTP/1.1 200 OK\r\n");
	client_close(&other);
	CHECK(client_drain(&flooding));
	client_close(&flooding);
	CHECK(stop(&running));
}

TEST(servers_share_identities)
{
	struct sv_error error = SV_ERROR_INIT;
	struct running one, two;
	struct client client;
	char text[1000];
	CHECK_OK(start(&one, &error));
	two = one;
	CHECK_OK(start_server(&two, &error));
	for (int i = 0; i < 20; i++) {
		CHECK(client_open(&client, i % 2 ? &one : &two, 0));
		CHECK(client_ask(&client, text, sizeof text));
		client_close(&client);
	}
	CHECK(stop_server(&two));
	CHECK(stop(&one));
}

TEST_MAIN()
