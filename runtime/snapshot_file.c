/*
 * snapshot_file.c: the file of an artifact with another state in it. All up to the last segment,
 * which holds the state, stays where it is but for the header and the list of exports; what
 * follows the state in the file is loaded nowhere and moves.
 */
#include "runtime/snapshot_draft.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "runtime/arch/checksum.h"
#include "runtime/artifact.h"

/* The artifact's file, and where in it things are that change. */
struct snapshot_source {
	struct sv_bytes bytes; /* mapped */
	struct artifact_elf elf;
	Elf64_Ehdr head;
	uint64_t header_at, note_at, exports_at;
	uint64_t segment_at; /* of the program header of the state */
	uint64_t start, end; /* of the state */
	uint64_t header_address;
};

static bool source_fail(struct sv_error *error)
{
	return sv_fail(error, SV_ERROR_ARTIFACT,
			"the state has no segment of its own: compile the module again");
}

static bool source_holds(const struct snapshot_source *source, uint64_t at, uint64_t size)
{
	return size <= source->bytes.length && at <= source->bytes.length - size;
}

static Elf64_Phdr source_segment(const struct snapshot_source *source, size_t index)
{
	Elf64_Phdr segment;
	memcpy(&segment, source->bytes.data + source->head.e_phoff + index * sizeof segment,
			sizeof segment);
	return segment;
}

/* Where in the file, in front of the state, `size` bytes at an address are. */
static bool source_place(const struct snapshot_source *source, uint64_t address, uint64_t size,
		uint64_t *at)
{
	for (size_t i = 0; i < source->head.e_phnum; i++) {
		Elf64_Phdr segment = source_segment(source, i);
		uint64_t inside = address - segment.p_vaddr;
		if (segment.p_type != PT_LOAD || inside >= segment.p_filesz ||
				size > segment.p_filesz - inside)
			continue;
		*at = segment.p_offset + inside;
		return *at <= source->start && size <= source->start - *at;
	}
	return false;
}

/* The last segment, which must be the image's section and nothing else. */
static bool source_find_state(struct snapshot_source *source)
{
	const struct artifact_elf *elf = &source->elf;
	for (size_t i = 0; i < source->head.e_phnum; i++) {
		Elf64_Phdr segment = source_segment(source, i);
		if (segment.p_type != PT_LOAD || segment.p_vaddr != elf->image_address)
			continue;
		source->segment_at = source->head.e_phoff + i * sizeof segment;
		source->start = segment.p_offset;
		source->end = segment.p_offset + segment.p_filesz;
		return segment.p_offset == elf->image_offset && elf->image_size != 0 &&
				segment.p_filesz == elf->image_size &&
				segment.p_memsz == segment.p_filesz && segment.p_flags == PF_R &&
				segment.p_vaddr + segment.p_memsz == elf->high;
	}
	return false;
}

/* Nothing but the state may be where it is, and no table of the file behind its end. */
static bool source_is_plain(const struct snapshot_source *source)
{
	const Elf64_Ehdr *head = &source->head;
	if (head->e_phoff + head->e_phnum * sizeof(Elf64_Phdr) > source->start ||
			head->e_shoff < source->end)
		return false;
	for (size_t i = 0; i < head->e_phnum; i++) {
		Elf64_Phdr segment = source_segment(source, i);
		if (segment.p_offset + segment.p_filesz > source->start &&
				segment.p_offset != source->start)
			return false;
	}
	return true;
}

static bool source_find(struct snapshot_source *source, const struct sv_artifact *artifact,
		struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	Elf64_Ehdr *head = &source->head;
	TRY(artifact_elf_check(source->bytes, &source->elf, error));
	memcpy(head, source->bytes.data, sizeof *head);
	if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_shentsize != sizeof(Elf64_Shdr) ||
			!source_holds(source, head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr)) ||
			!source_holds(source, head->e_shoff, head->e_shnum * sizeof(Elf64_Shdr)) ||
			!source_find_state(source) || !source_is_plain(source))
		return source_fail(error);
	source->header_address = (uintptr_t)header - artifact->bias;
	uint64_t exports = source->header_address + (uint64_t)(int64_t)header->exports.offset;
	uint64_t exports_size = header->exports.count * sizeof(struct sv_export_record);
	if (!source_place(source, source->header_address, sizeof *header, &source->header_at) ||
			!source_place(source, source->elf.note_address, sizeof source->elf.note,
					&source->note_at) ||
			(exports_size && !source_place(source, exports, exports_size,
							 &source->exports_at)))
		return source_fail(error);
	return true;
}

/* ---- state ---- */

static bool state_align(struct buffer *state, size_t alignment, struct sv_error *error)
{
	static const uint8_t zeros[8];
	return buffer_append(state, zeros, -state->length & (alignment - 1), error);
}

/* The new records, with their places in the header; a byte more, as the compiler has it. */
static bool state_build(struct snapshot_draft *draft, const struct snapshot_source *source,
		struct sv_artifact_header *header, struct buffer *state)
{
	const uint64_t origin = source->elf.image_address - source->header_address;
	struct buffer parts[] = {
#define STATE_SPAN(name, type) draft->name,
#include "abi/state.def"
#undef STATE_SPAN
	};
	struct sv_span *spans[] = {
#define STATE_SPAN(name, type) &header->name,
#include "abi/state.def"
#undef STATE_SPAN
	};
	static const size_t sizes[] = {
#define STATE_SPAN(name, type) sizeof(type),
#include "abi/state.def"
#undef STATE_SPAN
	};
	header->image.count = (uint32_t)draft->image.length;
	header->image.offset = (int32_t)origin;
	TRY(buffer_append(state, draft->image.data, draft->image.length, draft->error));
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		TRY(state_align(state, 8, draft->error));
		if (origin + state->length > INT32_MAX)
			return sv_fail(draft->error, SV_ERROR_LIMIT,
					"the snapshot is larger than 2 GiB");
		*spans[i] = (struct sv_span){(int32_t)(origin + state->length),
				(uint32_t)(parts[i].length / sizes[i])};
		TRY(buffer_append(state, parts[i].data, parts[i].length, draft->error));
	}
	return buffer_append(state, "", 1, draft->error);
}

/* ---- exports ---- */

struct export_list {
	const struct sv_artifact *artifact;
	struct sv_export_record *records; /* in the new file */
	uint32_t count;
};

static struct sv_export_record *export_find(const struct export_list *list, struct sv_bytes name)
{
	for (uint32_t i = 0; i < list->count; i++) {
		struct sv_export_record *record = &list->records[i];
		if (record->name.length == name.length &&
				memcmp(artifact_string(list->artifact, record->name), name.data,
						name.length) == 0)
			return record;
	}
	return NULL;
}

static void export_remove(struct export_list *list, struct sv_export_record *record)
{
	size_t behind = (size_t)(list->records + list->count - (record + 1));
	memmove(record, record + 1, behind * sizeof *record);
	list->records[--list->count] = (struct sv_export_record){0};
}

static bool export_rename(struct export_list *list, const struct snapshot_rename *rename,
		struct sv_error *error)
{
	struct sv_export_record *target = export_find(list, rename->name);
	struct sv_export_record *source = export_find(list, rename->source);
	if (!target || !source || target == source || target->kind != SV_EXTERN_FUNCTION ||
			source->kind != SV_EXTERN_FUNCTION)
		return sv_fail(error, SV_ERROR_USAGE,
				"\"%.*s\" and \"%.*s\" must be two exported functions",
				(int)rename->name.length, (const char *)rename->name.data,
				(int)rename->source.length, (const char *)rename->source.data);
	target->index = source->index;
	export_remove(list, source);
	return true;
}

static bool exports_change(struct export_list *list, const struct snapshot_exports *exports,
		struct sv_error *error)
{
	for (size_t i = 0; i < exports->hidden_count; i++) {
		const char *name = exports->hidden[i];
		struct sv_export_record *record = export_find(list,
				(struct sv_bytes){(const uint8_t *)name, strlen(name)});
		if (record)
			export_remove(list, record);
	}
	for (size_t i = 0; i < exports->rename_count; i++)
		TRY(export_rename(list, &exports->renames[i], error));
	return true;
}

/* ---- file ---- */

static void file_set_tables(uint8_t *file, const struct snapshot_source *source, uint64_t size,
		uint64_t shift)
{
	Elf64_Phdr segment;
	Elf64_Ehdr head = source->head;
	head.e_shoff += shift;
	memcpy(file, &head, sizeof head);
	memcpy(&segment, file + source->segment_at, sizeof segment);
	segment.p_filesz = segment.p_memsz = size;
	memcpy(file + source->segment_at, &segment, sizeof segment);
	for (size_t i = 0; i < head.e_shnum; i++) {
		Elf64_Shdr section;
		uint8_t *at = file + head.e_shoff + i * sizeof section;
		memcpy(&section, at, sizeof section);
		if (section.sh_flags & SHF_ALLOC) {
			if (section.sh_addr == segment.p_vaddr)
				section.sh_size = size;
		} else if (section.sh_offset >= source->end) {
			section.sh_offset += shift;
		}
		memcpy(at, &section, sizeof section);
	}
}

static void file_seal(uint8_t *file, size_t length, const struct snapshot_source *source)
{
	uint8_t *place = file + source->note_at + offsetof(struct sv_artifact_note, checksum);
	memset(place, 0, sizeof(uint32_t));
	uint32_t checksum = checksum_add(0, file, length);
	memcpy(place, &checksum, sizeof checksum);
}

/*
 * What is in front, the new state, what was behind the old one: as far behind a page's start
 * as it was, so that every alignment holds.
 */
static bool file_join(const struct snapshot_source *source, struct sv_bytes state,
		struct buffer *output, struct sv_error *error)
{
	static const uint8_t zeros[SV_HOST_PAGE];
	uint64_t padding = (source->end - source->start - state.length) % SV_HOST_PAGE;
	return buffer_append(output, source->bytes.data, source->start, error) &&
			buffer_append(output, state.data, state.length, error) &&
			buffer_append(output, zeros, padding, error) &&
			buffer_append(output, source->bytes.data + source->end,
					source->bytes.length - source->end, error);
}

static bool file_build(struct snapshot_draft *draft, const struct snapshot_source *source,
		const struct snapshot_exports *exports, struct buffer *output)
{
	struct sv_artifact_header header = *draft->artifact->header;
	struct buffer state = {0};
	bool done = state_build(draft, source, &header, &state) &&
			file_join(source, buffer_view(&state), output, draft->error);
	uint64_t size = state.length;
	buffer_finish(&state);
	TRY(done);
	uint8_t *file = output->data;
	size_t length = output->length;
	struct export_list list = {draft->artifact,
			(struct sv_export_record *)(file + source->exports_at),
			header.exports.count};
	TRY(exports_change(&list, exports, draft->error));
	header.exports.count = list.count;
	header.start = SV_NO_INDEX;
	header.flags |= SV_ARTIFACT_SNAPSHOT;
	/* Instances without compiled expressions keep their tables ready in a pool. */
	if (!draft->needs_constants)
		header.constants.count = 0;
	memcpy(file + source->header_at, &header, sizeof header);
	file_set_tables(file, source, size, length - source->bytes.length);
	file_seal(file, length, source);
	struct artifact_elf checked;
	return artifact_elf_check((struct sv_bytes){file, length}, &checked, draft->error);
}

bool snapshot_file(struct snapshot_draft *draft, const struct snapshot_exports *exports,
		struct buffer *output)
{
	struct snapshot_source source = {0};
	struct stat status;
	if (fstat(draft->artifact->fd, &status) != 0)
		return sv_fail_errno(draft->error, "the artifact cannot be examined");
	void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE,
			draft->artifact->fd, 0);
	if (bytes == MAP_FAILED)
		return sv_fail_errno(draft->error, "the artifact cannot be read");
	source.bytes = (struct sv_bytes){bytes, (size_t)status.st_size};
	bool done = source_find(&source, draft->artifact, draft->error) &&
			file_build(draft, &source, exports, output);
	munmap(bytes, (size_t)status.st_size);
	return done;
}
