/*
 * frontend_hints.c: branch hints: read where they are well-formed, weights in the IR of the
 * branches they name, no effect at all where they are not.
 */
#include "tests/lib/test.h"
#include "tests/unit/frontend_fixture.h"

static const char section_name[] = "metadata.code.branch_hint";

/* With the offset of each operator from the start of the body. */
static const struct sv_bytes body = {(const uint8_t *)"\0"  /* no locals */
						      "\x02\x40" /* 1: block */
						      "\x20\0"   /* 3: local.get 0 */
						      "\x0d\0"   /* 5: br_if 0 */
						      "\x00"     /* 7: unreachable */
						      "\x0b"     /* 8: end */
						      "\x01"     /* 9: nop */
						      "\x20\0"   /* 10: local.get 0 */
						      "\x04\x40" /* 12: if */
						      "\x00"     /* 14: unreachable */
						      "\x0b"     /* 15: end */
						      "\x0b",    /* 16: end */
		17};

static void add_hints(struct buffer *module, const char *name, struct sv_bytes contents)
{
	struct buffer section = {0};
	add_u32(&section, (uint32_t)strlen(name));
	add_bytes(&section, name, strlen(name));
	add_bytes(&section, contents.data, contents.length);
	add_section(module, 0, &section);
}

/* The function above with the section in front of its code, or behind it. */
static struct buffer module_with(const char *name, struct sv_bytes contents, bool is_late)
{
	struct buffer part = {0}, sized = {0}, module = {0};
	add_header(&module);
	add_bytes(&part, "\1\x60\1\x7f\0", 5);
	add_section(&module, 1, &part);
	add_bytes(&part, "\1\0", 2);
	add_section(&module, 3, &part);
	if (!is_late)
		add_hints(&module, name, contents);
	add_byte(&part, 1);
	add_bytes(&sized, body.data, body.length);
	add_sized(&part, &sized);
	add_section(&module, 10, &part);
	if (is_late)
		add_hints(&module, name, contents);
	return module;
}

/* Append the IR of a module before it is optimised, with a NUL; finishes the module. */
static bool module_ir(struct buffer *module, unsigned level, struct buffer *text)
{
	struct sv_compile_options options;
	struct sv_error error = SV_ERROR_INIT;
	struct buffer product = {0};
	char *ir = NULL;
	size_t length = 0;
	sv_compile_options_init(&options);
	options.level = level;
	options.jobs = 1;
	options.dump = SV_STAGE_LOWER;
	options.dump_file = open_memstream(&ir, &length);
	bool done = options.dump_file &&
			sv_compile(buffer_view(module), &options, &product, &error);
	if (!done)
		printf("%s\n", error.text);
	if (options.dump_file)
		fclose(options.dump_file);
	done = done && buffer_append(text, ir, length, NULL);
	free(ir);
	buffer_finish(&product);
	buffer_finish(module);
	add_byte(text, '\0');
	return done;
}

/* What the metadata of the branch to the block `target` says; empty if it has none. */
static void branch_weights(const struct buffer *text, const char *target, char weights[64])
{
	const char *ir = (const char *)text->data;
	char wanted[64], node[32], definition[64];
	weights[0] = '\0';
	snprintf(wanted, sizeof wanted, ", label %%%s, label ", target);
	const char *at = strstr(ir, wanted);
	if (!at || sscanf(at + strlen(wanted), "%*[^\n,], !prof %30[!0-9]", node) != 1)
		return;
	snprintf(definition, sizeof definition, "\n%s = !{!\"branch_weights\", ", node);
	at = strstr(ir, definition);
	if (at)
		sscanf(at + strlen(definition), "%63[^}]", weights);
}

static const char likely[] = "i32 128, i32 1", unlikely[] = "i32 1, i32 128", none[] = "";

/* A section, and the weights of br_if and if that follow from it. */
static void check_weights_at(unsigned level, struct buffer module, const char *of_br_if,
		const char *of_if)
{
	struct buffer text = {0};
	char weights[64];
	CHECK(module_ir(&module, level, &text));
	branch_weights(&text, "end", weights);
	CHECK_STR(weights, of_br_if);
	branch_weights(&text, "then", weights);
	CHECK_STR(weights, of_if);
	buffer_finish(&text);
}

static void check_weights(const char *name, struct sv_bytes contents, bool is_late,
		const char *of_br_if, const char *of_if)
{
	check_weights_at(1, module_with(name, contents, is_late), of_br_if, of_if);
}

#define BOTH "\1\0\2\5\1\1\x0c\1\0"

TEST(hinted_branches_have_weights)
{
	check_weights(section_name, BYTES(BOTH), false, likely, unlikely);
	check_weights(section_name, BYTES("\1\0\2\5\1\0\x0c\1\1"), false, unlikely, likely);
	check_weights(section_name, BYTES("\1\0\1\x0c\1\1"), false, none, likely);
	check_weights(section_name, BYTES("\2\0\1\5\1\1\7\1\x0c\1\1"), false, likely, none);
}

TEST(weights_are_for_code_that_is_optimised)
{
	check_weights_at(0, module_with(section_name, BYTES(BOTH), false), none, none);
}

TEST(hints_for_anything_but_a_branch_are_ignored)
{
	/* block, local.get, an immediate, end, behind the body; a function that is not there. */
	check_weights(section_name, BYTES("\1\0\5\1\1\1\3\1\1\6\1\1\x0b\1\1\x40\1\1"), false, none,
			none);
	check_weights(section_name, BYTES("\1\7\1\5\1\1"), false, none, none);
}

TEST(sections_that_are_broken_or_out_of_place_change_nothing)
{
	static const struct sv_bytes broken[] = {
			BYTES(""),
			BYTES("\1\0\2\5\1\1\x0c\1"),           /* cut short */
			BYTES(BOTH "\0"),                      /* a byte too many */
			BYTES("\1\0\2\5\1\1\x0c\1\2"),         /* a value above 1 */
			BYTES("\1\0\2\5\1\1\x0c\2\1\1"),       /* a value of two bytes */
			BYTES("\1\0\2\x0c\1\1\5\1\1"),         /* offsets fall */
			BYTES("\1\0\2\5\1\1\5\1\1"),           /* twice the same */
			BYTES("\2\0\1\5\1\1\0\1\x0c\1\1"),     /* a function twice */
			BYTES("\xff\xff\xff\xff\x0f\0\1\5\1\1"), /* more functions than bytes */
			BYTES("\1\0\xff\xff\xff\xff\x0f\5\1\1"), /* more hints than bytes */
			BYTES("\1\0\1\xff\xff\xff\xff\x1f\1\1"), /* a number beyond 32 bits */
	};
	for (size_t i = 0; i < ARRAY_LENGTH(broken) && !test_failed; i++)
		check_weights(section_name, broken[i], false, none, none);
	check_weights(section_name, BYTES(BOTH), true, none, none);
	check_weights("metadata.code.branch_hints", BYTES(BOTH), false, none, none);
}

TEST(no_byte_of_a_section_makes_a_module_unreadable)
{
	uint8_t contents[] = BOTH;
	for (size_t at = 0; at < sizeof contents - 1; at++) {
		uint8_t saved = contents[at];
		for (unsigned value = 0; value < 256; value++) {
			struct sv_error error = SV_ERROR_INIT;
			contents[at] = (uint8_t)value;
			struct sv_bytes bytes = {contents, sizeof contents - 1};
			struct buffer module = module_with(section_name, bytes, false);
			CHECK_OK(validate_bytes(buffer_view(&module), &error));
			buffer_finish(&module);
		}
		contents[at] = saved;
	}
}

TEST(the_first_section_counts)
{
	struct sv_compile_options options;
	struct sv_error error = SV_ERROR_INIT;
	struct module module;
	struct buffer bytes = {0};
	sv_compile_options_init(&options);
	add_header(&bytes);
	add_hints(&bytes, section_name, BYTES(BOTH));
	add_hints(&bytes, section_name, BYTES("\1\0\1\7\1\1"));
	CHECK_OK(module_read(&module, buffer_view(&bytes), options.features, &error));
	CHECK_EQ(module.hint_count, 2);
	CHECK_EQ(hints_find(&module, 0, 5), EXPECT_TAKEN);
	CHECK_EQ(hints_find(&module, 0, 12), EXPECT_NOT_TAKEN);
	CHECK_EQ(hints_find(&module, 0, 7), EXPECT_NOTHING);
	CHECK_EQ(hints_find(&module, 1, 5), EXPECT_NOTHING);
	module_finish(&module);
	buffer_finish(&bytes);
}

TEST_MAIN()
