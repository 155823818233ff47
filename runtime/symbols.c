/*
 * symbols.c: the artifact's own table says which function has an address; its DWARF, read
 * by libdw, says which operator of the module, from which line of which source, and which
 * functions were inlined there (a subprogram's name ends in the function's index). Places in
 * the file that the unit is called after are in the module: their "line" is where in its function
 * the operator is. Others are in sources, with that as discriminator.
 */
#include "runtime/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/artifact.h"

/* Where a piece of code starts; it goes on to the next start. */
struct code_start {
	uintptr_t start;
	uint32_t function; /* SV_NO_INDEX: a stub */
};

/*
 * Range of a subprogram in the file's addresses. Line tables without more debug information
 * have one only for functions into which others were inlined.
 */
struct code_scope {
	Dwarf_Addr low, high;
	Dwarf_Die die;
};

struct symbols {
	struct code_start *starts; /* owned; by address */
	size_t start_count;
	struct code_scope *scopes; /* owned; by address */
	size_t scope_count, scope_capacity;
	Dwarf *dwarf; /* owned; NULL if there is none */
	bool has_looked; /* for DWARF */
};

/* An extension of GCC's that elfutils has no name for; of the call, as in a line table. */
enum {
	DW_AT_GNU_discriminator = 0x2136
};

/* Functions may be inlined into each other this deep before the rest is left out. */
enum {
	inline_depth_max = 32
};

static int code_start_compare(const void *left, const void *right)
{
	const struct code_start *a = left, *b = right;
	return a->start < b->start ? -1 : a->start > b->start;
}

static int code_scope_compare(const void *left, const void *right)
{
	const struct code_scope *a = left, *b = right;
	return a->low < b->low ? -1 : a->low > b->low;
}

static struct symbols *symbols_new(const struct sv_artifact *artifact)
{
	const struct sv_artifact_header *header = artifact->header;
	size_t own = header->code.count, types = header->types.count;
	struct symbols *symbols = calloc(1, sizeof *symbols);
	struct code_start *starts = calloc(own + 2 * types + 1, sizeof *starts);
	if (!symbols || !starts) {
		free(symbols);
		free(starts);
		return NULL;
	}
	size_t count = 0;
	for (uint32_t i = 0; i < own; i++) {
		uint32_t index = header->imported_functions + i;
		starts[count++] = (struct code_start){
				(uintptr_t)artifact_function_code(artifact, index), index};
	}
	for (uint32_t i = 0; i < types; i++) {
		starts[count++] = (struct code_start){
				(uintptr_t)artifact_entry(artifact, i), SV_NO_INDEX};
		starts[count++] = (struct code_start){
				(uintptr_t)artifact_thunk(artifact, i), SV_NO_INDEX};
	}
	qsort(starts, count, sizeof *starts, code_start_compare);
	symbols->starts = starts;
	symbols->start_count = count;
	return symbols;
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	if (symbols->dwarf)
		dwarf_end(symbols->dwarf);
	free(symbols->scopes);
	free(symbols->starts);
	free(symbols);
}

/* The last piece that starts at or before `pc`, or NULL. */
static const struct code_start *symbols_piece(const struct symbols *symbols, uintptr_t pc)
{
	size_t low = 0, high = symbols->start_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (symbols->starts[middle].start <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols->starts[low - 1] : NULL;
}

/* The artifact's symbols, made when first asked for. NULL without memory. Under the lock. */
static struct symbols *symbols_of(struct sv_artifact *artifact)
{
	if (!artifact->symbols)
		artifact->symbols = symbols_new(artifact);
	return artifact->symbols;
}

uintptr_t symbols_start(struct sv_artifact *artifact, uintptr_t pc)
{
	pthread_mutex_lock(&artifact->symbols_lock);
	const struct symbols *symbols = symbols_of(artifact);
	const struct code_start *piece = symbols ? symbols_piece(symbols, pc) : NULL;
	uintptr_t start = piece ? piece->start : 0;
	pthread_mutex_unlock(&artifact->symbols_lock);
	return start;
}

bool symbols_code(struct sv_artifact *artifact, uint32_t function, uintptr_t *start, uintptr_t *end)
{
	*start = (uintptr_t)artifact_function_code(artifact, function);
	pthread_mutex_lock(&artifact->symbols_lock);
	const struct symbols *symbols = symbols_of(artifact);
	const struct code_start *piece = symbols ? symbols_piece(symbols, *start) : NULL;
	bool is_last = piece && piece + 1 == symbols->starts + symbols->start_count;
	if (piece)
		*end = is_last ? artifact->text_end : piece[1].start;
	pthread_mutex_unlock(&artifact->symbols_lock);
	return piece;
}

/* ---- DWARF ---- */

static bool symbols_add_scope(struct symbols *symbols, const struct code_scope *scope)
{
	if (symbols->scope_count == symbols->scope_capacity) {
		size_t capacity = symbols->scope_capacity ? 2 * symbols->scope_capacity : 256;
		struct code_scope *scopes =
				realloc(symbols->scopes, capacity * sizeof *symbols->scopes);
		if (!scopes)
			return false;
		symbols->scopes = scopes;
		symbols->scope_capacity = capacity;
	}
	symbols->scopes[symbols->scope_count++] = *scope;
	return true;
}

static void symbols_read_unit(struct symbols *symbols, Dwarf_Die *unit)
{
	struct code_scope scope = {0};
	if (dwarf_child(unit, &scope.die) != 0)
		return;
	do {
		if (dwarf_tag(&scope.die) == DW_TAG_subprogram &&
				dwarf_lowpc(&scope.die, &scope.low) == 0 &&
				dwarf_highpc(&scope.die, &scope.high) == 0 &&
				!symbols_add_scope(symbols, &scope))
			return;
	} while (dwarf_siblingof(&scope.die, &scope.die) == 0);
}

/* Index the subprograms once: one look-up of libdw's own walks over all of them. */
static void symbols_read_dwarf(struct symbols *symbols, int fd)
{
	symbols->has_looked = true;
	symbols->dwarf = dwarf_begin(fd, DWARF_C_READ);
	if (!symbols->dwarf)
		return;
	Dwarf_Off at = 0, next;
	size_t header_size;
	while (dwarf_nextcu(symbols->dwarf, at, &next, &header_size, NULL, NULL, NULL) == 0) {
		Dwarf_Die unit;
		if (dwarf_offdie(symbols->dwarf, at + header_size, &unit))
			symbols_read_unit(symbols, &unit);
		at = next;
	}
	if (symbols->scope_count)
		qsort(symbols->scopes, symbols->scope_count, sizeof *symbols->scopes,
				code_scope_compare);
}

static const struct code_scope *symbols_scope(const struct symbols *symbols, Dwarf_Addr address)
{
	size_t low = 0, high = symbols->scope_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (symbols->scopes[middle].low <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || address >= symbols->scopes[low - 1].high)
		return NULL;
	return &symbols->scopes[low - 1];
}

/* The child of `parent` that has `address`: an inlined call or a block with one. */
static bool scope_inner(Dwarf_Die *parent, Dwarf_Addr address, Dwarf_Die *inner)
{
	if (dwarf_child(parent, inner) != 0)
		return false;
	do {
		int tag = dwarf_tag(inner);
		if ((tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block) &&
				dwarf_haspc(inner, address) > 0)
			return true;
	} while (dwarf_siblingof(inner, inner) == 0);
	return false;
}

/* Function index in a name such as "wasm.main[12]"; false for others. */
static bool scope_function(Dwarf_Die *die, const struct sv_artifact *artifact, uint32_t *function)
{
	const char *name = dwarf_diename(die);
	const char *index = name ? strrchr(name, '[') : NULL;
	char end, rest;
	return index && sscanf(index, "[%" SCNu32 "%c%c", function, &end, &rest) == 2 &&
			end == ']' && *function < artifact->header->functions.count;
}

/* Where an operator is in its function and in its source; all 0: nowhere. */
struct place {
	uint32_t at;        /* bytes from the function's first, and 1 */
	const char *source; /* libdw's */
	uint32_t line, column;
};

/* What a file, line, column and discriminator of a unit mean. */
static struct place place_of(Dwarf_Die *unit, const char *file, Dwarf_Word line, Dwarf_Word column,
		Dwarf_Word discriminator)
{
	const char *module = dwarf_diename(unit);
	if (line == 0 || !file || !module)
		return (struct place){0};
	if (strcmp(file, module) == 0)
		return (struct place){.at = (uint32_t)line};
	return (struct place){(uint32_t)discriminator, file, (uint32_t)line, (uint32_t)column};
}

/* The unit that has an address. */
static bool symbols_unit(const struct symbols *symbols, Dwarf_Addr address, Dwarf_Die *unit)
{
	Dwarf_Off at = 0, next;
	size_t header_size;
	while (symbols->dwarf && dwarf_nextcu(symbols->dwarf, at, &next, &header_size, NULL, NULL,
						 NULL) == 0) {
		if (dwarf_offdie(symbols->dwarf, at + header_size, unit) &&
				dwarf_haspc(unit, address) > 0)
			return true;
		at = next;
	}
	return false;
}

/*
 * What the line table says about an address; where that is nothing (code of no operator in
 * particular), about the nearest code before it, down to `start`. `*found` is which address.
 */
static struct place symbols_place(const struct symbols *symbols, Dwarf_Addr address,
		Dwarf_Addr start, Dwarf_Addr *found)
{
	struct place place = {0};
	Dwarf_Die unit;
	*found = address;
	if (!symbols_unit(symbols, address, &unit))
		return place;
	while (!place.at && address >= start) {
		int line, column = 0;
		unsigned discriminator = 0;
		Dwarf_Addr begin;
		Dwarf_Line *row = dwarf_getsrc_die(&unit, address);
		if (!row || dwarf_lineno(row, &line) != 0 || dwarf_lineaddr(row, &begin) != 0)
			break;
		dwarf_linecol(row, &column);
		dwarf_linediscriminator(row, &discriminator);
		place = place_of(&unit, dwarf_linesrc(row, NULL, NULL), (Dwarf_Word)line,
				(Dwarf_Word)column, discriminator);
		if (place.at)
			*found = address;
		if (begin > address)
			break;
		address = begin - 1;
	}
	return place;
}

/* Value of an attribute, 0 if there is none. */
static Dwarf_Word die_number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return value;
}

/* Where the call is that was replaced by the inlined function `die`. */
static struct place scope_call(Dwarf_Die *die)
{
	Dwarf_Die unit;
	Dwarf_Files *files;
	if (!dwarf_diecu(die, &unit, NULL, NULL) || dwarf_getsrcfiles(&unit, &files, NULL) != 0)
		return (struct place){0};
	return place_of(&unit, dwarf_filesrc(files, die_number(die, DW_AT_call_file), NULL, NULL),
			die_number(die, DW_AT_call_line), die_number(die, DW_AT_call_column),
			die_number(die, DW_AT_GNU_discriminator));
}

/* In a source but before the function's first operator: that. */
static struct symbol symbol_at(const struct sv_artifact *artifact, uint32_t function,
		const struct place *place)
{
	uint32_t start = artifact_functions(artifact)[function].wasm_offset;
	uint32_t offset = place->source ? start : 0;
	if (place->at)
		offset = start + place->at - 1;
	return (struct symbol){function, offset, 0, place->source, place->line, place->column};
}

/*
 * Inlined functions at `address`, innermost first. `*place` is that of the instruction, and
 * becomes that of the outermost inlined call.
 */
static uint32_t scope_inlined(const struct code_scope *scope, const struct sv_artifact *artifact,
		Dwarf_Addr address, struct place *place, struct symbol *inlined)
{
	struct place calls[inline_depth_max];
	uint32_t functions[inline_depth_max], depth = 0, count = 0;
	Dwarf_Die at = scope->die, inner;
	while (depth < inline_depth_max && scope_inner(&at, address, &inner)) {
		at = inner;
		if (dwarf_tag(&at) == DW_TAG_inlined_subroutine &&
				scope_function(&at, artifact, &functions[depth]))
			calls[depth++] = scope_call(&at);
	}
	while (depth > 0) {
		depth--;
		inlined[count++] = symbol_at(artifact, functions[depth], place);
		*place = calls[depth];
	}
	return count;
}

/* Under the lock. */
static uint32_t symbols_look_up(struct sv_artifact *artifact, uintptr_t pc, struct symbol *found)
{
	uint32_t count = 0;
	struct symbols *symbols = symbols_of(artifact);
	const struct code_start *piece = symbols ? symbols_piece(symbols, pc) : NULL;
	if (!piece || piece->function == SV_NO_INDEX)
		return 0;
	if (!symbols->has_looked)
		symbols_read_dwarf(symbols, artifact->fd);
	Dwarf_Addr address = pc - artifact->bias;
	Dwarf_Addr start = piece->start - artifact->bias;
	struct place place = symbols_place(symbols, address, start, &address);
	/* Of the same address as the place: that is relative to the function that is there. */
	const struct code_scope *scope = symbols_scope(symbols, address);
	if (scope)
		count = scope_inlined(scope, artifact, address, &place, found);
	found[count++] = symbol_at(artifact, piece->function, &place);
	for (uint32_t i = 0; i < count; i++)
		found[i].code_offset = (uint32_t)(pc - piece->start);
	return count;
}

uint32_t symbols_find(struct sv_artifact *artifact, uintptr_t pc, struct symbol *found,
		uint32_t limit)
{
	struct symbol all[inline_depth_max + 1];
	pthread_mutex_lock(&artifact->symbols_lock);
	uint32_t count = symbols_look_up(artifact, pc, all);
	pthread_mutex_unlock(&artifact->symbols_lock);
	if (count > limit)
		count = limit;
	for (uint32_t i = 0; i < count; i++)
		found[i] = all[i];
	return count;
}
