/*
 * symbols.c: the artifact's own table says which function has an address; its DWARF, read
 * by libdw, says which operator of the module (a "line" is a byte offset in the module) and
 * which functions were inlined there (a subprogram's name is "f" and the function's index).
 */
#include "runtime/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Function index in a name such as "f12"; false for others. */
static bool scope_function(Dwarf_Die *die, const struct sv_artifact *artifact, uint32_t *function)
{
	const char *name = dwarf_diename(die);
	char rest;
	return name && sscanf(name, "f%" SCNu32 "%c", function, &rest) == 1 &&
			*function < artifact->header->functions.count;
}

/* The row of the line table for an address, whichever unit has it; NULL if none does. */
static Dwarf_Line *symbols_row(const struct symbols *symbols, Dwarf_Addr address)
{
	Dwarf_Off at = 0, next;
	size_t header_size;
	while (symbols->dwarf && dwarf_nextcu(symbols->dwarf, at, &next, &header_size, NULL, NULL,
						 NULL) == 0) {
		Dwarf_Die unit;
		if (dwarf_offdie(symbols->dwarf, at + header_size, &unit) &&
				dwarf_haspc(&unit, address) > 0)
			return dwarf_getsrc_die(&unit, address);
		at = next;
	}
	return NULL;
}

/*
 * The line table's number for an address; where it has 0 (code of no operator in particular),
 * that of the nearest code before it, down to `start`.
 */
static uint32_t symbols_line(const struct symbols *symbols, Dwarf_Addr address, Dwarf_Addr start)
{
	while (address >= start) {
		int number;
		Dwarf_Addr begin;
		Dwarf_Line *row = symbols_row(symbols, address);
		if (!row || dwarf_lineno(row, &number) != 0 || dwarf_lineaddr(row, &begin) != 0)
			return 0;
		if (number > 0)
			return (uint32_t)number;
		if (begin > address)
			return 0;
		address = begin - 1;
	}
	return 0;
}

static uint32_t scope_call_line(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;
	if (!dwarf_attr(die, DW_AT_call_line, &attribute) ||
			dwarf_formudata(&attribute, &value) != 0)
		return 0;
	return (uint32_t)value;
}

/*
 * Inlined functions at `address`, innermost first. `*offset` is that of the instruction, and
 * becomes that of the outermost inlined call.
 */
static uint32_t scope_inlined(const struct code_scope *scope, const struct sv_artifact *artifact,
		Dwarf_Addr address, uint32_t *offset, struct symbol *inlined)
{
	uint32_t functions[inline_depth_max], calls[inline_depth_max], depth = 0, count = 0;
	Dwarf_Die at = scope->die, inner;
	while (depth < inline_depth_max && scope_inner(&at, address, &inner)) {
		at = inner;
		if (dwarf_tag(&at) == DW_TAG_inlined_subroutine &&
				scope_function(&at, artifact, &functions[depth]))
			calls[depth++] = scope_call_line(&at);
	}
	while (depth > 0) {
		depth--;
		inlined[count++] = (struct symbol){functions[depth], *offset, 0};
		*offset = calls[depth];
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
	uint32_t offset = symbols_line(symbols, address, piece->start - artifact->bias);
	const struct code_scope *scope = symbols_scope(symbols, address);
	if (scope)
		count = scope_inlined(scope, artifact, address, &offset, found);
	found[count++] = (struct symbol){piece->function, offset, 0};
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
