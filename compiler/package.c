/*
 * package.c: objects to lld, and the artifact back; then the state is made read-only and the
 * checksum goes into the note. Uses libelf to find the note.
 */
#include "compiler/package.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "abi/artifact.h"
#include "compiler/link.h"

/*
 * What lld reads and writes: the objects as an archive (ar) in memory, and a pipe. To a regular
 * file LLVM writes by way of a temporary one, which it also puts on a list for removal
 * that never gets shorter and is searched each time.
 */
struct workplace {
	int objects;
	int to_us, from_lld; /* the pipe's ends */
	pthread_t reader;
	struct buffer *output;
	struct sv_error error; /* of the reader */
	bool is_read;
};

static bool workplace_write(int fd, const void *bytes, size_t length, struct sv_error *error)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = write(fd, (const char *)bytes + done, length - done);
		if (n < 0 && errno != EINTR)
			return sv_fail_errno(error, "cannot keep objects in memory");
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* ar(5): members begin at even offsets, with a head of 60 characters. */
static bool workplace_write_object(int fd, const struct buffer *object, struct sv_error *error)
{
	char head[64];
	int length = snprintf(head, sizeof head, "%-16s%-12u%-6u%-6u%-8o%-10zu`\n", "object.o/", 0,
			0, 0, 0644, object->length);
	if (length != 60)
		return sv_fail(error, SV_ERROR_LIMIT, "an object of %zu bytes is too large",
				object->length);
	return workplace_write(fd, head, (size_t)length, error) &&
			workplace_write(fd, object->data, object->length, error) &&
			workplace_write(fd, "\n", object->length % 2, error);
}

static bool workplace_open(struct workplace *place, const struct buffer *objects, size_t count,
		struct sv_error *error)
{
	static const char magic[] = "!<arch>\n";
	int ends[2];
	place->objects = memfd_create("selvage-objects", MFD_CLOEXEC);
	if (place->objects < 0)
		return sv_fail_errno(error, "cannot keep objects in memory");
	bool done = workplace_write(place->objects, magic, sizeof magic - 1, error);
	for (size_t i = 0; done && i < count; i++)
		done = workplace_write_object(place->objects, &objects[i], error);
	if (done && pipe2(ends, O_CLOEXEC) != 0)
		done = sv_fail_errno(error, "cannot make a pipe for the linker");
	if (!done) {
		close(place->objects);
		return false;
	}
	place->to_us = ends[0];
	place->from_lld = ends[1];
	return true;
}

static void workplace_close(struct workplace *place)
{
	close(place->to_us);
	close(place->objects);
}

/* To the end in any case: a writer must find a reader. */
static void *workplace_read(void *data)
{
	struct workplace *place = data;
	uint8_t bytes[65536];
	ssize_t n;
	place->is_read = true;
	while ((n = read(place->to_us, bytes, sizeof bytes)) != 0) {
		check(n > 0 || errno == EINTR);
		if (n > 0 && place->is_read)
			place->is_read = buffer_append(place->output, bytes, (size_t)n,
					&place->error);
	}
	return NULL;
}

static bool package_run_linker(const struct workplace *place, struct sv_error *error)
{
	char objects[40], output[40], said[400];
	const char *const arguments[] = {
			"ld.lld",
			"-shared",
			"--no-dynamic-linker",
			"--hash-style=sysv",
			"--build-id=fast",
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
			"--whole-archive",
			objects,
			"-o",
			output,
	};
	snprintf(objects, sizeof objects, "/proc/self/fd/%d", place->objects);
	snprintf(output, sizeof output, "/proc/self/fd/%d", place->from_lld);
	return link_run(arguments, ARRAY_LENGTH(arguments), said, sizeof said) ||
			sv_fail(error, SV_ERROR_INTERNAL, "the linker failed: %s", said);
}

/* Run lld with somebody at the other end of the pipe. */
static bool package_exchange(struct workplace *place, struct sv_error *error)
{
	int failed = pthread_create(&place->reader, NULL, workplace_read, place);
	if (failed) {
		close(place->from_lld);
		errno = failed;
		return sv_fail_errno(error, "cannot start a thread");
	}
	bool done = package_run_linker(place, error);
	close(place->from_lld);
	pthread_join(place->reader, NULL);
	if (done && !place->is_read && error)
		*error = place->error;
	return done && place->is_read;
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
	struct workplace place = {.output = output};
	size_t start = output->length;
	TRY(workplace_open(&place, objects, count, error));
	bool done = package_exchange(&place, error);
	workplace_close(&place);
	done = done && package_complete(output->data + start, output->length - start, error);
	if (!done)
		output->length = start;
	return done;
}
