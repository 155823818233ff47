/*
 * objects.c: what the text format's library does not know: types, globals and functions of
 * objects, appended to the sections of a module that it wrote.
 */
#include "tests/isolation/isolation.h"
#include "tests/unit/frontend_fixture.h"

/* Section numbers. */
enum { TYPES = 1, FUNCTIONS = 3, GLOBALS = 6, EXPORTS = 7, CODE = 10, SECTIONS = 16 };

/* What is appended to a section. */
struct addition {
	uint32_t count;
	struct buffer bytes;
};

/* The module's own counts come first in the numbers of what is appended. */
struct graft {
	uint32_t first[SECTIONS];
	struct addition additions[SECTIONS];
};

/* Functions that the text imports. */
enum { IMPORTED = 3 };

/* ---- code; these bytes stand for numbers that are known when it is appended ---- */

enum { NUMBERS_FROM = 0xe0, NUMBERS = 5 };

#define NODE "\xe0"  /* struct of i64, the next one, WORDS */
#define WORDS "\xe1" /* array of i64 */
#define LIST "\xe2"  /* global: a NODE */
#define BIG "\xe3"   /* global: WORDS */
#define IMAGE "\xe4" /* global: WORDS, made with the instance */

#define I32(leb) "\x41" leb
#define I64(leb) "\x42" leb
#define GET(local) "\x20" local
#define SET(local) "\x21" local
#define TEE(local) "\x22" local
#define GET_GLOBAL(global) "\x23" global
#define SET_GLOBAL(global) "\x24" global
#define LOOP "\x03\x40"
#define AGAIN "\x0c\0"
#define AGAIN_IF_BELOW "\x49\x0d\0"
#define END "\x0b"
#define DROP "\x1a"
#define ADD "\x6a"
#define IS_NULL "\xd1\xad" /* as i64 */
#define NEW_NODE "\xfb\0" NODE
#define DEFAULT_NODE "\xfb\1" NODE
#define FIELD(number) "\xfb\2" NODE number
#define NEW_WORDS "\xfb\6" WORDS
#define DEFAULT_WORDS "\xfb\7" WORDS
#define ELEMENT "\xfb\x0b" WORDS
#define LENGTH "\xfb\x0f"
#define FILL "\xfb\x10" WORDS

/* Into the sum, which is local 2. */
#define MIX(value) GET("\2") I64("\x1f") "\x7e" value "\x7c" SET("\2")
#define MIX_ALL(words) \
	words SET("\1") I32("\0") SET("\3") LOOP MIX(GET("\1") GET("\3") ELEMENT) \
	GET("\3") I32("\1") ADD TEE("\3") GET("\1") LENGTH AGAIN_IF_BELOW END
#define LOOKER_LOCALS "\3\1\x63" WORDS "\1\x7e\1\x7f"

/* The canary in a node and in words, before those that are there. */
#define NODE_BEFORE(length) GET("\0") GET_GLOBAL(LIST) GET("\0") length NEW_WORDS NEW_NODE
#define THOUSANDS "\xd0\x0f" /* 2000 */
#define LARGE "\xa8\xc6\0" /* 9000: words in blocks of their own */

/* All of type $ll, the text's first. */
static const struct {
	const char *name;
	struct sv_bytes code;
} functions[] = {
		/* A number that depends on what is there and on what new objects hold. */
		{"objects", BYTES(LOOKER_LOCALS MIX(GET_GLOBAL(LIST) IS_NULL)
			MIX(GET_GLOBAL(BIG) IS_NULL) MIX(DEFAULT_NODE FIELD("\0"))
			MIX(DEFAULT_NODE FIELD("\1") IS_NULL) MIX(DEFAULT_NODE FIELD("\2") IS_NULL)
			MIX_ALL(I32("\5") DEFAULT_WORDS) MIX_ALL(I32(THOUSANDS) DEFAULT_WORDS)
			MIX_ALL(I32(LARGE) DEFAULT_WORDS) MIX_ALL(GET_GLOBAL(IMAGE))
			GET("\2") END)},
		{"make", BYTES("\1\1\x7f" LOOP NODE_BEFORE(GET("\1")) SET_GLOBAL(LIST)
			GET("\1") I32("\1") ADD TEE("\1") I32("\xda\0") AGAIN_IF_BELOW END
			GET("\0") I32(LARGE) NEW_WORDS SET_GLOBAL(BIG)
			GET_GLOBAL(IMAGE) I32("\0") GET("\0") GET_GLOBAL(IMAGE) LENGTH FILL
			GET("\0") END)},
		/* Until the store has no more memory. */
		{"hoard", BYTES("\0" LOOP NODE_BEFORE(I32(THOUSANDS)) SET_GLOBAL(LIST) AGAIN END
			GET("\0") END)},
		/* For ever, with a collection now and then. */
		{"waste", BYTES("\0" LOOP NODE_BEFORE(I32(THOUSANDS)) DROP AGAIN END
			GET("\0") END)},
};

/* Code with its numbers; they are small. */
static void add_code(struct buffer *out, const struct graft *graft, struct sv_bytes code)
{
	const uint32_t types = graft->first[TYPES], globals = graft->first[GLOBALS];
	const uint32_t numbers[NUMBERS] = {types + 1, types, globals, globals + 1, globals + 2};
	for (uint64_t i = 0; i < code.length; i++) {
		unsigned number = (unsigned)code.data[i] - NUMBERS_FROM;
		if (number < NUMBERS)
			add_byte(out, numbers[number]);
		else
			add_byte(out, code.data[i]);
	}
}

static void append(struct graft *graft, unsigned section, struct sv_bytes code)
{
	graft->additions[section].count++;
	add_code(&graft->additions[section].bytes, graft, code);
}

static void append_export(struct graft *graft, const char *name, unsigned kind, uint32_t number)
{
	struct buffer *bytes = &graft->additions[EXPORTS].bytes;
	graft->additions[EXPORTS].count++;
	add_byte(bytes, (unsigned)strlen(name));
	add_bytes(bytes, name, strlen(name));
	add_byte(bytes, kind);
	add_u32(bytes, number);
}

static void append_function(struct graft *graft, size_t i)
{
	struct buffer body = {0};
	append_export(graft, functions[i].name, SV_EXTERN_FUNCTION,
			IMPORTED + graft->first[FUNCTIONS] + (uint32_t)i);
	append(graft, FUNCTIONS, BYTES("\0"));
	add_code(&body, graft, functions[i].code);
	graft->additions[CODE].count++;
	add_sized(&graft->additions[CODE].bytes, &body);
}

static void append_all(struct graft *graft, struct random *random)
{
	append(graft, TYPES, BYTES("\x5e\x7e\1"));
	append(graft, TYPES, BYTES("\x5f\3\x7e\1\x63" NODE "\1\x63" WORDS "\1"));
	append(graft, GLOBALS, BYTES("\x63" NODE "\1\xd0" NODE END));
	append(graft, GLOBALS, BYTES("\x63" WORDS "\1\xd0" WORDS END));
	append(graft, GLOBALS, random_below(random, 2)
			? BYTES("\x63" WORDS "\0" I64("\x11") I32("\x21") NEW_WORDS END)
			: BYTES("\x63" WORDS "\0" I64("\x12") I32(LARGE) NEW_WORDS END));
	append_export(graft, "list", SV_EXTERN_GLOBAL, graft->first[GLOBALS]);
	append_export(graft, "big", SV_EXTERN_GLOBAL, graft->first[GLOBALS] + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(functions); i++)
		append_function(graft, i);
}

/* ---- sections ---- */

static uint32_t take_u32(const uint8_t **at)
{
	uint32_t value = 0;
	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *(*at)++;
		value |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
}

/* How many entries each section has; the module is well-formed, and wrote them all. */
static void count_sections(struct graft *graft, const struct buffer *module)
{
	const uint8_t *at = module->data + 8, *end = module->data + module->length;
	while (at < end) {
		unsigned id = *at++;
		uint32_t length = take_u32(&at);
		const uint8_t *contents = at;
		check(id < SECTIONS);
		graft->first[id] = take_u32(&contents);
		at += length;
	}
}

void objects_add(struct buffer *module, struct random *random)
{
	struct graft graft = {0};
	struct buffer out = {0}, section = {0};
	count_sections(&graft, module);
	append_all(&graft, random);
	add_header(&out);
	const uint8_t *at = module->data + 8, *end = module->data + module->length;
	while (at < end) {
		unsigned id = *at++;
		uint32_t length = take_u32(&at);
		const uint8_t *contents = at, *next = at + length;
		struct addition *addition = &graft.additions[id];
		if (addition->count)
			add_u32(&section, take_u32(&contents) + addition->count);
		add_bytes(&section, contents, (size_t)(next - contents));
		add_bytes(&section, addition->bytes.data, addition->bytes.length);
		add_section(&out, id, &section);
		buffer_finish(&addition->bytes);
		at = next;
	}
	buffer_finish(module);
	*module = out;
}
