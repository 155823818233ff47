/*
 * module_open.c: tells the forms of a module apart and brings each to where it is wanted.
 */
#include "cli/module_open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/limits.h"
#include "base/file.h"
#include "cli/compiler_load.h"
#include "cli/module_text.h"
#include "cli/progress.h"
#include "runtime/selvage.h"

static const uint8_t wasm_magic[4] = {0, 'a', 's', 'm'};
static const uint8_t elf_magic[4] = {0x7f, 'E', 'L', 'F'};
/* Version 13, layer 1: the component model's binaries, which hold core modules. */
static const uint8_t component_version[4] = {0x0d, 0, 1, 0};

static bool bytes_start(struct sv_bytes bytes, size_t at, const uint8_t magic[4])
{
	return bytes.length >= at + 4 && memcmp(bytes.data + at, magic, 4) == 0;
}

/* The text format starts with '(' or a comment, after white space. */
static bool bytes_are_text(struct sv_bytes bytes)
{
	size_t at = 0;
	while (at < bytes.length && strchr(" \t\r\n", bytes.data[at]) && bytes.data[at])
		at++;
	return at < bytes.length && (bytes.data[at] == '(' || bytes.data[at] == ';') &&
			!memchr(bytes.data, 0, bytes.length);
}

/* An anonymous file with these contents, or -1. */
static int memory_file(struct sv_bytes bytes, struct sv_error *error)
{
	int fd = memfd_create("selvage-module", MFD_CLOEXEC);
	if (fd < 0) {
		sv_fail_errno(error, "cannot make a file in memory");
		return -1;
	}
	for (size_t done = 0; done < bytes.length;) {
		ssize_t n = write(fd, bytes.data + done, bytes.length - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			sv_fail_errno(error, "cannot fill a file in memory");
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	return fd;
}

/* Replace text by the binary it stands for. */
static bool module_translate(struct buffer *bytes, struct sv_error *error)
{
	struct buffer binary = {.limit = SV_MAX_MODULE_BYTES};
	int text = memory_file(buffer_view(bytes), error);
	bool done = text >= 0 && module_text_translate(text, &binary, error);
	if (text >= 0)
		close(text);
	if (!done) {
		buffer_finish(&binary);
		return false;
	}
	buffer_finish(bytes);
	*bytes = binary;
	return true;
}

bool module_find_form(struct sv_bytes bytes, enum module_form *form, struct sv_error *error)
{
	if (!bytes.length)
		return sv_fail(error, SV_ERROR_MALFORMED, "the file is empty");
	*form = MODULE_ARTIFACT;
	if (bytes_start(bytes, 0, elf_magic))
		return true;
	*form = MODULE_BINARY;
	if (bytes_start(bytes, 0, wasm_magic) && bytes_start(bytes, 4, component_version))
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"a component, not a core module: build the program for "
				"wasm32-wasip1, or "
				"take the core module out with `wasm-tools component unbundle`");
	if (bytes_start(bytes, 0, wasm_magic))
		return true;
	*form = MODULE_TEXT;
	if (bytes_are_text(bytes))
		return true;
	return sv_fail(error, SV_ERROR_MALFORMED,
			"not WebAssembly: no magic number \\0asm, no text format, no artifact");
}

static bool module_classify(struct buffer *bytes, enum module_form *form, struct sv_error *error)
{
	TRY(module_find_form(buffer_view(bytes), form, error));
	if (*form != MODULE_TEXT)
		return true;
	*form = MODULE_BINARY;
	return module_translate(bytes, error);
}

/* A file that is too large is refused before a gigabyte of it is read. */
static bool module_check_size(const char *path, struct sv_error *error)
{
	struct stat status;
	if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
			(uint64_t)status.st_size <= SV_MAX_MODULE_BYTES)
		return true;
	return sv_fail(error, SV_ERROR_LIMIT,
			"%s: %" PRIu64 " bytes, over the limit for modules of %" PRIu64, path,
			(uint64_t)status.st_size, SV_MAX_MODULE_BYTES);
}

bool module_read_file(const char *path, struct buffer *bytes, enum module_form *form,
		struct sv_error *error)
{
	bytes->limit = SV_MAX_MODULE_BYTES;
	TRY(module_check_size(path, error));
	TRY(file_read(path, bytes, error));
	if (module_classify(bytes, form, error))
		return true;
	sv_error_prefix(error, "%s", module_label(path));
	return false;
}

bool module_read_binary(const char *path, struct buffer *bytes, struct sv_error *error)
{
	enum module_form form;
	TRY(module_read_file(path, bytes, &form, error));
	if (form == MODULE_BINARY)
		return true;
	return sv_fail(error, SV_ERROR_UNSUPPORTED,
			"%s: an ELF file, not a module (an artifact is already compiled)",
			module_label(path));
}

const char *module_label(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

const char *module_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* ---- loading ---- */

struct sv_artifact *module_load_bytes(struct sv_engine *engine, const char *path,
		struct sv_bytes bytes, struct sv_error *error)
{
	int fd = memory_file(bytes, error);
	if (fd < 0)
		return NULL;
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, path, error);
	close(fd);
	return artifact;
}

bool module_compile(const char *path, const struct compile_flags *flags, struct sv_bytes module,
		struct buffer *output, struct sv_error *error)
{
	struct compiler compiler;
	TRY(compiler_load(&compiler, error));
	struct sv_compile_options options;
	compiler.options_init(&options);
	TRY(compile_flags_apply(flags, &options, error));
	options.name = module_base_name(path);
	bool done = compiler.compile(module, &options, output, error);
	progress_end();
	if (!done)
		sv_error_prefix(error, "%s", module_label(path));
	return done;
}

static struct sv_artifact *module_open_bytes(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct buffer *bytes, struct sv_error *error)
{
	enum module_form form;
	if (!module_read_file(path, bytes, &form, error))
		return NULL;
	if (form == MODULE_ARTIFACT)
		return module_load_bytes(engine, path, buffer_view(bytes), error);
	struct buffer output = {0};
	struct sv_artifact *artifact = NULL;
	if (module_compile(path, flags, buffer_view(bytes), &output, error))
		artifact = module_load_bytes(engine, path, buffer_view(&output), error);
	buffer_finish(&output);
	return artifact;
}

bool module_is_artifact(const char *path)
{
	struct stat status;
	uint8_t magic[4];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	bool is_artifact = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
			pread(fd, magic, 4, 0) == 4 && memcmp(magic, elf_magic, 4) == 0;
	close(fd);
	return is_artifact;
}

struct sv_artifact *module_open(struct sv_engine *engine, const char *path,
		const struct compile_flags *flags, struct sv_error *error)
{
	/* It is mapped from there and never read into memory. */
	if (module_is_artifact(path))
		return sv_artifact_load(engine, path, error);
	struct buffer bytes = {0};
	struct sv_artifact *artifact = module_open_bytes(engine, path, flags, &bytes, error);
	buffer_finish(&bytes);
	return artifact;
}
