/*
 * runtime_artifacts.c: files that are no artifacts, or not sound ones, are refused with one
 * line and nothing of them is mapped.
 */
#include <elf.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <zlib.h>

#include "abi/artifact.h"
#include "abi/limits.h"
#include "base/file.h"
#include "tests/unit/runtime_fixture.h"

static const char plain_text[] = "(module (memory 1) (data (i32.const 0) \"image\")\n"
				 "(func (export \"f\") (param i32) (result i32) (i32.div_u "
                                 "(i32.const 1) (local.get 0))))";

static struct sv_artifact *load_bytes(const void *bytes, size_t length)
{
	int fd = fixture_file(bytes, length);
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "file", &error);
	close(fd);
	return artifact;
}

static uint8_t *note_of(struct buffer *bytes)
{
	static const char owner[8] = SV_NOTE_OWNER;
	uint8_t *at = memmem(bytes->data, bytes->length, owner, sizeof owner);
	fixture_need(at != NULL, "note");
	return at + sizeof owner;
}

/* Make the checksum right again after a change. */
static void seal(struct buffer *bytes)
{
	uint8_t *sum = note_of(bytes) + offsetof(struct sv_artifact_note, checksum);
	memset(sum, 0, 4);
	uint32_t value = (uint32_t)crc32_z(0, bytes->data, bytes->length);
	memcpy(sum, &value, sizeof value);
}

TEST(files_of_other_kinds_are_refused)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *reason;
	} cases[] = {
			{"", 0, "file is empty"},
			{"\0asm\1\0\0\0", 8,
					"is a WebAssembly module, not an artifact; compile it "
	                                "first"},
			{"hello, world", 12, "is not an ELF file"},
			{"\177ELF", 4, "is cut off in the ELF header"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		CHECK_ERROR(load_bytes(cases[i].bytes, cases[i].length), SV_ERROR_ARTIFACT,
				cases[i].reason);
	CHECK_ERROR(sv_artifact_load(engine, "/nonexistent", &error), SV_ERROR_SYSTEM,
			"/nonexistent");
	CHECK_ERROR(sv_artifact_load(engine, "/", &error), SV_ERROR_ARTIFACT, "not a regular file");
	CHECK_ERROR(sv_artifact_load(engine, "/dev/null", &error), SV_ERROR_ARTIFACT,
			"not a regular");
	CHECK_ERROR(sv_artifact_load(engine, "/proc/self/exe", &error), SV_ERROR_ARTIFACT,
			"selvage");
	CHECK_ERROR(sv_artifact_load(engine, "/lib/x86_64-linux-gnu/libz.so.1", &error),
			SV_ERROR_ARTIFACT, "not an artifact of Selvage");
}

TEST(an_artifact_cut_anywhere_is_refused)
{
	struct buffer bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	for (size_t length = 1; length < bytes.length; length += 97) {
		CHECK_MSG(!load_bytes(bytes.data, length), "loaded when cut to %zu", length);
		CHECK_EQ(error.code, SV_ERROR_ARTIFACT);
		sv_error_clear(&error);
	}
	buffer_finish(&bytes);
}

TEST(a_flipped_bit_anywhere_is_refused)
{
	struct buffer bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	for (size_t at = 0; at < bytes.length; at += at < 4096 ? 3 : 61) {
		bytes.data[at] ^= (uint8_t)(1 << at % 8);
		CHECK_MSG(!load_bytes(bytes.data, bytes.length), "loaded with bit %zu flipped", at);
		CHECK(error.code == SV_ERROR_ARTIFACT || error.code == SV_ERROR_CPU);
		CHECK(strncmp(error.text, "file ", 5) == 0);
		sv_error_clear(&error);
		bytes.data[at] ^= (uint8_t)(1 << at % 8);
	}
	struct sv_artifact *artifact = load_bytes(bytes.data, bytes.length);
	CHECK_OK(artifact);
	sv_artifact_free(artifact);
	buffer_finish(&bytes);
}

/* With the checksum made right again, so that the checks behind it are reached; many flips are
 * harmless (names, debug information): what loads need only not break the process. */
TEST(sealed_damage_never_breaks_the_loader)
{
	struct buffer bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	unsigned refused = 0;
	for (size_t at = 0; at < bytes.length; at += at < 0x500 ? 1 : 7) {
		struct buffer copy = {0};
		CHECK_OK(buffer_append(&copy, bytes.data, bytes.length, &error));
		if (copy.data + at < note_of(&copy) - 16 ||
				copy.data + at >=
						note_of(&copy) + sizeof(struct sv_artifact_note)) {
			copy.data[at] ^= 0x55;
			seal(&copy);
			struct sv_artifact *artifact = load_bytes(copy.data, copy.length);
			refused += !artifact;
			sv_artifact_free(artifact);
			sv_error_clear(&error);
		}
		buffer_finish(&copy);
	}
	printf("  %u refused\n", refused);
	CHECK(refused > 200);
	buffer_finish(&bytes);
}

TEST(other_versions_targets_and_cpus_are_refused)
{
	struct buffer bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	struct sv_artifact_note *note = (struct sv_artifact_note *)note_of(&bytes);
	struct sv_artifact_note good = *note;
	note->abi_version = SV_ABI_VERSION + 1;
	seal(&bytes);
	CHECK_ERROR(load_bytes(bytes.data, bytes.length), SV_ERROR_ARTIFACT, "compile it again");
	*note = good;
	strcpy(note->target, "aarch64");
	seal(&bytes);
	CHECK_ERROR(load_bytes(bytes.data, bytes.length), SV_ERROR_ARTIFACT, "\"aarch64\"");
	*note = good;
	strcpy(note->cpu, "sse2,warp9");
	seal(&bytes);
	CHECK_ERROR(load_bytes(bytes.data, bytes.length), SV_ERROR_CPU, "\"warp9\"");
	strcpy(note->cpu, "sse2,tbm");
	seal(&bytes);
	CHECK_ERROR(load_bytes(bytes.data, bytes.length), SV_ERROR_CPU,
			"\"tbm\", which this machine");
	buffer_finish(&bytes);
}

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

/* Shared objects of a C compiler with a valid note: refused for what the loader would do. */
struct foreign_case {
	const char *source, *flags[3], *reason;
};

static bool foreign_build(const struct foreign_case *row, struct buffer *bytes)
{
	static const char *const note =
			"__attribute__((section(\".note.selvage\"), used, aligned(4)))"
			"static const struct { unsigned a, b, c; char o[8]; unsigned v, s, x, y;"
			"char m[24], t[16], u[512]; } n = {8, 568, 1, \"Selvage\", " TEXT(
					SV_ABI_VERSION) ", 0, 0, 0, "
	                "\"\", \"x86_64\"};\n"
			"__attribute__((visibility(\"default\"))) const long selvage_artifact[60] "
	                "= {1};\n";
	char source[] = "/tmp/selvage-test-XXXXXX.c", object[] = "/tmp/selvage-test-XXXXXX.so";
	int fd = mkstemps(source, 2), out = mkstemps(object, 3), status = -1;
	dprintf(fd, "%s%s", note, row->source);
	const char *arguments[] = {"cc", "-shared", "-nostdlib", "-fPIC", "-fvisibility=hidden",
			"-Wl,--build-id=none", "-Wl,--hash-style=sysv", "-o", object, source,
			row->flags[0], row->flags[1], row->flags[2], NULL};
	extern char **environ;
	pid_t child;
	if (posix_spawnp(&child, "cc", NULL, NULL, (char **)arguments, environ) == 0)
		waitpid(child, &status, 0);
	bool is_good = status == 0 && file_read(object, bytes, &error);
	close(fd);
	close(out);
	unlink(source);
	unlink(object);
	return is_good;
}

/* The dynamic section and the segment it says it is in, both far behind the end of the file. */
TEST(headers_are_not_believed_before_they_are_checked)
{
	struct buffer bytes = fixture_compile(plain_text, SV_BOUNDS_GUARD, 2);
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	memcpy(&head, bytes.data, sizeof head);
	uint8_t *headers = bytes.data + head.e_phoff;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		memcpy(&segment, headers + i * sizeof segment, sizeof segment);
		if (segment.p_type == PT_DYNAMIC)
			memcpy(headers + i * sizeof segment, headers, sizeof segment);
	}
	segment = (Elf64_Phdr){.p_type = PT_DYNAMIC, .p_flags = PF_R,
			.p_offset = UINT64_C(1) << 44, .p_filesz = 4096, .p_memsz = 4096,
			.p_align = SV_HOST_PAGE};
	memcpy(headers, &segment, sizeof segment);
	segment.p_type = PT_LOAD;
	memcpy(headers + sizeof segment, &segment, sizeof segment);
	seal(&bytes);
	CHECK_ERROR(load_bytes(bytes.data, bytes.length) != NULL, SV_ERROR_ARTIFACT,
			"damaged segment");
	buffer_finish(&bytes);
}

TEST(objects_that_make_the_loader_act_are_refused)
{
	_Static_assert(sizeof(struct sv_artifact_note) == 568, "as in the source above");
	static const struct foreign_case cases[] = {
			{"int g; __attribute__((constructor)) void c(void) { g = 1; } int f(void) "
	                 "{ return g; }",
					{"-O1"}, "asks the loader"},
			{"int x(void); int f(void) { return x(); } int (*p)(void) = f;", {"-O1"},
					"asks the loader"},
			{"void f(void) {}", {"-Wl,--no-as-needed", "-lc"}, "asks the loader"},
			{"void f(void) {}", {"-Wl,-z,execstack"}, "executable stack"},
			{"void f(void) {}", {"-Wl,-N"}, "writable and executable"},
			{"__attribute__((visibility(\"default\"))) void f(void) {}", {"-O1"},
					"unexpected symbol, \"f\""},
			{"extern int y __attribute__((weak, visibility(\"default\")));\n"
			 "__attribute__((visibility(\"default\"))) int *f(void) { return &y; }",
					{"-O1"}, "asks the loader"},
			{"__attribute__((used)) static __thread int t = 5;", {"-O1"},
					"thread-local"},
			{"void f(void) {}", {"-O1"}, "inconsistent records: no magic number"},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct buffer bytes = {0};
		CHECK_MSG(foreign_build(&cases[i], &bytes), "case %zu did not build", i);
		seal(&bytes);
		struct sv_artifact *artifact = load_bytes(bytes.data, bytes.length);
		CHECK_MSG(!artifact && strstr(error.text, cases[i].reason), "case %zu: %s", i,
				error.text);
		sv_error_clear(&error);
		buffer_finish(&bytes);
	}
}

/* The loader knows objects by name and by file; descriptors get used again. */
TEST(a_file_loaded_twice_and_another_in_its_descriptor_are_told_apart)
{
	static const char *const texts[] = {
			"(module (func (export \"n\") (param i32) (result i32) (i32.const 1)))",
			"(module (func (export \"n\") (param i32) (result i32) (i32.const 2)))",
	};
	struct buffer bytes = fixture_compile(texts[0], SV_BOUNDS_GUARD, 2);
	int fd = fixture_file(bytes.data, bytes.length);
	struct sv_artifact *first = sv_artifact_load_fd(engine, fd, "first", &error);
	struct sv_artifact *second = sv_artifact_load_fd(engine, fd, "second", &error);
	CHECK_OK(first && second);
	sv_artifact_free(first);
	struct guest other = guest_open(texts[1]);
	CHECK_EQ(guest_number(&other, "n", 0), 2);
	struct guest guest = {second, fixture_store(), NULL};
	guest.instance = sv_instance_new(guest.store, second, NULL, NULL, &error);
	CHECK_EQ(guest_number(&guest, "n", 0), 1);
	guest_close(&other);
	guest_close(&guest);
	close(fd);
	buffer_finish(&bytes);
}

TEST(exports_and_imports_can_be_asked_for)
{
	struct sv_artifact *artifact = fixture_load(plain_text);
	CHECK(sv_artifact_has_export(artifact, "f", SV_EXTERN_FUNCTION));
	CHECK(!sv_artifact_has_export(artifact, "f", SV_EXTERN_MEMORY));
	CHECK(!sv_artifact_has_export(artifact, "g", SV_EXTERN_FUNCTION));
	CHECK_EQ(sv_artifact_import_count(artifact), 0);
	CHECK_EQ(sv_artifact_header(artifact)->functions.count, 1);
	sv_artifact_free(artifact);
}

RUNTIME_TEST_MAIN(NULL)
