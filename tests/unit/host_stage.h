/* host_stage.h: the host around a guest that calls what the test says (host_guest.h). */
#ifndef SELVAGE_TESTS_UNIT_HOST_STAGE_H
#define SELVAGE_TESTS_UNIT_HOST_STAGE_H

#include <ftw.h>
#include <semaphore.h>
#include <sys/stat.h>

#include "host/host.h"
#include "host/stream.h"
#include "host/tls.h"
#include "host/wasi/wasi.h"
#include "tests/unit/host_guest.h"
#include "tests/unit/host_servers.h"

/* ---- a world with a guest in it ---- */

struct stage_waker {
	struct host_waker waker; /* first */
	sem_t woken;
};

static inline void stage_wake(struct host_waker *waker)
{
	sem_post(&((struct stage_waker *)waker)->woken);
}

static inline void nothing_is_logged(void *data, const char *trace_id, const char *line,
		size_t length)
{
	(void)data;
	(void)trace_id;
	(void)line;
	(void)length;
}

struct stage {
	const struct world *world;
	struct host_guest guest;
	struct host_request request;
	struct host_tls tls;
	struct host_response response;
	struct host_stream stream;
	struct stage_waker waker;
	struct host_call call;
	struct host_outcome outcome;
	struct sv_linker *linker;
	struct sv_pool *pool;
	struct wasi_preopen preopen;
	void *service;
	unsigned port; /* of an HTTP server */
	char folder[64], settings[96];
};

/* A file of the folder that is not the guest's. */
static inline void stage_write(const struct stage *stage, const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", stage->folder, name);
	FILE *file = fopen(path, "wxe");
	fixture_need(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

static inline void stage_make_folder(struct stage *stage)
{
	char path[96], text[2048];
	snprintf(stage->folder, sizeof stage->folder, "/tmp/selvage-pointers-XXXXXX");
	fixture_need(mkdtemp(stage->folder) != NULL, "folder");
	snprintf(path, sizeof path, "%s/guest", stage->folder);
	fixture_need(mkdir(path, 0700) == 0, path);
	fixture_need(wasi_preopen_open(&stage->preopen, path, "/", false, &error), "preopen");
	if (!stage->world->settings)
		return;
	stage_write(stage, "acl.json",
			"{\"entries\": [{\"prefix\": \"127.0.0.0/8\", \"action\": \"ALLOW\"}]}");
	snprintf(text, sizeof text, stage->world->settings, stage->port, server_names());
	stage_write(stage, "settings.toml", text);
	snprintf(stage->settings, sizeof stage->settings, "%s/settings.toml", stage->folder);
	stage->guest.config = stage->settings;
}

/* A ClientHello without extensions, and a certificate that nobody has looked at. */
static const uint8_t hello[] = {1, 0, 0, 43, 3, 3, [38] = 0, 0, 2, 0x13, 0x01, 1, 0, 0, 0};

static inline void stage_make_request(struct stage *stage)
{
	static const struct host_header headers[] = {{{(const uint8_t *)"X-Own", 5},
			{(const uint8_t *)"value", 5}}};
	stage->tls = (struct host_tls){"TLSv1.3", "TLS_AES_128_GCM_SHA256", "name.test",
			host_client_new((struct sv_bytes){hello, 47}, host_text("DER"), 0)};
	stage->request = (struct host_request){.method = host_text("GET"),
			.target = host_text("/"),
			.path = host_text("/"),
			.minor_version = 1,
			.headers = headers,
			.header_count = 1,
			.body = host_text("body"),
			.has_body = true,
			.body_length = 4,
			.scheme = "http",
			.http2_print = "1:65536;4:131072|12517377|3:0|m,p,a,s",
			.tls = &stage->tls,
			.remote_address = "127.0.0.1",
			.local_octets = {127, 0, 0, 1},
			.local_length = 4,
			.server_name = "localhost",
			.server_port = 80};
}

static inline void stage_link(struct stage *stage)
{
	const struct host_abi *abi = stage->call.abi;
	stage->linker = sv_linker_new(engine, &error);
	fixture_need(stage->linker && abi->bind(stage->linker, stage->guest.artifact, &error) &&
					sv_linker_define_function(stage->linker, "test", "next",
							":i", test_next, NULL, &error) &&
					sv_linker_define_function(stage->linker, "test", "argument",
							"i:I", test_argument, NULL, &error) &&
					sv_linker_define_function(stage->linker, "test", "result",
							"I:", test_result, NULL, &error),
			"linker");
	stage->pool = sv_pool_new(engine, stage->guest.artifact, stage->linker, NULL, 1, &error);
	fixture_need(stage->pool != NULL, "pool");
}

static inline void stage_open(struct stage *stage, const struct world *world)
{
	*stage = (struct stage){.world = world, .waker = {.waker = {stage_wake}}};
	sem_init(&stage->waker.woken, 0, 0);
	stage->port = server_http();
	stage_make_folder(stage);
	stage_make_request(stage);
	stage->guest.name = world->name;
	stage->guest.artifact = world_load(world);
	stage->guest.preopens = &stage->preopen;
	stage->guest.preopen_count = 1;
	stage->guest.max_memory = 1 << 20;
	stage->guest.log_limit = 1000;
	stage->guest.log = nothing_is_logged;
	struct host_call *call = &stage->call;
	call->abi = host_abi_detect(stage->guest.artifact, &error);
	fixture_need(call->abi && call->abi->examine(stage->guest.artifact, &error), "world");
	if (call->abi->service_new) {
		stage->service = call->abi->service_new(&stage->guest, &error);
		fixture_need(stage->service != NULL, "service");
	}
	stage_link(stage);
	call->guest = &stage->guest;
	call->state = call->abi->state_new(&stage->guest, stage->service, &error);
	fixture_need(call->state != NULL, "state");
	host_stream_init(&stage->stream, 4096, &stage->response);
}

static inline int stage_remove(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void stage_close(struct stage *stage)
{
	const struct host_abi *abi = stage->call.abi;
	abi->state_free(stage->call.state);
	if (stage->service)
		abi->service_free(stage->service);
	sv_pool_free(stage->pool);
	sv_linker_free(stage->linker);
	sv_artifact_free(stage->guest.artifact);
	host_stream_finish(&stage->stream);
	host_response_finish(&stage->response);
	host_client_release(stage->tls.client);
	wasi_preopen_close(&stage->preopen);
	sem_destroy(&stage->waker.woken);
	nftw(stage->folder, stage_remove, 10, FTW_DEPTH | FTW_PHYS);
}

/* ---- one run of the guest ---- */

/* Its memory, which is there until stage_end. */
static inline const uint8_t *stage_begin(struct stage *stage, stage_next next)
{
	struct host_call *call = &stage->call;
	told.next = next;
	told.has_result = false;
	stage->outcome = (struct host_outcome){0};
	call->wake = 0;
	call->waker = &stage->waker.waker;
	call->request = &stage->request;
	call->response = &stage->response;
	call->stream = &stage->stream;
	call->outcome = &stage->outcome;
	call->next = HOST_NEXT_NONE;
	call->next_time = 1000000000;
	host_response_reset(&stage->response);
	host_stream_reset(&stage->stream);
	host_stream_join(&stage->stream, &stage->waker.waker, NULL);
	call->store = sv_pool_lease(stage->pool, &error);
	fixture_need(call->store != NULL, "lease");
	return sv_memory_view(sv_instance_memory(sv_store_instance(call->store), 0));
}

/*
 * Run it until it has ended (true), or waits for longer than `patience` nanoseconds after
 * `*since`. A guest that wants another request gets it.
 */
static inline bool stage_run(struct stage *stage, const uint64_t *patience, const uint64_t *since)
{
	struct host_call *call = &stage->call;
	bool is_over = host_call_begin(call);
	while (!is_over) {
		uint64_t now = host_now(), most = *since + *patience;
		if (now >= most)
			return false;
		if (call->next == HOST_NEXT_WANTED)
			call->next = HOST_NEXT_GIVEN;
		uint64_t wake = call->next == HOST_NEXT_GIVEN ? now
				: call->wake < most	      ? call->wake
							      : most;
		const struct timespec time = {(time_t)(wake / 1000000000),
				(long)(wake % 1000000000)};
		(void)!sem_clockwait(&stage->waker.woken, CLOCK_MONOTONIC, &time);
		is_over = host_call_go_on(call);
	}
	return true;
}

static inline void stage_end(struct stage *stage, bool is_over)
{
	if (!is_over)
		host_call_cancel(&stage->call, HOST_FAILED, "it waits");
	host_stream_leave(&stage->stream);
	sv_pool_return(stage->pool, stage->call.store);
}

/* Texts and blocks, with the number of a case and a server's port. */
static inline void stage_fill(const struct stage *stage, uint8_t *memory, uint32_t number)
{
	char digits[16];
	memcpy(memory + TEXTS, &texts, sizeof texts);
	memcpy(memory + BLOCKS, &blocks, sizeof blocks);
	snprintf(digits, sizeof digits, "%08u", number % 100000000);
	memcpy(memory + TEXT_COUNTED + TEXT_COUNTED_LENGTH - 8, digits, 8);
	memcpy(memory + TEXT_REQUEST_KEY + TEXT_REQUEST_KEY_LENGTH - 8, digits, 8);
	snprintf(digits, sizeof digits, "%05u", stage->port % 100000);
	memcpy(memory + TEXT_URL + sizeof "http://127.0.0.1:" - 1, digits, 5);
}

#endif
