/*
 * host_pointers.c: every host function of every world, called with pointers and lengths at the
 * start of memory, at its end, behind it, wrapping, overlapping, and of 2^32 - 1. The guests are
 * made from the worlds' tables, and a world that has a function which is in none fails. A call that
 * fails or traps must not have written a byte; that the host itself never touches what is outside,
 * the guard behind the memory tells, and AddressSanitizer.
 */
#include <ctype.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/host.h"
#include "host/stream.h"
#include "host/wasi/wasi.h"
#include "tests/unit/host_worlds.h"
#include "tests/unit/runtime_fixture.h"

/* ---- the guest: takes functions and arguments from the test, one after the other ---- */

static void text_add(struct buffer *text, const char *piece)
{
	fixture_need(buffer_append(text, piece, strlen(piece), &error), "text");
}

/* A function that calls the host's with what the test says, and tells it the result. */
static void text_add_thunk(struct buffer *text, const struct row *row, size_t index)
{
	size_t count = strcspn(row->signature, ":");
	char result = row->signature[count + 1];
	const char *wide = result == 'I' ? "(call $result " : "(call $result (i64.extend_i32_u ";
	fixture_need(buffer_printf(text, &error, "(func $t%zu %s(call $f%zu", index,
				     result ? wide : "", index),
			"text");
	for (size_t i = 0; i < count; i++)
		fixture_need(buffer_printf(text, &error, " %s(call $argument (i32.const %zu))%s",
					     row->signature[i] == 'I' ? "" : "(i32.wrap_i64 ", i,
					     row->signature[i] == 'I' ? "" : ")"),
				"text");
	text_add(text, !result ? "))\n" : result == 'I' ? ")))\n" : "))))\n");
}

static void text_add_import(struct buffer *text, const struct row *row, size_t index)
{
	fixture_need(buffer_printf(text, &error, "(import \"%s\" \"%s\" (func $f%zu", row->module,
				     row->name, index),
			"text");
	const char *letter = row->signature;
	for (; *letter != ':'; letter++)
		fixture_need(buffer_printf(text, &error, " (param %s)",
					     *letter == 'I' ? "i64" : "i32"),
				"text");
	for (letter++; *letter; letter++)
		fixture_need(buffer_printf(text, &error, " (result %s)",
					     *letter == 'I' ? "i64" : "i32"),
				"text");
	fixture_need(buffer_printf(text, &error, "))\n"), "text");
}

static struct sv_artifact *world_load(const struct world *world)
{
	struct buffer text = {0};
	text_add(&text,
			"(module (import \"test\" \"next\" (func $next (result i32)))\n"
			"(import \"test\" \"argument\" (func $argument (param i32) (result i64)))\n"
			"(import \"test\" \"result\" (func $result (param i64)))\n");
	for (size_t i = 0; i < world->count; i++)
		text_add_import(&text, &world->rows[i], i);
	text_add(&text,
			"(memory (export \"memory\") 1 1)\n"
			"(table funcref (elem $allocate $release");
	for (size_t i = 0; i < world->count; i++)
		fixture_need(buffer_printf(&text, &error, " $t%zu", i), "text");
	/* What Terrarium's host gives always goes to the same place. */
	text_add(&text,
			"))\n"
			"(func $allocate (param i32) (result i32) (i32.const 32768))\n"
			"(func $release (param i32))\n(func (export \"");
	text_add(&text, world->entry);
	text_add(&text,
			"\") (local i32)\n"
			"  (loop $again (if (i32.ge_s (local.tee 0 (call $next)) (i32.const 0))\n"
			"    (then (call_indirect (i32.add (local.get 0) (i32.const 2)))\n"
			"      (br $again)))))\n");
	for (size_t i = 0; i < world->count; i++)
		text_add_thunk(&text, &world->rows[i], i);
	fixture_need(buffer_append(&text, ")", 2, &error), "text");
	struct sv_artifact *artifact = fixture_load_as((const char *)text.data, SV_BOUNDS_GUARD, 0);
	buffer_finish(&text);
	return artifact;
}

/* ---- one case: calls that prepare, then the one that is tested ---- */

static struct {
	const struct world *world;
	size_t tested;
	int64_t arguments[MAX_PARAMETERS];
	size_t step;              /* calls made so far */
	const int64_t *current;
	bool is_tested, has_result;
	uint8_t fill;
	int64_t result;
	uint8_t before[MEMORY];
} running;

static int32_t row_find(const struct world *world, const char *name)
{
	const char *dot = strchr(name, '.');
	for (size_t i = 0; i < world->count; i++) {
		const struct row *row = &world->rows[i];
		size_t length = dot ? (size_t)(dot - name) : 0;
		bool is_there = !dot || (strlen(row->module) == length &&
						memcmp(row->module, name, length) == 0);
		if (is_there && strcmp(row->name, dot ? dot + 1 : name) == 0)
			return (int32_t)i;
	}
	fixture_need(false, name);
	return -1;
}

static enum sv_host_result test_next(struct sv_caller *caller, union sv_value *values)
{
	const char *setup = running.step < MAX_SETUP ? running.world->setup[running.step] : NULL;
	uint8_t *memory = sv_caller_range(caller, 0, MEMORY);
	if (running.step == 0) {
		memset(memory, running.fill, MEMORY);
		memcpy(memory + METHOD, texts, sizeof texts);
	}
	if (setup) {
		values[0].i32 = row_find(running.world, setup);
		running.current = running.world->arguments[running.step++];
		return SV_HOST_OK;
	}
	values[0].i32 = running.is_tested ? -1 : (int32_t)running.tested;
	if (running.is_tested)
		return SV_HOST_OK;
	memcpy(running.before, memory, MEMORY);
	running.is_tested = true;
	running.has_result = false;
	running.current = running.arguments;
	return SV_HOST_OK;
}

static enum sv_host_result test_argument(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	values[0].i64 = running.current[values[0].i32];
	return SV_HOST_OK;
}

static enum sv_host_result test_result(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	running.result = values[0].i64;
	running.has_result = true;
	return SV_HOST_OK;
}

/* Functions that a world has defined, and those of them that are in no table. */
static size_t defined, unknown;

__typeof__(sv_linker_define_function) __real_sv_linker_define_function;

/* The linker leads all definitions here (Makefile). */
bool __wrap_sv_linker_define_function(struct sv_linker *linker, const char *module,
		const char *name, const char *signature, sv_host_function function, void *data,
		struct sv_error *failure)
{
	bool is_known = strcmp(module, "test") == 0;
	defined += !is_known;
	for (size_t i = 0; i < running.world->count && !is_known; i++) {
		const struct row *row = &running.world->rows[i];
		is_known = strcmp(row->module, module) == 0 && strcmp(row->name, name) == 0 &&
				strcmp(row->signature, signature) == 0;
	}
	unknown += !is_known;
	if (!is_known)
		printf("%s.%s is in no table\n", module, name);
	return __real_sv_linker_define_function(
			linker, module, name, signature, function, data, failure);
}

/* ---- a world with a guest in it ---- */

static void nobody_wakes(struct host_waker *waker)
{
	(void)waker;
}

static void nothing_is_logged(void *data, const char *trace_id, const char *line, size_t length)
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
	struct host_response response;
	struct host_stream stream;
	struct host_waker waker;
	struct host_call call;
	struct sv_linker *linker;
	struct sv_pool *pool;
	struct wasi_preopen preopen;
	void *service;
	char folder[64], settings[96];
	size_t cases, failed, wrong;
	size_t succeeded; /* functions that ever did */
};

static void stage_make_folder(struct stage *stage)
{
	snprintf(stage->folder, sizeof stage->folder, "/tmp/selvage-pointers-XXXXXX");
	fixture_need(mkdtemp(stage->folder) != NULL, "folder");
	fixture_need(wasi_preopen_open(&stage->preopen, stage->folder, "/", true, &error),
			"preopen");
	if (!stage->world->settings)
		return;
	snprintf(stage->settings, sizeof stage->settings, "%s.toml", stage->folder);
	int fd = open(stage->settings, O_CREAT | O_WRONLY | O_EXCL | O_CLOEXEC, 0600);
	size_t length = strlen(stage->world->settings);
	fixture_need(fd >= 0 && write(fd, stage->world->settings, length) == (ssize_t)length,
			"settings");
	close(fd);
	stage->guest.config = stage->settings;
}

static void stage_open(struct stage *stage, const struct world *world)
{
	*stage = (struct stage){
			.world = world,
			.request = {.method = host_text("GET"),
					.target = host_text("/"),
					.path = host_text("/"),
					.minor_version = 1,
					.body = host_text("body"),
					.has_body = true,
					.scheme = "http",
					.remote_address = "127.0.0.1",
					.server_name = "localhost",
					.server_port = 80},
			.waker = {nobody_wakes},
	};
	stage_make_folder(stage);
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
	running.world = world;
	defined = unknown = 0;
	stage->linker = sv_linker_new(engine, &error);
	fixture_need(stage->linker &&
					call->abi->bind(stage->linker, stage->guest.artifact,
							&error) &&
					sv_linker_define_function(stage->linker, "test", "next",
							":i", test_next, NULL, &error) &&
					sv_linker_define_function(stage->linker, "test", "argument",
							"i:I", test_argument, NULL, &error) &&
					sv_linker_define_function(stage->linker, "test", "result",
							"I:", test_result, NULL, &error),
			"linker");
	stage->pool = sv_pool_new(engine, stage->guest.artifact, stage->linker, NULL, 1, &error);
	fixture_need(stage->pool != NULL, "pool");
	call->guest = &stage->guest;
	call->state = call->abi->state_new(&stage->guest, stage->service, &error);
	fixture_need(call->state != NULL, "state");
	host_stream_init(&stage->stream, 4096, &stage->response);
}

static void stage_close(struct stage *stage)
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
	wasi_preopen_close(&stage->preopen);
	rmdir(stage->folder);
	unlink(stage->settings);
}

static void case_print(const struct row *row, const char *what, size_t changed)
{
	char text[300];
	size_t at = 0;
	size_t count = strcspn(row->signature, ":");
	for (size_t i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s0x%llx", i ? ", " : "",
				(unsigned long long)running.arguments[i]);
	printf("%s.%s(%s) gave %lld: %s, %zu bytes changed\n", row->module, row->name,
			count ? text : "", (long long)running.result, what, changed);
}

/* Whether the tested call was allowed to write what it did. */
static void case_judge(struct stage *stage, const struct row *row, const uint8_t *memory,
		const struct host_outcome *outcome, bool is_over)
{
	bool has_trapped = is_over && !running.has_result && outcome->ending != HOST_ANSWERED;
	size_t changed = 0, allowed = has_trapped ? 0 : SIZE_MAX;
	if (running.has_result)
		allowed = stage->world->allowed(row, running.result);
	stage->cases++;
	stage->failed += allowed < SIZE_MAX;
	if (allowed == SIZE_MAX || memcmp(memory, running.before, MEMORY) == 0)
		return;
	for (size_t i = 0; i < MEMORY; i++)
		changed += memory[i] != running.before[i];
	if (changed > allowed && stage->wrong++ < 5)
		case_print(row, has_trapped ? outcome->cause : "an error", changed);
}

static void case_run(struct stage *stage, size_t tested)
{
	struct host_outcome outcome = {0};
	struct host_call *call = &stage->call;
	running.tested = tested;
	running.step = 0;
	running.is_tested = running.has_result = false;
	call->wake = 0;
	call->waker = &stage->waker;
	call->request = &stage->request;
	call->response = &stage->response;
	call->stream = &stage->stream;
	call->outcome = &outcome;
	host_response_reset(&stage->response);
	host_stream_reset(&stage->stream);
	host_stream_join(&stage->stream, &stage->waker, NULL);
	call->store = sv_pool_lease(stage->pool, &error);
	fixture_need(call->store != NULL, "lease");
	const uint8_t *memory =
			sv_memory_view(sv_instance_memory(sv_store_instance(call->store), 0));
	bool is_over = host_call_begin(call);
	if (running.is_tested)
		case_judge(stage, &stage->world->rows[tested], memory, &outcome, is_over);
	else
		fixture_need(false, outcome.cause);
	if (!is_over)
		host_call_cancel(call, HOST_FAILED, "it waits");
	host_stream_leave(&stage->stream);
	sv_pool_return(stage->pool, call->store);
}

/* ---- the arguments ---- */

static const int64_t places[] = {0, MEMORY - 4, MEMORY - 1, MEMORY, 0xfffffffc, 0xffffffff};
static const int64_t lengths[] = {0, 8, MEMORY, 0x80000000, 0xffffffff};

/* From one vector of arguments: each neighbouring pair as a place and a length, by turns. */
static void vary(struct stage *stage, size_t tested, const int64_t *base)
{
	size_t count = strcspn(stage->world->rows[tested].signature, ":");
	memcpy(running.arguments, base, sizeof running.arguments);
	case_run(stage, tested);
	for (size_t i = 0; i < count; i++) {
		for (size_t p = 0; p < ARRAY_LENGTH(places); p++) {
			for (size_t l = 0; l < ARRAY_LENGTH(lengths); l++) {
				if (i + 1 == count && l)
					break;
				memcpy(running.arguments, base, sizeof running.arguments);
				running.arguments[i] = places[p];
				if (i + 1 < count)
					running.arguments[i + 1] = lengths[l];
				case_run(stage, tested);
			}
		}
	}
}

/* Handles come first, if there are any; the rest are places and lengths that all overlap. */
static const int64_t bases[][3] = {{0, 32, 32}, {1, 32, 32}, {3, 32, 32}, {32, 32, 32},
		{STORE_NAME, STORE_LENGTH, 32}, {0, STORE_NAME, STORE_LENGTH}};

static void try_function(struct stage *stage, size_t tested)
{
	size_t before = stage->cases - stage->failed;
	for (size_t b = 0; b < stage->world->bases; b++) {
		int64_t base[MAX_PARAMETERS];
		for (size_t i = 0; i < MAX_PARAMETERS; i++)
			base[i] = i < ARRAY_LENGTH(bases[b]) ? bases[b][i] : 32;
		running.fill = b % 2 ? 'a' : 0;
		vary(stage, tested, base);
	}
	stage->succeeded += stage->cases - stage->failed > before;
}

static void try_world(const struct world *world)
{
	struct stage stage;
	stage_open(&stage, world);
	for (size_t i = 0; i < world->count; i++) {
		size_t wrong = stage.wrong;
		stage.wrong = 0;
		try_function(&stage, i);
		stage.wrong += wrong;
	}
	printf("%s: %zu functions (%zu succeeded at times), %zu calls, %zu of them failed\n",
			world->name, world->count, stage.succeeded, stage.cases, stage.failed);
	CHECK_EQ(defined, world->count);
	CHECK_EQ(unknown, 0);
	CHECK(stage.cases > world->count * 4);
	CHECK(stage.failed > stage.cases / 10);
	CHECK_EQ(stage.wrong, 0);
	stage_close(&stage);
}

/* ---- the worlds ---- */

static size_t wasi_allowed(const struct row *row, int64_t result)
{
	(void)row;
	return result == 0 ? SIZE_MAX : 0;
}

/* Its calls have no errors in common: they trap. */
static size_t terrarium_allowed(const struct row *row, int64_t result)
{
	bool has_handle = strstr(row->name, "req_create") || strstr(row->name, "_send") ||
			strstr(row->name, "pending_");
	return has_handle && (int32_t)result < 0 ? 0 : SIZE_MAX;
}

/*
 * BUFLEN tells how many bytes would do, and where a list goes on; NONE, that there are none.
 * Functions with a place for the detail of an error fill it in.
 */
static size_t fastly_allowed(const struct row *row, int64_t result)
{
	static const char *const detailed[] = {"send_v2", "send_v3", "pending_req_wait_v2",
			"pending_req_poll_v2", "pending_req_select_v2"};
	for (size_t i = 0; result && i < ARRAY_LENGTH(detailed); i++) {
		if (strcmp(row->name, detailed[i]) == 0)
			return 12;
	}
	switch (result) {
	case 0:
		return SIZE_MAX;
	case 4: /* BUFLEN */
		return 12;
	case 10: /* NONE */
		return 4;
	default:
		return 0;
	}
}

TEST(wasi_functions_write_nothing_when_they_fail)
{
	static const struct world world = {.name = "WASI",
			.entry = "_start",
			.rows = wasi_rows,
			.count = ARRAY_LENGTH(wasi_rows),
			.bases = ARRAY_LENGTH(bases),
			.allowed = wasi_allowed};
	try_world(&world);
}

TEST(terrarium_hostcalls_write_nothing_when_they_fail)
{
	static const struct world world = {.name = "Terrarium",
			.entry = "run",
			.rows = terrarium_rows,
			.count = ARRAY_LENGTH(terrarium_rows),
			.bases = ARRAY_LENGTH(bases),
			.allowed = terrarium_allowed,
			.settings = "[dns]\nservers = [\"127.0.0.1:9\"]\n",
			.setup = {"hostcall_init_mm", "hostcall_req_create",
					"hostcall_kvstore_insert"},
			.arguments = {{0, 1}, {METHOD, METHOD_LENGTH, URL, URL_LENGTH},
					{STORE_NAME, STORE_LENGTH, METHOD, 8}}};
	try_world(&world);
}

TEST(fastly_functions_write_nothing_when_they_fail)
{
	static const struct world world = {.name = "Fastly",
			.entry = "_start",
			.rows = fastly_rows,
			.count = ARRAY_LENGTH(fastly_rows),
			.bases = ARRAY_LENGTH(bases),
			.allowed = fastly_allowed,
			.settings = "[local_server.kv_stores]\nstore = []\n"
				    "[local_server.config_stores.store]\nformat = \"inline-toml\"\n"
				    "contents = {}\n"
				    "[local_server.secret_stores]\nstore = []\n",
			.setup = {"fastly_http_req.new", "fastly_http_resp.new",
					"fastly_http_body.new", "fastly_http_body.new",
					"fastly_kv_store.open", "fastly_object_store.open",
					"fastly_config_store.open", "fastly_dictionary.open",
					"fastly_secret_store.open"},
			.arguments = {{8}, {8}, {8}, {8}, {STORE_NAME, STORE_LENGTH, 8},
					{STORE_NAME, STORE_LENGTH, 8},
					{STORE_NAME, STORE_LENGTH, 8},
					{STORE_NAME, STORE_LENGTH, 8},
					{STORE_NAME, STORE_LENGTH, 8}}};
	try_world(&world);
}

/* The same functions behind other names: that they are led to them is what there is to see. */
TEST(older_names_of_fastly_functions_write_nothing_when_they_fail)
{
	struct row rows[ARRAY_LENGTH(fastly_aliases)];
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		rows[i] = (struct row){"env", fastly_aliases[i].old, NULL};
		for (size_t k = 0; k < ARRAY_LENGTH(fastly_rows); k++) {
			if (strcmp(fastly_rows[k].module, fastly_aliases[i].module) == 0 &&
					strcmp(fastly_rows[k].name, fastly_aliases[i].name) == 0)
				rows[i].signature = fastly_rows[k].signature;
		}
		fixture_need(rows[i].signature != NULL, rows[i].name);
	}
	const struct world world = {.name = "Fastly, older names",
			.entry = "_start",
			.rows = rows,
			.count = ARRAY_LENGTH(rows),
			.bases = 1,
			.allowed = fastly_allowed,
			.setup = {"xqd_req_new", "xqd_resp_new", "xqd_body_new", "xqd_body_new"},
			.arguments = {{8}, {8}, {8}, {8}}};
	try_world(&world);
}

RUNTIME_TEST_MAIN(NULL)
