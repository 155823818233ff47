/*
 * package.c: objects into a temporary folder, lld, and the artifact back out; then the
 * state is made read-only and the checksum goes into the note. Uses libelf to find the note.
 */
#include "compiler/package.h"

#include <gelf.h>
#include <libelf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "abi/artifact.h"
#include "base/file.h"
#include "compiler/link.h"

/* Names in the temporary folder are short and ours. */
struct workplace {
	char folder[256];
	size_t object_count;
};

static bool workplace_open(struct workplace *place, struct sv_error *error)
{
	const char *base = getenv("TMPDIR");
	int length = snprintf(place->folder, sizeof place->folder - 32, "%s/selvage-XXXXXX",
			base && *base ? base : "/tmp");
	if (length >= (int)sizeof place->folder - 32)
		return sv_fail(error, SV_ERROR_USAGE, "TMPDIR is too long");
	if (!mkdtemp(place->folder))
		return sv_fail_errno(error, "cannot make a temporary folder %s", place->folder);
	return true;
}

static void workplace_object(const struct workplace *place, size_t index, char *path, size_t size)
{
	snprintf(path, size, "%s/%zu.o", place->folder, index);
}

static void workplace_output(const struct workplace *place, char *path, size_t size)
{
	snprintf(path, size, "%s/out.so", place->folder);
}

static void workplace_close(struct workplace *place)
{
	char path[300];
	for (size_t i = 0; i < place->object_count; i++) {
		workplace_object(place, i, path, sizeof path);
		unlink(path);
	}
	workplace_output(place, path, sizeof path);
	unlink(path);
	rmdir(place->folder);
}

static bool workplace_write(const struct workplace *place, size_t index,
		const struct buffer *object, struct sv_error *error)
{
	char path[300];
	workplace_object(place, index, path, sizeof path);
	FILE *file = fopen(path, "wbe");
	if (!file)
		return sv_fail_errno(error, "cannot write %s", path);
	bool done = fwrite(object->data, 1, object->length, file) == object->length;
	done = fclose(file) == 0 && done;
	return done || sv_fail_errno(error, "cannot write %s", path);
}

static bool package_run_linker(struct workplace *place, size_t count, struct sv_error *error)
{
	static const char *const options[] = {
			"ld.lld",
			"-shared",
			"--no-dynamic-linker",
			"--hash-style=sysv",
			"--build-id=none",
			"-z",
			"defs",
			"-z",
			"text",
			"-z",
			"now",
			"-z",
			"noexecstack",
			"-z",
			"separate-code",
			"-z",
			"start-stop-visibility=hidden",
			"--threads=1",
			"-o",
	};
	size_t fixed = ARRAY_LENGTH(options);
	const char **arguments = calloc(fixed + 1 + count, sizeof *arguments);
	char (*paths)[300] = calloc(count + 1, sizeof *paths);
	bool done = arguments && paths;
	char said[400];
	for (size_t i = 0; done && i < fixed; i++)
		arguments[i] = options[i];
	for (size_t i = 0; done && i <= count; i++) {
		arguments[fixed + i] = paths[i];
		if (i == 0)
			workplace_output(place, paths[i], sizeof paths[i]);
		else
			workplace_object(place, i - 1, paths[i], sizeof paths[i]);
	}
	if (!done)
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the linker's arguments");
	if (done && !link_run(arguments, fixed + 1 + count, said, sizeof said))
		done = sv_fail(error, SV_ERROR_INTERNAL, "the linker failed: %s", said);
	free(arguments);
	free(paths);
	return done;
}

/* A section of the linked artifact; its number in the table, or 0. */
static size_t package_find_section(Elf *elf, const char *wanted, GElf_Shdr *header)
{
	size_t names = 0;
	if (!elf || elf_getshdrstrndx(elf, &names) != 0)
		return 0;
	for (Elf_Scn *section = elf_nextscn(elf, NULL); section;
			section = elf_nextscn(elf, section)) {
		if (!gelf_getshdr(section, header))
			return 0;
		const char *name = elf_strptr(elf, names, header->sh_name);
		if (name && strcmp(name, wanted) == 0)
			return elf_ndxscn(section);
	}
	return 0;
}

/*
 * The state is behind all else because the linker takes it for data that is written. Nobody
 * writes it: its segment, which is all its own, becomes read-only.
 */
static bool package_protect_state(Elf *elf, uint8_t *data, struct sv_error *error)
{
	GElf_Ehdr head;
	GElf_Shdr section;
	size_t index = package_find_section(elf, SV_IMAGE_SECTION, &section);
	bool found = false;
	if (!index || !gelf_getehdr(elf, &head))
		return sv_fail(error, SV_ERROR_INTERNAL, "the linked artifact has no image");
	for (int i = 0; i < head.e_phnum; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(elf, i, &segment) || segment.p_type != PT_LOAD ||
				segment.p_vaddr != section.sh_addr ||
				segment.p_filesz != section.sh_size)
			continue;
		segment.p_flags = PF_R;
		memcpy(data + head.e_phoff + (size_t)i * sizeof segment, &segment, sizeof segment);
		found = true;
	}
	if (!found)
		return sv_fail(error, SV_ERROR_INTERNAL,
				"the linked artifact has no segment for its image alone");
	section.sh_flags &= ~(uint64_t)SHF_WRITE;
	memcpy(data + head.e_shoff + index * sizeof section, &section, sizeof section);
	return true;
}

/* The descriptor follows three words and the owner's eight bytes. */
static bool package_seal(Elf *elf, struct sv_bytes bytes, uint8_t *data, struct sv_error *error)
{
	GElf_Shdr section;
	if (!package_find_section(elf, SV_NOTE_SECTION, &section) ||
			section.sh_offset + 20 + sizeof(struct sv_artifact_note) > bytes.length)
		return sv_fail(error, SV_ERROR_INTERNAL, "the linked artifact has no note");
	uint8_t *place = data + section.sh_offset + 20 +
			offsetof(struct sv_artifact_note, checksum);
	memset(place, 0, sizeof(uint32_t));
	uint32_t checksum = (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes.data, bytes.length);
	memcpy(place, &checksum, sizeof checksum);
	return true;
}

static bool package_complete(uint8_t *data, size_t length, struct sv_error *error)
{
	check(elf_version(EV_CURRENT) != EV_NONE);
	Elf *elf = elf_memory((char *)data, length);
	bool done = package_protect_state(elf, data, error) &&
			package_seal(elf, (struct sv_bytes){data, length}, data, error);
	elf_end(elf);
	return done;
}

bool package_link(const struct buffer *objects, size_t count, struct buffer *output,
		struct sv_error *error)
{
	struct workplace place = {.object_count = count};
	TRY(workplace_open(&place, error));
	bool done = true;
	for (size_t i = 0; done && i < count; i++)
		done = workplace_write(&place, i, &objects[i], error);
	done = done && package_run_linker(&place, count, error);
	char path[300];
	workplace_output(&place, path, sizeof path);
	size_t start = output->length;
	done = done && file_read(path, output, error);
	workplace_close(&place);
	done = done && package_complete(output->data + start, output->length - start, error);
	if (!done)
		output->length = start;
	return done;
}
