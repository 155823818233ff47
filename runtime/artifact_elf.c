/*
 * artifact_elf.c: is this file an artifact that may be mapped? Reads bytes only; what the
 * records inside say is artifact_records.c's business.
 */
#include "runtime/artifact.h"

#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <libelf.h>
#include <stddef.h>
#include <string.h>

#include "abi/limits.h"
#include "runtime/arch/checksum.h"

/* The file while it is being checked. */
struct elf_file {
	struct sv_bytes bytes;
	Elf *elf; /* owned */
	size_t segment_count;
	struct artifact_elf *found;
};

/* Whether [offset, offset + size) is inside the file. */
static bool elf_file_holds(const struct elf_file *file, uint64_t offset, uint64_t size)
{
	return size <= file->bytes.length && offset <= file->bytes.length - size;
}

static bool elf_check_magic(struct sv_bytes bytes, struct sv_error *error)
{
	static const uint8_t wasm_magic[4] = {0, 'a', 's', 'm'};
	if (bytes.length == 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is empty");
	if (bytes.length >= sizeof wasm_magic &&
			memcmp(bytes.data, wasm_magic, sizeof wasm_magic) == 0)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"is a WebAssembly module, not an artifact; compile it first");
	if (bytes.length < SELFMAG || memcmp(bytes.data, ELFMAG, SELFMAG) != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is not an ELF file");
	if (bytes.length < sizeof(Elf64_Ehdr))
		return sv_fail(error, SV_ERROR_ARTIFACT, "is cut off in the ELF header");
	return true;
}

static bool elf_check_header(struct elf_file *file, struct sv_error *error)
{
	GElf_Ehdr header;
	if (elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &header))
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged ELF header");
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is not a 64-bit little-endian ELF file");
	if (header.e_type != ET_DYN)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is not a shared object");
	if (header.e_machine != EM_X86_64)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"is for another machine (ELF machine %u), not x86-64",
				header.e_machine);
	if (header.e_shoff > file->bytes.length ||
			elf_getphdrnum(file->elf, &file->segment_count) != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is cut off or has damaged ELF tables");
	return true;
}

/* The section of this name whose bytes are inside the file; false without report if none. */
static bool elf_find_section(const struct elf_file *file, const char *name, GElf_Shdr *header)
{
	size_t names;
	if (elf_getshdrstrndx(file->elf, &names) != 0)
		return false;
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL); section;
			section = elf_nextscn(file->elf, section)) {
		if (!gelf_getshdr(section, header))
			continue;
		const char *found = elf_strptr(file->elf, names, header->sh_name);
		if (found && strcmp(found, name) == 0)
			return elf_file_holds(file, header->sh_offset, header->sh_size);
	}
	return false;
}

/* The note's descriptor and where in the file it is. */
static bool elf_read_note(struct elf_file *file, uint64_t *at, struct sv_error *error)
{
	GElf_Shdr header;
	struct {
		Elf64_Nhdr head;
		char owner[sizeof SV_NOTE_OWNER];
	} start;
	if (!elf_find_section(file, SV_NOTE_SECTION, &header))
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"is not an artifact of Selvage (no section %s), or is cut off",
				SV_NOTE_SECTION);
	if (header.sh_size < sizeof start + sizeof file->found->note)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged note");
	memcpy(&start, file->bytes.data + header.sh_offset, sizeof start);
	if (start.head.n_namesz != sizeof start.owner || start.head.n_type != SV_NOTE_TYPE ||
			start.head.n_descsz != sizeof file->found->note ||
			memcmp(start.owner, SV_NOTE_OWNER, sizeof start.owner) != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged note");
	*at = header.sh_offset + sizeof start;
	file->found->note_address = header.sh_addr + sizeof start;
	struct sv_artifact_note *note = &file->found->note;
	memcpy(note, file->bytes.data + *at, sizeof *note);
	note->compiler[sizeof note->compiler - 1] = '\0';
	note->target[sizeof note->target - 1] = '\0';
	note->cpu[sizeof note->cpu - 1] = '\0';
	return true;
}

static bool elf_check_checksum(const struct elf_file *file, uint64_t note_at,
		struct sv_error *error)
{
	static const uint8_t zeros[sizeof file->found->note.checksum];
	uint64_t at = note_at + offsetof(struct sv_artifact_note, checksum);
	uint64_t behind = at + sizeof zeros;
	uint32_t sum = checksum_add(0, file->bytes.data, at);
	sum = checksum_add(sum, zeros, sizeof zeros);
	sum = checksum_add(sum, file->bytes.data + behind, file->bytes.length - behind);
	if (sum != file->found->note.checksum)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"is damaged: its checksum is %08" PRIx32 ", not %08" PRIx32,
				sum, file->found->note.checksum);
	return true;
}

static bool elf_check_note(struct elf_file *file, uint64_t *at, struct sv_error *error)
{
	TRY(elf_read_note(file, at, error));
	const struct sv_artifact_note *note = &file->found->note;
	if (note->abi_version != SV_ABI_VERSION)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"was made by Selvage %s for ABI %u; this one has ABI %u: compile "
		                "it again",
				note->compiler, note->abi_version, SV_ABI_VERSION);
	if (strcmp(note->target, "x86_64") != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is for the target \"%s\", not x86_64",
				note->target);
	return elf_check_checksum(file, *at, error);
}

/*
 * As the linker writes them: pages of the file in order, one after the other, with at most the
 * rest of a page added. Anything else would let the loader map over what is not the artifact's.
 */
static bool elf_load_is_plain(const struct elf_file *file, const GElf_Phdr *segment)
{
	const struct artifact_elf *found = file->found;
	const uint64_t most = 2 * (uint64_t)file->bytes.length + SV_HOST_PAGE;
	if (!elf_file_holds(file, segment->p_offset, segment->p_filesz) ||
			segment->p_memsz < segment->p_filesz ||
			segment->p_memsz - segment->p_filesz > SV_HOST_PAGE)
		return false;
	if (segment->p_align != SV_HOST_PAGE || segment->p_vaddr > most ||
			(segment->p_vaddr - segment->p_offset) % SV_HOST_PAGE != 0)
		return false;
	if (found->high == 0)
		return segment->p_vaddr == 0 && segment->p_offset == 0;
	return segment->p_vaddr / SV_HOST_PAGE > (found->high - 1) / SV_HOST_PAGE;
}

static bool elf_check_load(struct elf_file *file, const GElf_Phdr *segment, struct sv_error *error)
{
	struct artifact_elf *found = file->found;
	if ((segment->p_flags & PF_W) && (segment->p_flags & PF_X))
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"has memory that is writable and executable");
	if (!elf_load_is_plain(file, segment))
		return sv_fail(error, SV_ERROR_ARTIFACT, "is cut off or has a damaged segment");
	if (found->load_count == ARTIFACT_LOADS || !(segment->p_flags & PF_R))
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"has a segment that cannot be read, or more than %d",
				ARTIFACT_LOADS);
	found->loads[found->load_count++] = (struct artifact_load){
			.address = segment->p_vaddr,
			.size = segment->p_filesz,
			.offset = segment->p_offset,
			.is_code = (segment->p_flags & PF_X) != 0};
	found->high = segment->p_vaddr + segment->p_memsz;
	if (!(segment->p_flags & PF_X))
		return true;
	if (found->text_size != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has more than one executable segment");
	found->text_address = segment->p_vaddr;
	found->text_size = segment->p_filesz;
	return true;
}

/*
 * Whether the loader will find at `address` what is at `offset` in the file, `size` bytes of
 * it, in a segment with these flags; which may not have been checked yet.
 */
static bool elf_is_mapped(const struct elf_file *file, uint64_t address, uint64_t offset,
		uint64_t size, uint32_t flags)
{
	if (!elf_file_holds(file, offset, size))
		return false;
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr load;
		if (!gelf_getphdr(file->elf, (int)i, &load) || load.p_type != PT_LOAD)
			continue;
		uint64_t inside = address - load.p_vaddr;
		if (inside < load.p_filesz && size <= load.p_filesz - inside &&
				offset == load.p_offset + inside &&
				(load.p_flags & flags) == flags)
			return true;
	}
	return false;
}

/* A dynamic entry that points to a section of this type, and to all of it. */
static bool elf_points_to(const struct elf_file *file, const Elf64_Dyn *entry, const char *section,
		uint32_t type)
{
	GElf_Shdr header;
	return elf_find_section(file, section, &header) && header.sh_type == type &&
			header.sh_addr == entry->d_un.d_ptr &&
			elf_is_mapped(file, header.sh_addr, header.sh_offset, header.sh_size, PF_R);
}

/* Dynamic tags that only describe; every other one makes the loader do something. */
static bool elf_tag_is_harmless(const struct elf_file *file, const Elf64_Dyn *entry)
{
	GElf_Shdr header;
	switch (entry->d_tag) {
	case DT_NULL:
		return true;
	case DT_HASH:
		return elf_points_to(file, entry, ".hash", SHT_HASH);
	case DT_SYMTAB:
		return elf_points_to(file, entry, ".dynsym", SHT_DYNSYM);
	case DT_STRTAB:
		return elf_points_to(file, entry, ".dynstr", SHT_STRTAB);
	case DT_STRSZ:
		return elf_find_section(file, ".dynstr", &header) &&
				header.sh_size == entry->d_un.d_val;
	case DT_SYMENT:
		return entry->d_un.d_val == sizeof(Elf64_Sym);
	case DT_FLAGS:
		return (entry->d_un.d_val & ~(uint64_t)(DF_BIND_NOW | DF_SYMBOLIC)) == 0;
	case DT_FLAGS_1:
		return (entry->d_un.d_val & ~(uint64_t)DF_1_NOW) == 0;
	default:
		return false;
	}
}

static bool elf_check_dynamic(const struct elf_file *file, const GElf_Phdr *segment,
		struct sv_error *error)
{
	bool has_hash = false;
	for (uint64_t at = 0; at + sizeof(Elf64_Dyn) <= segment->p_filesz;
			at += sizeof(Elf64_Dyn)) {
		Elf64_Dyn entry;
		memcpy(&entry, file->bytes.data + segment->p_offset + at, sizeof entry);
		if (!elf_tag_is_harmless(file, &entry))
			return sv_fail(error, SV_ERROR_ARTIFACT,
					"asks the loader to do something (dynamic tag 0x%" PRIx64
					"): libraries, relocations and constructors are not "
			                "allowed",
					(uint64_t)entry.d_tag);
		has_hash |= entry.d_tag == DT_HASH;
		if (entry.d_tag == DT_NULL && has_hash)
			return true;
	}
	return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged dynamic section");
}

/* What the loader uses at an address, not from the file: must be the same. */
static bool elf_check_place(const struct elf_file *file, const GElf_Phdr *segment, uint32_t flags,
		struct sv_error *error)
{
	if (segment->p_filesz == 0 || !elf_is_mapped(file, segment->p_vaddr, segment->p_offset,
						      segment->p_filesz, flags))
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged segment (type 0x%x)",
				segment->p_type);
	return true;
}

static bool elf_check_segment(struct elf_file *file, const GElf_Phdr *segment,
		struct sv_error *error)
{
	switch (segment->p_type) {
	case PT_LOAD:
		return elf_check_load(file, segment, error);
	case PT_DYNAMIC:
		TRY(elf_check_place(file, segment, PF_R, error));
		return elf_check_dynamic(file, segment, error);
	case PT_GNU_RELRO:
		if (segment->p_memsz - segment->p_filesz > SV_HOST_PAGE)
			return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged segment");
		return elf_check_place(file, segment, PF_W, error);
	case PT_PHDR:
	case PT_NOTE:
	case PT_GNU_EH_FRAME:
		return elf_check_place(file, segment, PF_R, error);
	case PT_GNU_STACK:
		if (segment->p_flags & PF_X)
			return sv_fail(error, SV_ERROR_ARTIFACT, "asks for an executable stack");
		return true;
	case PT_TLS:
		return sv_fail(error, SV_ERROR_ARTIFACT, "has thread-local storage");
	case PT_INTERP:
		return sv_fail(error, SV_ERROR_ARTIFACT, "asks for a program interpreter");
	default:
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a segment of unknown type 0x%x",
				segment->p_type);
	}
}

static bool elf_check_segments(struct elf_file *file, uint64_t note_at, struct sv_error *error)
{
	bool has_dynamic = false, has_stack = false;
	for (size_t i = 0; i < file->segment_count; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(file->elf, (int)i, &segment))
			return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged segment table");
		TRY(elf_check_segment(file, &segment, error));
		has_dynamic |= segment.p_type == PT_DYNAMIC;
		has_stack |= segment.p_type == PT_GNU_STACK;
	}
	if (!has_dynamic)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has no dynamic section");
	if (!elf_is_mapped(file, file->found->note_address, note_at, sizeof file->found->note,
			    PF_R))
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a note outside its segments");
	/* Without the header the loader would make all stacks of the process executable. */
	if (!has_stack)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"does not say that its stack is not executable");
	return true;
}

/* The table by which dlsym searches: buckets and chains of two symbols, all inside. */
static bool elf_check_hash(const struct elf_file *file, size_t symbols, struct sv_error *error)
{
	GElf_Shdr table;
	uint32_t counts[2] = {0, 0}, entry;
	bool is_good = elf_find_section(file, ".hash", &table) && table.sh_size >= sizeof counts;
	if (is_good)
		memcpy(counts, file->bytes.data + table.sh_offset, sizeof counts);
	uint64_t entries = (uint64_t)counts[0] + counts[1];
	is_good = is_good && counts[0] > 0 && counts[1] == symbols &&
			table.sh_size == sizeof counts + entries * sizeof entry;
	for (uint64_t i = 0; is_good && i < entries; i++) {
		memcpy(&entry,
				file->bytes.data + table.sh_offset + sizeof counts +
						i * sizeof entry,
				sizeof entry);
		/* A chain that led back to itself would never end. */
		is_good = entry < symbols && (i < counts[0] || entry == 0);
	}
	return is_good || sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged hash table");
}

static bool elf_check_symbol(const struct elf_file *file, const GElf_Shdr *table, size_t index,
		struct sv_error *error)
{
	Elf64_Sym symbol;
	memcpy(&symbol, file->bytes.data + table->sh_offset + index * sizeof symbol, sizeof symbol);
	const char *name = elf_strptr(file->elf, table->sh_link, symbol.st_name);
	if (!name)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged symbol table");
	if (symbol.st_shndx == SHN_UNDEF)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has an undefined symbol, \"%.80s\"",
				name);
	if (strcmp(name, SV_ARTIFACT_SYMBOL) != 0 || ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has an unexpected symbol, \"%.80s\"",
				name);
	file->found->header_address = symbol.st_value;
	return true;
}

/* Besides the null symbol, exactly the header's. */
static bool elf_check_symbols(const struct elf_file *file, struct sv_error *error)
{
	GElf_Shdr table;
	if (!elf_find_section(file, ".dynsym", &table) || table.sh_type != SHT_DYNSYM)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has no table of dynamic symbols");
	size_t count = table.sh_size / sizeof(Elf64_Sym);
	for (size_t i = 1; i < count; i++)
		TRY(elf_check_symbol(file, &table, i, error));
	if (count != 2)
		return sv_fail(error, SV_ERROR_ARTIFACT, "has %zu dynamic symbols instead of one",
				count ? count - 1 : 0);
	return elf_check_hash(file, count, error);
}

/* Relocations are named by dynamic tags; sections of them would be a contradiction. */
static bool elf_check_sections(const struct elf_file *file, struct sv_error *error)
{
	for (Elf_Scn *section = elf_nextscn(file->elf, NULL); section;
			section = elf_nextscn(file->elf, section)) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			return sv_fail(error, SV_ERROR_ARTIFACT, "has a damaged section table");
		if (!(header.sh_flags & SHF_ALLOC))
			continue;
		if (header.sh_type == SHT_RELA || header.sh_type == SHT_REL ||
				header.sh_type == SHT_INIT_ARRAY ||
				header.sh_type == SHT_FINI_ARRAY)
			return sv_fail(error, SV_ERROR_ARTIFACT, "has relocations or constructors");
	}
	return true;
}

static bool elf_find_image(const struct elf_file *file, struct sv_error *error)
{
	GElf_Shdr header;
	struct artifact_elf *found = file->found;
	if (!elf_find_section(file, SV_IMAGE_SECTION, &header))
		return true;
	if (header.sh_offset % SV_HOST_PAGE != 0 || header.sh_addr % SV_HOST_PAGE != 0)
		return sv_fail(error, SV_ERROR_ARTIFACT,
				"has a memory image that is not page-aligned");
	found->image_address = header.sh_addr;
	found->image_offset = header.sh_offset;
	found->image_size = header.sh_size;
	return true;
}

static bool elf_check_all(struct elf_file *file, struct sv_error *error)
{
	uint64_t note_at = 0;
	TRY(elf_check_header(file, error));
	TRY(elf_check_note(file, &note_at, error));
	TRY(elf_check_segments(file, note_at, error));
	TRY(elf_check_sections(file, error));
	TRY(elf_check_symbols(file, error));
	return elf_find_image(file, error);
}

bool artifact_elf_check(struct sv_bytes bytes, struct artifact_elf *elf, struct sv_error *error)
{
	*elf = (struct artifact_elf){0};
	TRY(elf_check_magic(bytes, error));
	elf_version(EV_CURRENT);
	/* libelf takes a char * but only reads a file of the machine's own byte order. */
	struct elf_file file = {.bytes = bytes, .found = elf,
			.elf = elf_memory((char *)bytes.data, bytes.length)};
	if (!file.elf)
		return sv_fail(error, SV_ERROR_ARTIFACT, "is not readable as ELF: %s",
				elf_errmsg(-1));
	bool done = elf_check_all(&file, error);
	elf_end(file.elf);
	return done;
}
