/*
 * wasi.c: what one guest may see, and the way of a call from the guest to its function.
 * The functions are in the files of their areas, listed in wasi.def.
 */
#include "host/wasi/wasi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/wasi/wasi_call.h"
#include "host/wasi/wasi_confine.h"
#include "host/wasi/wasi_stat.h"
#include "host/wasi/wasi_state.h"

/* ---- directories ---- */

bool wasi_preopen_open(struct wasi_preopen *preopen, const char *host_path, const char *guest_path,
		bool read_only, struct sv_error *error)
{
	if (!*guest_path)
		return sv_fail(error, SV_ERROR_USAGE, "directory '%s': empty path for the guest",
				host_path);
	int fd = open(host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sv_fail_errno(error, "cannot open directory '%s'", host_path);
	if (!wasi_confine_is_supported(fd)) {
		sv_fail_errno(error, "directory '%s': openat2, which keeps guests inside, fails",
				host_path);
		close(fd);
		return false;
	}
	*preopen = (struct wasi_preopen){
			.guest_path = guest_path, .fd = fd, .read_only = read_only};
	return true;
}

void wasi_preopen_close(struct wasi_preopen *preopen)
{
	close(preopen->fd);
	preopen->fd = -1;
}

static enum wasi_errno preopen_put(struct wasi *wasi, uint32_t number,
		const struct wasi_preopen *preopen)
{
	struct wasi_entry entry = {
			.kind = WASI_ENTRY_DIRECTORY,
			.fd = preopen->fd,
			.read_only = preopen->read_only,
			.filetype = WASI_FILETYPE_DIRECTORY,
			.rights_base = wasi_rights_of_directories,
			.rights_inheriting = wasi_rights_of_directories | wasi_rights_of_files,
			.preopen_path = preopen->guest_path,
	};
	return wasi_table_put(&wasi->table, number, &entry);
}

/* ---- streams ---- */

/* Rights that make no sense for a stream of the given direction or without positions. */
static uint64_t stream_rights(uint32_t number, bool seekable)
{
	uint64_t rights = wasi_rights_of_files;
	rights &= ~(uint64_t)(number == 0 ? WASI_RIGHT_FD_WRITE : WASI_RIGHT_FD_READ);
	/* C libraries take a character device without these two for a terminal. */
	if (!seekable)
		rights &= ~(uint64_t)(WASI_RIGHT_FD_SEEK | WASI_RIGHT_FD_TELL);
	return rights;
}

static uint16_t stream_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && (flags & O_APPEND) ? WASI_FDFLAG_APPEND : 0;
}

static bool stream_entry(const struct wasi_stream *stream, uint32_t number,
		struct wasi_entry *entry)
{
	struct stat stat;
	if (stream->kind != WASI_STREAM_FD) {
		*entry = (struct wasi_entry){
				.kind = WASI_ENTRY_MEMORY,
				.filetype = WASI_FILETYPE_UNKNOWN,
				.rights_base = stream_rights(number, false),
		};
		return true;
	}
	/* A host stream that is closed or a directory is a closed one for the guest. */
	if (fstat(stream->fd, &stat) != 0 || S_ISDIR(stat.st_mode))
		return false;
	*entry = (struct wasi_entry){
			.kind = WASI_ENTRY_FILE,
			.fd = stream->fd,
			.filetype = wasi_filetype_of_mode(stat.st_mode, stream->fd),
			.flags = stream_flags(stream->fd),
			.rights_base = stream_rights(number, lseek(stream->fd, 0, SEEK_CUR) >= 0 &&
								     !isatty(stream->fd)),
	};
	return true;
}

static enum wasi_errno stream_put(struct wasi *wasi, uint32_t number)
{
	struct wasi_entry entry;
	const struct wasi_stream *ends = &wasi->config.streams[number];
	if (ends->kind == WASI_STREAM_CLOSED || !stream_entry(ends, number, &entry))
		return WASI_ERRNO_SUCCESS;
	wasi->streams[number] = (struct wasi_memory_stream){.ends = *ends};
	entry.stream = &wasi->streams[number];
	return wasi_table_put(&wasi->table, number, &entry);
}

/* ---- one guest ---- */

static bool strings_fit(const char *const *strings, size_t count, const char *what,
		struct sv_error *error)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += strlen(strings[i]) + 1;
		if (total > WASI_MAX_STRINGS)
			return sv_fail(error, SV_ERROR_LIMIT, "%s: more than %u bytes", what,
					WASI_MAX_STRINGS);
	}
	return true;
}

static bool config_fits(const struct wasi_config *config, struct sv_error *error)
{
	TRY(strings_fit(config->args, config->arg_count, "arguments of the guest", error));
	TRY(strings_fit(config->env, config->env_count, "environment of the guest", error));
	for (size_t i = 0; i < ARRAY_LENGTH(config->streams); i++) {
		if (config->streams[i].kind == WASI_STREAM_SOURCE && !config->sleep)
			return sv_fail(error, SV_ERROR_USAGE,
					"a stream that comes from a function needs one to wait "
					"with");
	}
	if (config->preopen_count > WASI_MAX_DESCRIPTORS - 3)
		return sv_fail(error, SV_ERROR_LIMIT, "more than %u preopened directories",
				WASI_MAX_DESCRIPTORS - 3);
	return true;
}

bool wasi_reset(struct wasi *wasi, const struct wasi_config *config, struct sv_error *error)
{
	wasi_table_clear(&wasi->table);
	wasi->config = (struct wasi_config){0};
	memset(wasi->streams, 0, sizeof(wasi->streams));
	wasi->poll_began = 0;
	TRY(config_fits(config, error));
	wasi->config = *config;
	enum wasi_errno failed = WASI_ERRNO_SUCCESS;
	for (uint32_t i = 0; i < 3 && !failed; i++)
		failed = stream_put(wasi, i);
	for (uint32_t i = 0; i < config->preopen_count && !failed; i++)
		failed = preopen_put(wasi, 3 + i, &config->preopens[i]);
	if (!failed)
		return true;
	wasi_table_clear(&wasi->table);
	return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the guest's descriptors");
}

struct wasi *wasi_new(const struct wasi_config *config, struct sv_error *error)
{
	struct wasi *wasi = calloc(1, sizeof(*wasi));
	if (!wasi) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the guest's WASI state");
		return NULL;
	}
	if (!wasi_reset(wasi, config, error)) {
		wasi_free(wasi);
		return NULL;
	}
	return wasi;
}

void wasi_free(struct wasi *wasi)
{
	if (!wasi)
		return;
	wasi_table_finish(&wasi->table);
	free(wasi);
}

void *wasi_user(const struct wasi *wasi)
{
	return wasi->config.user;
}

bool wasi_output_limit_hit(const struct wasi *wasi)
{
	return wasi->streams[1].limit_hit || wasi->streams[2].limit_hit;
}

/* ---- calls ---- */

enum { ALIKE = 1, ONLY = 0 };

/* The modules that have the functions. */
static const char preview1[] = "wasi_snapshot_preview1", unstable[] = "wasi_unstable";

struct wasi_row {
	const char *name;
	const char *signature;
	wasi_function function;
	bool in_unstable;
};

static const struct wasi_row wasi_rows[] = {
#define WASI_FUNCTION(name, signature, modules) {#name, signature, wasi_##name, modules},
#include "host/wasi/wasi.def"
#undef WASI_FUNCTION
};

/* Every function of the table is entered here; the row is the data it was defined with. */
static enum sv_host_result wasi_enter(struct sv_caller *caller, union sv_value *values)
{
	const struct wasi_row *row = sv_caller_data(caller);
	struct wasi_call call = {
			.wasi = sv_store_data(sv_caller_store(caller)),
			.caller = caller,
			.result = SV_HOST_OK,
	};
	if (!call.wasi) {
		sv_caller_set_trap(caller, SV_TRAP_HOST, "%s: the embedder gave no WASI state",
				row->name);
		return SV_HOST_TRAP;
	}
	enum wasi_errno error = row->function(&call, values);
	if (call.result == SV_HOST_OK)
		values[0].i32 = (int32_t)error;
	return call.result;
}

/* Which rows are asked for, from each module. */
struct wasi_wanted {
	bool preview1[ARRAY_LENGTH(wasi_rows)];
	bool unstable[ARRAY_LENGTH(wasi_rows)];
};

static bool name_is(const char *name, const char *bytes, size_t length)
{
	return strlen(name) == length && memcmp(name, bytes, length) == 0;
}

static void wanted_add(struct wasi_wanted *wanted, const struct sv_import *import)
{
	bool *rows = wanted->preview1;
	if (name_is(unstable, import->module, import->module_length))
		rows = wanted->unstable;
	else if (!name_is(preview1, import->module, import->module_length))
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(wasi_rows); i++) {
		if (name_is(wasi_rows[i].name, import->name, import->name_length))
			rows[i] = true;
	}
}

bool wasi_bind(struct sv_linker *linker, const struct sv_artifact *artifact, struct sv_error *error)
{
	struct wasi_wanted wanted;
	struct sv_import import;
	memset(&wanted, !artifact, sizeof wanted);
	for (uint32_t i = 0; artifact && sv_artifact_import(artifact, i, &import); i++)
		wanted_add(&wanted, &import);
	for (size_t i = 0; i < ARRAY_LENGTH(wasi_rows); i++) {
		const struct wasi_row *row = &wasi_rows[i];
		if (wanted.preview1[i])
			TRY(sv_linker_define_function(linker, preview1, row->name, row->signature,
					wasi_enter, (void *)row, error));
		if (wanted.unstable[i] && row->in_unstable)
			TRY(sv_linker_define_function(linker, unstable, row->name, row->signature,
					wasi_enter, (void *)row, error));
	}
	return true;
}
