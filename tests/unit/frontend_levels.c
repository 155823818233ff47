/*
 * frontend_levels.c: which level goes with a module's size, and what a level makes of loops.
 */
#include "tests/lib/test.h"

#include <string.h>

#include "abi/artifact.h"
#include "tests/unit/frontend_fixture.h"

static const char sum_module[] =
		"(module (memory 1)"
		"  (func (export \"sum\") (param $at i32) (param $count i32) (result i32)"
		"    (local $sum i32)"
		"    (loop"
		"      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))"
		"      (local.set $at (i32.add (local.get $at) (i32.const 4)))"
		"      (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))"
		"    (local.get $sum)))";

/* What is compiled at `level`, without which it is as nobody chose one. */
static struct buffer compile(struct sv_bytes module, unsigned level, enum sv_emit emit)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_compile_options options;
	struct buffer product = {0};
	sv_compile_options_init(&options);
	options.emit = emit;
	if (level != SV_LEVEL_BY_SIZE)
		options.level = level;
	if (!sv_compile(module, &options, &product, &error))
		printf("cannot compile: %s\n", error.text);
	return product;
}

/* The level in the note of an artifact; 4 if there is none. */
static uint32_t level_in(struct sv_bytes artifact)
{
	static const char owner[] = SV_NOTE_OWNER;
	struct sv_artifact_note note = {.optimisation = 4};
	const uint8_t *name = memmem(artifact.data, artifact.length, owner, sizeof owner);
	if (name && sizeof owner + sizeof note <= (size_t)(artifact.data + artifact.length - name))
		memcpy(&note, name + sizeof owner, sizeof note);
	return note.abi_version == SV_ABI_VERSION ? note.optimisation : 4;
}

/* The level of what a function of `size` bytes becomes. */
static uint32_t level_of(size_t size, unsigned level)
{
	struct buffer code = {0};
	add_byte(&code, 0); /* no locals */
	while (code.length < size - 1)
		add_byte(&code, 0x01); /* nop */
	add_byte(&code, 0x0b);         /* end */
	struct buffer module = module_of_body(":", buffer_view(&code));
	struct buffer artifact = compile(buffer_view(&module), level, SV_EMIT_ARTIFACT);
	uint32_t found = level_in(buffer_view(&artifact));
	buffer_finish(&code);
	buffer_finish(&module);
	buffer_finish(&artifact);
	return found;
}

TEST(the_level_that_nobody_chose_goes_with_the_size)
{
	CHECK_EQ(level_of(2, SV_LEVEL_BY_SIZE), 2);
	CHECK_EQ(level_of(6 << 20, SV_LEVEL_BY_SIZE), 2);
	CHECK_EQ(level_of((6 << 20) + 1, SV_LEVEL_BY_SIZE), 1);
}

TEST(a_level_that_was_chosen_stays)
{
	for (unsigned level = 0; level <= 3; level++) {
		CHECK_EQ(level_of(2, level), level);
		CHECK_EQ(level_of((6 << 20) + 1, level), level);
	}
}

/* Numbers are summed several at once from level 1 on. */
TEST(loops_are_vectorised_from_level_1_on)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_bytes text = {(const uint8_t *)sum_module, sizeof sum_module - 1};
	struct buffer module = {0};
	CHECK_OK(sv_text_to_binary(text, "sum", &module, &error));
	for (unsigned level = 0; level <= 3; level++) {
		struct buffer code = compile(buffer_view(&module), level, SV_EMIT_ASSEMBLY);
		CHECK(code.length > 0);
		CHECK_EQ(memmem(code.data, code.length, "paddd", 5) != NULL, level > 0);
		buffer_finish(&code);
	}
	buffer_finish(&module);
}

TEST_MAIN()
