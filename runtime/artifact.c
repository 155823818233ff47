/*
 * artifact.c: load artifacts and read their records.
 */
#include "runtime/artifact.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/limits.h"
#include "runtime/counts.h"
#include "runtime/engine.h"
#include "runtime/symbols.h"

/* Offsets in an artifact are 32 bits; nothing larger can be one. */
static const uint64_t artifact_max_bytes = UINT64_C(4) << 30;

/* See artifact_check. */
static const size_t small_size = 256 << 10;

/* The size of a file that may be an artifact. */
static bool artifact_size(int fd, size_t *size, struct sv_error *error)
{
	struct stat status;
	if (fstat(fd, &status) != 0)
		return sv_fail_errno(error, "cannot be examined");
	if (!S_ISREG(status.st_mode))
		return sv_fail(error, SV_ERROR_ARTIFACT, "is not a regular file");
	if ((uint64_t)status.st_size > artifact_max_bytes)
		return sv_fail(error, SV_ERROR_LIMIT, "is larger than %" PRIu64 " bytes",
				artifact_max_bytes);
	/* Of no bytes there is nothing to map. */
	if (status.st_size == 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is empty");
	*size = (size_t)status.st_size;
	return true;
}

/* The first `size` bytes, whatever the descriptor's position. */
static bool artifact_copy(int from, int to, size_t size, struct sv_error *error)
{
	off_t done = 0;
	while ((size_t)done < size) {
		ssize_t n = sendfile(to, from, &done, size - (size_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sv_fail_errno(error, "cannot be copied into memory");
		if (n == 0)
			return sv_fail(error, SV_ERROR_ARTIFACT,
					"became shorter while it was read");
	}
	return true;
}

/*
 * A sealed copy in memory. It is what is checked, and text and image are mapped from it, so that
 * nobody who can write the file can change or cut what was checked while it runs.
 */
static bool artifact_seal(struct sv_artifact *artifact, int from, size_t size,
		struct sv_error *error)
{
	artifact->fd = memfd_create("selvage", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (artifact->fd < 0)
		return sv_fail_errno(error, "cannot be copied into memory");
	TRY(artifact_copy(from, artifact->fd, size, error));
	const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	return fcntl(artifact->fd, F_ADD_SEALS, seals) == 0 ||
			sv_fail_errno(error, "cannot be sealed in memory");
}

/*
 * One segment, where that is not how the whole file is mapped: to execute, or at another
 * distance than in the file.
 */
static bool artifact_map_load(const struct sv_artifact *artifact, const struct artifact_load *load)
{
	uint64_t inside = load->address % SV_HOST_PAGE;
	if (load->size == 0 || (!load->is_code && load->address == load->offset))
		return true;
	return mmap((void *)(artifact->bias + load->address - inside), load->size + inside,
			       load->is_code ? PROT_READ | PROT_EXEC : PROT_READ,
			       MAP_PRIVATE | MAP_FIXED, artifact->fd,
			       (off_t)(load->offset - inside)) != MAP_FAILED;
}

/*
 * What dlopen would do, of which an artifact needs only mappings: there is nothing to relocate, to
 * bind or to run. No segment is writable: where the file says so, only a loader was to write.
 */
static bool artifact_map(struct sv_artifact *artifact, const struct artifact_elf *elf,
		struct sv_error *error)
{
	void *mapping = mmap(NULL, elf->high, PROT_READ, MAP_PRIVATE, artifact->fd, 0);
	bool is_mapped = mapping != MAP_FAILED;
	if (is_mapped) {
		artifact->bias = (uintptr_t)mapping;
		artifact->mapped_size = elf->high;
	}
	memcpy(artifact->loads, elf->loads, sizeof artifact->loads);
	for (size_t i = 0; i < elf->load_count && is_mapped; i++)
		is_mapped = artifact_map_load(artifact, &elf->loads[i]);
	artifact->header = (const void *)(artifact->bias + elf->header_address);
	return is_mapped || sv_fail_errno(error, "cannot be mapped");
}

bool artifact_holds(const struct sv_artifact *artifact, uintptr_t start, uint64_t size)
{
	for (size_t i = 0; i < ARTIFACT_LOADS; i++) {
		const struct artifact_load *load = &artifact->loads[i];
		uint64_t inside = start - artifact->bias - load->address;
		if (inside <= load->size && size <= load->size - inside)
			return true;
	}
	return false;
}

static bool artifact_place(struct sv_artifact *artifact, const struct artifact_elf *elf,
		struct sv_error *error)
{
	uintptr_t start = (uintptr_t)artifact->header;
	if (!artifact_holds(artifact, start, sizeof *artifact->header) ||
			start % _Alignof(struct sv_artifact_header) != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has its header outside its segments");
	artifact->text_start = artifact->bias + elf->text_address;
	artifact->text_end = artifact->text_start + elf->text_size;
	TRY(artifact_records_check(artifact, error));
	artifact->text_end = start + (uintptr_t)(intptr_t)artifact->header->text_end;
	artifact->text_start = start + (uintptr_t)(intptr_t)artifact->header->text_start;
	struct sv_span image = artifact->header->image;
	uintptr_t image_start = start + (uintptr_t)(intptr_t)image.offset;
	uintptr_t in_section = image_start - artifact->bias - elf->image_address;
	if (image.count &&
			(in_section > elf->image_size ||
					image.count > elf->image_size - in_section ||
					in_section % SV_HOST_PAGE))
		return sv_fail(error, SV_ERROR_ARTIFACT, "has its memory image outside %s",
				SV_IMAGE_SECTION);
	artifact->image_offset = (off_t)(elf->image_offset + in_section);
	return true;
}

/* Group by group, as they were declared; the records have been checked. */
static bool artifact_intern_types(struct sv_artifact *artifact, struct sv_error *error)
{
	uint32_t count = artifact->header->types.count;
	const struct sv_type_record *records = artifact_types(artifact);
	artifact->types = calloc((size_t)count + 1, sizeof(struct defined_type *));
	if (!artifact->types)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %u types", count);
	struct type_source source = {
			.records = records,
			.codes = artifact_type_codes(artifact),
			.before = artifact->types,
	};
	while (source.first < count) {
		source.count = 0;
		while (source.first + source.count < count &&
				records[source.first + source.count].group == source.first)
			source.count++;
		struct type_group *group =
				type_table_intern_group(&artifact->engine->types, &source, error);
		if (!group)
			return false;
		for (uint32_t i = 0; i < source.count; i++)
			artifact->types[source.first + i] = &group->types[i];
		source.first += source.count;
	}
	return true;
}

static void artifact_measure(struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	artifact->counts = (struct sv_context_counts){
			.memories = header->memories.count,
			.tables = header->tables.count,
			.globals = header->globals.count,
			.imported_functions = header->imported_functions,
			.types = header->types.count,
			.tags = header->tags.count,
			.profiles = counts_are_kept(artifact),
	};
	artifact->layout = sv_context_layout(artifact->counts);
	for (uint32_t i = 0; i < header->data.count && !artifact->has_active_data; i++)
		artifact->has_active_data = artifact_data(artifact)[i].mode == SV_SEGMENT_ACTIVE;
}

/*
 * Check the sealed copy. A small one is read, which costs less than the page faults of a mapping;
 * a large one is mapped, which costs less than another copy of it.
 */
static bool artifact_check(const struct sv_artifact *artifact, size_t size,
		struct artifact_elf *elf, struct sv_error *error)
{
	const bool is_small = size <= small_size;
	void *bytes = is_small ? malloc(size)
			       : mmap(NULL, size, PROT_READ, MAP_PRIVATE, artifact->fd, 0);
	if (!bytes || bytes == MAP_FAILED)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory to check %zu bytes", size);
	bool done = (!is_small || pread(artifact->fd, bytes, size, 0) == (ssize_t)size ||
				    sv_fail_errno(error, "cannot be read")) &&
			artifact_elf_check((struct sv_bytes){bytes, size}, elf, error) &&
			cpu_check(elf->note.cpu, error);
	if (is_small)
		free(bytes);
	else
		munmap(bytes, size);
	return done;
}

static bool artifact_open(struct sv_artifact *artifact, int fd, struct sv_error *error)
{
	struct artifact_elf elf;
	size_t size = 0;
	TRY(artifact_size(fd, &size, error));
	TRY(artifact_seal(artifact, fd, size, error));
	TRY(artifact_check(artifact, size, &elf, error));
	TRY(artifact_map(artifact, &elf, error));
	TRY(artifact_place(artifact, &elf, error));
	TRY(artifact_intern_types(artifact, error));
	TRY(artifact_values_check(artifact, error));
	artifact_measure(artifact);
	return counts_open(artifact, error);
}

struct sv_artifact *sv_artifact_load_fd(struct sv_engine *engine, int fd, const char *name,
		struct sv_error *error)
{
	struct sv_artifact *artifact = calloc(1, sizeof *artifact);
	char *copy = strdup(name);
	if (!artifact || !copy) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for an artifact");
		free(artifact);
		free(copy);
		return NULL;
	}
	*artifact = (struct sv_artifact){.engine = engine, .name = copy, .fd = -1};
	pthread_mutex_init(&artifact->symbols_lock, NULL);
	pthread_mutex_init(&artifact->profile_lock, NULL);
	atomic_fetch_add(&engine->tenants, 1);
	struct sv_error cause = SV_ERROR_INIT;
	if (artifact_open(artifact, fd, &cause))
		return artifact;
	sv_fail(error, cause.code, "%s %s", name, cause.text);
	sv_artifact_free(artifact);
	return NULL;
}

struct sv_artifact *sv_artifact_load(struct sv_engine *engine, const char *path,
		struct sv_error *error)
{
	/* Non-blocking: opening a FIFO must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		sv_fail_errno(error, "%s", path);
		return NULL;
	}
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, path, error);
	close(fd);
	return artifact;
}

void sv_artifact_free(struct sv_artifact *artifact)
{
	if (!artifact)
		return;
	for (uint32_t i = 0; artifact->types && i < artifact->header->types.count; i++) {
		/* Once for each group. */
		if (artifact_types(artifact)[i].group == i)
			type_table_release(&artifact->engine->types, artifact->types[i]);
	}
	free(artifact->types);
	symbols_free(artifact->symbols);
	pthread_mutex_destroy(&artifact->symbols_lock);
	counts_close(artifact);
	pthread_mutex_destroy(&artifact->profile_lock);
	if (artifact->mapped_size)
		munmap((void *)artifact->bias, artifact->mapped_size);
	if (artifact->fd >= 0)
		close(artifact->fd);
	atomic_fetch_sub(&artifact->engine->tenants, 1);
	free(artifact->name);
	free(artifact);
}
