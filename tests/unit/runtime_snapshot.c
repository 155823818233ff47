/*
 * runtime_snapshot.c: instances of a snapshot begin where the instance was, in every mode and
 * from a pool; the same state gives the same bytes.
 */
#include <elf.h>
#include <zlib.h>

#include "abi/limits.h"
#include "runtime/artifact.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/selvage_serve.h"
#include "runtime/table.h"
#include "tests/unit/snapshot_fixture.h"

/* Everything that an instance can change, changed by `init`; each export is a number. */
static const char rich_text[] =
		"(module (type $ii (func (param i32) (result i32)))\n"
		"(import \"host\" \"answer\" (func $answer (type $ii)))\n"
		"(memory $m 1 20) (memory $wide i64 1 9) (memory $empty 0)\n"
		"(data (i32.const 70) \"seventy\") (data $gone \"gone\") (data $late \"late\")\n"
		"(table $t 6 30 funcref) (table $refs 4 externref) (table $none 0 funcref)\n"
		"(elem (table $t) (i32.const 0) func $one $two) (elem $dropped func $one)\n"
		"(elem $kept func $two $one)\n"
		"(global $i (mut i32) (i32.const 1)) (global $l (mut i64) (i64.const 2))\n"
		"(global $f (mut f32) (f32.const 3)) (global $d (mut f64) (f64.const 4))\n"
		"(global $v (mut v128) (v128.const i64x2 0 0))\n"
		"(global $r (mut funcref) (ref.null func)) (global $still i32 (i32.const 77))\n"
		"(global $starts (mut i32) (i32.const 0))\n"
		"(func $one (type $ii) (i32.add (local.get 0) (i32.const 1)))\n"
		"(func $two (type $ii) (i32.mul (local.get 0) (i32.const 2)))\n"
		"(func $start (global.set $starts (i32.add (global.get $starts) (i32.const 1))))\n"
		"(start $start) (elem declare func $answer)\n"
		"(func (export \"init\")\n"
		"  (global.set $i (i32.const -5)) (global.set $l (i64.const -6))\n"
		"  (global.set $f (f32.const -nan:0x200001)) (global.set $d (f64.const -0))\n"
		"  (global.set $v (v128.const i32x4 1 2 3 0x80000004))\n"
		"  (global.set $r (ref.func $answer))\n"
		"  (drop (memory.grow $m (i32.const 5)))\n"
		"  (i32.store $m (i32.const 393212) (i32.const 0x12345678))\n"
		"  (i32.store8 $m (i32.const 70) (i32.const 83))\n"
		"  (memory.init $m $gone (i32.const 100000) (i32.const 0) (i32.const 4))\n"
		"  (data.drop $gone) (elem.drop $dropped)\n"
		"  (drop (memory.grow $wide (i64.const 1)))\n"
		"  (i64.store $wide (i64.const 131064) (i64.const 99))\n"
		"  (table.set $t (i32.const 1) (ref.null func))\n"
		"  (table.set $t (i32.const 5) (ref.func $two))\n"
		"  (drop (table.grow $t (ref.func $answer) (i32.const 3))))\n"
		"(func (export \"call\") (type $ii)\n"
		"  (call_indirect $t (type $ii) (i32.const 20) (local.get 0)))\n"
		"(func (export \"load\") (type $ii) (i32.load $m (local.get 0)))\n"
		"(func (export \"wide\") (type $ii)\n"
		"  (i32.load $wide (i64.extend_i32_u (local.get 0))))\n"
		"(func (export \"late\") (type $ii)\n"
		"  (memory.init $m $late (i32.const 8) (i32.const 0) (local.get 0))\n"
		"  (i32.load $m (i32.const 8)))\n"
		"(func (export \"gone\") (type $ii)\n"
		"  (memory.init $m $gone (i32.const 8) (i32.const 0) (local.get 0))\n"
		"  (i32.load $m (i32.const 8)))\n"
		"(func (export \"kept\") (type $ii)\n"
		"  (table.init $t $kept (i32.const 0) (i32.const 0) (local.get 0))\n"
		"  (call_indirect $t (type $ii) (i32.const 20) (i32.const 0)))\n"
		"(func (export \"dropped\") (type $ii)\n"
		"  (table.init $t $dropped (i32.const 0) (i32.const 0) (local.get 0)) (i32.const "
		"1))\n"
		"(func (export \"starts\") (type $ii) (global.get $starts))\n"
		"(func (export \"trap\") (type $ii) (unreachable))\n"
		"(func (export \"dirty\") (type $ii)\n"
		"  (memory.fill $m (i32.const 0) (i32.const 0xaa) (i32.const 393216))\n"
		"  (memory.fill $wide (i64.const 0) (i32.const 0xaa) (i64.const 131072))\n"
		"  (table.fill $t (i32.const 0) (ref.func $one) (i32.const 9))\n"
		"  (global.set $i (i32.const 0)) (global.set $r (ref.null func))\n"
		"  (data.drop $late) (elem.drop $kept)\n"
		"  (drop (memory.grow $m (i32.const 1)))\n"
		"  (table.grow $t (ref.func $one) (i32.const 2))))";

static enum sv_host_result answer(struct sv_caller *caller, union sv_value *values)
{
	(void)caller;
	values[0].i32 += 42;
	return SV_HOST_OK;
}

static struct sv_linker *rich_linker(void)
{
	struct sv_linker *linker = sv_linker_new(engine, &error);
	fixture_need(linker &&
					sv_linker_define_function(linker, "host", "answer", "i:i",
							answer, NULL, &error),
			"linker");
	return linker;
}

/* ---- the whole state ---- */

static int64_t reference_number(const struct sv_instance *instance, const void *reference)
{
	for (uint32_t i = 0; i < instance->artifact->header->reference_count; i++) {
		if (instance->references[i] == reference)
			return i;
	}
	return -1;
}

static bool references_are_same(const struct guest *a, const void *left, const struct guest *b,
		const void *right)
{
	return reference_number(a->instance, left) == reference_number(b->instance, right) &&
			!left == !right;
}

static bool memories_are_same(const struct guest *a, const struct guest *b)
{
	for (uint32_t i = 0; i < a->artifact->header->memories.count; i++) {
		struct sv_memory *left = a->instance->memories[i],
				 *right = b->instance->memories[i];
		if (sv_memory_size(left) != sv_memory_size(right) ||
				memcmp(memory_base(left), memory_base(right),
						sv_memory_size(left)) != 0)
			return false;
	}
	return true;
}

static bool tables_are_same(const struct guest *a, const struct guest *b)
{
	for (uint32_t i = 0; i < a->artifact->header->tables.count; i++) {
		struct sv_table_object *left = a->instance->tables[i];
		struct sv_table_object *right = b->instance->tables[i];
		if (left->view.size != right->view.size || left->maximum != right->maximum)
			return false;
		for (uint64_t k = 0; k < left->view.size; k++) {
			if (!references_are_same(a, table_get(left, k), b, table_get(right, k)))
				return false;
		}
	}
	return true;
}

static bool globals_are_same(const struct guest *a, const struct guest *b)
{
	for (uint32_t i = 0; i < a->artifact->header->globals.count; i++) {
		union sv_value left = sv_global_get(a->instance->globals[i]);
		union sv_value right = sv_global_get(b->instance->globals[i]);
		bool is_reference = sv_type_is_reference(sv_global_type(a->instance->globals[i]));
		if (is_reference ? !references_are_same(a, left.ref, b, right.ref)
				 : memcmp(&left, &right, sizeof left) != 0)
			return false;
	}
	return true;
}

static bool states_are_same(const struct guest *a, const struct guest *b)
{
	return memories_are_same(a, b) && tables_are_same(a, b) && globals_are_same(a, b);
}

/* Results of the exports that tell of the state, one instance each for those that change it. */
static void check_results(struct guest *guest)
{
	CHECK_EQ(guest_number(guest, "starts", 0), 1);
	CHECK_EQ(guest_number(guest, "call", 0), 21);
	CHECK_EQ(guest_number(guest, "call", 1), -1);
	CHECK_EQ(guest_number(guest, "call", 5), 40);
	CHECK_EQ(guest_number(guest, "call", 8), 62);
	CHECK_EQ(guest_number(guest, "call", 9), -1);
	CHECK_EQ(guest_number(guest, "load", 70), 0x65766553);
	CHECK_EQ(guest_number(guest, "load", 100000), 0x656e6f67);
	CHECK_EQ(guest_number(guest, "load", 393212), 0x12345678);
	CHECK_EQ(guest_number(guest, "load", 393213), -1);
	CHECK_EQ(guest_number(guest, "wide", 131064), 99);
	CHECK_EQ(guest_number(guest, "wide", 131069), -1);
	CHECK_EQ(guest_number(guest, "gone", 1), -1);
	CHECK_EQ(guest_number(guest, "gone", 0), 0);
	CHECK_EQ(guest_number(guest, "dropped", 1), -1);
	CHECK_EQ(guest_number(guest, "dropped", 0), 1);
	CHECK_EQ(guest_number(guest, "late", 4), 0x6574616c);
	CHECK_EQ(guest_number(guest, "kept", 2), 40);
}

TEST(a_snapshot_begins_where_the_instance_was)
{
	for (unsigned mode = 0; mode < 4; mode++) {
		struct sv_linker *linker = rich_linker();
		struct sv_artifact *original = fixture_load_as(rich_text,
				mode & 1 ? SV_BOUNDS_CHECK : SV_BOUNDS_GUARD, mode & 2);
		struct guest guest = initialised(original, linker);
		struct sv_artifact *artifact = fixture_load_bytes(snapshot_of(&guest));
		struct guest copy = guest_of(artifact, linker);
		CHECK(artifact->header->flags & SV_ARTIFACT_SNAPSHOT);
		CHECK_EQ(artifact->header->start, SV_NO_INDEX);
		CHECK(states_are_same(&guest, &copy));
		check_results(&guest);
		check_results(&copy);
		if (test_failed)
			return;
		CHECK(states_are_same(&guest, &copy));
		guest_close(&copy);
		guest_close(&guest);
		sv_linker_free(linker);
	}
}

TEST(pools_put_instances_back_to_the_snapshot)
{
	struct sv_linker *linker = rich_linker();
	struct guest guest = initialised(fixture_load(rich_text), linker);
	struct guest copy = {fixture_load_bytes(snapshot_of(&guest)), NULL, NULL};
	struct sv_pool *pool = sv_pool_new(engine, copy.artifact, linker, NULL, 1, &error);
	CHECK_OK(pool);
	for (int i = 0; i < 20; i++) {
		copy.store = sv_pool_lease(pool, &error);
		CHECK_OK(copy.store);
		copy.instance = sv_store_instance(copy.store);
		CHECK_EQ(sv_pool_start(copy.store, &error), SV_RETURNED);
		CHECK(states_are_same(&guest, &copy));
		check_results(&copy);
		if (test_failed)
			return;
		CHECK_EQ(guest_number(&copy, "dirty", 0), 9);
		sv_pool_return(pool, copy.store);
	}
	sv_pool_free(pool);
	sv_artifact_free(copy.artifact);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(the_same_state_gives_the_same_bytes_however_often)
{
	struct sv_linker *linker = rich_linker();
	struct guest guest = initialised(fixture_load(rich_text), linker);
	struct buffer first = snapshot_of(&guest), second = snapshot_of(&guest);
	CHECK_EQ(first.length, second.length);
	CHECK_BYTES(first.data, second.data, first.length);
	struct guest copy = guest_of(fixture_load_bytes(second), linker);
	struct buffer third = snapshot_of(&copy);
	CHECK_EQ(first.length, third.length);
	CHECK_BYTES(first.data, third.data, first.length);
	buffer_finish(&third);
	/* From a state that was left to one that is entered again. */
	CHECK_EQ(guest_number(&copy, "dirty", 0), 9);
	struct guest dirty = guest_of(fixture_load_bytes(snapshot_of(&copy)), linker);
	CHECK(states_are_same(&copy, &dirty));
	CHECK_EQ(guest_number(&dirty, "late", 1), -1);
	guest_close(&dirty);
	guest_close(&copy);
	guest_close(&guest);
	buffer_finish(&first);
	sv_linker_free(linker);
}

TEST(backtraces_of_a_snapshot_have_names_and_places)
{
	struct sv_linker *linker = rich_linker();
	struct guest guest = initialised(fixture_load(rich_text), linker);
	struct guest copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), linker);
	CHECK_EQ(guest_number(&guest, "trap", 0), -1);
	CHECK_EQ(guest_number(&copy, "trap", 0), -1);
	const struct sv_trap_info *wanted = sv_store_trap(guest.store);
	const struct sv_trap_info *found = sv_store_trap(copy.store);
	CHECK_EQ(found->frame_count, 1);
	CHECK_EQ(found->frames[0].wasm_offset, wanted->frames[0].wasm_offset);
	CHECK(found->frames[0].wasm_offset != 0);
	CHECK_EQ(found->frames[0].name_length, 4);
	CHECK_BYTES(found->frames[0].name, "trap", 4);
	guest_close(&copy);
	guest_close(&guest);
	sv_linker_free(linker);
}

/* ---- memories of every shape ---- */

static const char sparse_text[] =
		"(module (memory 1600) (func (export \"init\"))\n"
		"(func (export \"every\") (param i32) (result i32) (local $at i32)\n"
		"  (loop (i32.store8 (local.get $at) (i32.const 1))\n"
		"    (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (local.get 0)))\n"
		"      (i32.const 104857600)))) (local.get $at)))";

/* A touch of memory every so many bytes: as an image, joined, or as segments; extents it has. */
static void check_every(int32_t distance, bool has_image)
{
	struct guest guest = initialised(fixture_load(sparse_text), NULL);
	if (distance)
		CHECK(guest_number(&guest, "every", distance) >= 104857600);
	struct guest copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), NULL);
	CHECK(states_are_same(&guest, &copy));
	CHECK_EQ(copy.artifact->header->extents.count != 0, has_image);
	CHECK_EQ(copy.artifact->header->data.count != 0, distance && !has_image);
	CHECK(copy.artifact->header->extents.count <= 64);
	guest_close(&copy);
	guest_close(&guest);
}

TEST(memories_are_images_or_segments_by_their_contents)
{
	check_every(0, false);
	check_every(4096, true);
	check_every(16384, true);
	check_every(2 << 20, true);
	check_every(1 << 20, false);
}

/* Memory of 1000 to 9000 bytes with pages of one byte; "xyz" at 997; store8 as "s", grow "g". */
static const char small[] = "\0asm\1\0\0\0"
			    "\1\x9\2\x60\1\x7f\1\x7f\x60\0\0"
			    "\3\4\3\0\0\1"
			    "\5\7\1\x9\xe8\7\xa8\x46\0"
			    "\7\x10\3\1s\0\0\1g\0\1\4init\0\2"
			    "\xa\x17\3"
			    "\xb\0\x20\0\x41\x37\x3a\0\0\x41\0\xb"
			    "\6\0\x20\0\x40\0\xb"
			    "\2\0\xb"
			    "\xb\xa\1\0\x41\xe5\7\xb\3xyz";

TEST(memories_of_bytes_keep_their_last_one)
{
	struct sv_compile_options options;
	sv_compile_options_init(&options);
	struct buffer bytes = {0};
	const struct sv_bytes module = {(const uint8_t *)small, sizeof small - 1};
	CHECK_OK(sv_compile(module, &options, &bytes, &error));
	struct guest guest = initialised(fixture_load_bytes(bytes), NULL);
	CHECK_EQ(guest_number(&guest, "g", 7500), 1000);
	CHECK_EQ(guest_number(&guest, "s", 8499), 0);
	struct guest copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), NULL);
	CHECK_EQ(sv_memory_size(sv_instance_memory(copy.instance, 0)), 8500);
	CHECK(states_are_same(&guest, &copy));
	CHECK_EQ(guest_number(&copy, "s", 8500), -1);
	CHECK_EQ(guest_number(&copy, "g", 500), 8500);
	CHECK_EQ(guest_number(&copy, "g", 1), (uint32_t)-1);
	guest_close(&copy);
	guest_close(&guest);
}

TEST(modules_with_nothing_to_keep_have_snapshots_too)
{
	struct guest guest = initialised(fixture_load("(module (func (export \"init\")))"), NULL);
	struct guest copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), NULL);
	guest_close(&copy);
	guest_close(&guest);
	guest = guest_of(fixture_load("(module)"), NULL);
	copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), NULL);
	guest_close(&copy);
	guest_close(&guest);
}

TEST(shared_memories_are_kept_unless_others_use_them)
{
	struct guest guest = initialised(
			fixture_load("(module (memory 1 3 shared) (func (export \"init\")\n"
				     "(drop (memory.grow (i32.const 1)))\n"
				     "(i32.store (i32.const 131068) (i32.const 7))))"),
			NULL);
	struct guest copy = guest_of(fixture_load_bytes(snapshot_of(&guest)), NULL);
	CHECK(states_are_same(&guest, &copy));
	guest_close(&copy);
	struct buffer bytes = {0};
	struct sv_shared_memory *shared = sv_memory_shared(sv_instance_memory(guest.instance, 0));
	CHECK_ERROR(snapshot_make(guest.instance, &keep_all, &bytes, &error), SV_ERROR_UNSUPPORTED,
			"the shared memory 0 is in use elsewhere");
	buffer_finish(&bytes);
	sv_shared_memory_free(shared);
	guest_close(&guest);
}

/* ---- exports ---- */

#define TEXT_BYTES(text) {(const uint8_t *)(text), sizeof(text) - 1}

TEST(exports_are_hidden_and_renamed)
{
	static const char *const hidden[] = {"init", "nowhere"};
	static const struct snapshot_rename renames[] = {{TEXT_BYTES("call"), TEXT_BYTES("load")}};
	static const struct snapshot_rename wrong[] = {{TEXT_BYTES("call"), TEXT_BYTES("init")}};
	struct snapshot_exports exports = {hidden, 2, renames, 1};
	struct sv_linker *linker = rich_linker();
	struct guest guest = initialised(fixture_load(rich_text), linker);
	struct buffer bytes = {0};
	CHECK_OK(snapshot_make(guest.instance, &exports, &bytes, &error));
	struct guest copy = guest_of(fixture_load_bytes(bytes), linker);
	CHECK(!sv_instance_function(copy.instance, "init"));
	CHECK(!sv_instance_function(copy.instance, "load"));
	CHECK_EQ(guest_number(&copy, "call", 70), 0x65766553);
	CHECK_EQ(guest_number(&copy, "wide", 131064), 99);
	CHECK_EQ(copy.artifact->header->exports.count, guest.artifact->header->exports.count - 2);
	guest_close(&copy);
	bytes = (struct buffer){0};
	exports.renames = wrong;
	CHECK_ERROR(snapshot_make(guest.instance, &exports, &bytes, &error), SV_ERROR_USAGE,
			"\"call\" and \"init\" must be two exported functions");
	buffer_finish(&bytes);
	guest_close(&guest);
	sv_linker_free(linker);
}

/* ---- files ---- */

static struct sv_artifact *load(const struct buffer *bytes)
{
	int fd = fixture_file(bytes->data, bytes->length);
	struct sv_artifact *artifact = sv_artifact_load_fd(engine, fd, "file", &error);
	close(fd);
	return artifact;
}

TEST(damaged_snapshots_are_refused)
{
	struct sv_linker *linker = rich_linker();
	struct guest guest = initialised(fixture_load(rich_text), linker);
	struct buffer bytes = snapshot_of(&guest);
	for (size_t i = 0; i < bytes.length; i += 97) {
		bytes.data[i] ^= 1u << i % 8;
		CHECK_ERROR(load(&bytes), SV_ERROR_ARTIFACT, "file ");
		bytes.data[i] ^= 1u << i % 8;
	}
	size_t length = bytes.length;
	for (size_t i = 0; i < 50; i++) {
		bytes.length = length * i / 50;
		CHECK_ERROR(load(&bytes), SV_ERROR_ARTIFACT, "file ");
	}
	buffer_finish(&bytes);
	guest_close(&guest);
	sv_linker_free(linker);
}

/* With the checksum made right again. */
static void seal(struct buffer *bytes)
{
	static const char owner[8] = SV_NOTE_OWNER;
	uint8_t *note = memmem(bytes->data, bytes->length, owner, sizeof owner);
	fixture_need(note != NULL, "note");
	memset(note + sizeof owner + 4, 0, 4);
	uint32_t sum = (uint32_t)crc32_z(0, bytes->data, bytes->length);
	memcpy(note + sizeof owner + 4, &sum, sizeof sum);
}

TEST(an_artifact_whose_state_is_not_apart_has_no_snapshot)
{
	struct sv_linker *linker = rich_linker();
	struct buffer bytes = fixture_compile(rich_text, SV_BOUNDS_GUARD, 2);
	struct guest whole = {load(&bytes), NULL, NULL};
	/* The last segment becomes one that may be written. */
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	memcpy(&head, bytes.data, sizeof head);
	for (unsigned i = 0; i < head.e_phnum; i++) {
		uint8_t *at = bytes.data + head.e_phoff + i * sizeof segment;
		memcpy(&segment, at, sizeof segment);
		if (segment.p_type == PT_LOAD && segment.p_flags == PF_R && segment.p_vaddr)
			segment.p_flags |= PF_W;
		memcpy(at, &segment, sizeof segment);
	}
	seal(&bytes);
	struct guest guest = initialised(fixture_load_bytes(bytes), linker);
	struct buffer output = {0};
	CHECK_ERROR(snapshot_make(guest.instance, &keep_all, &output, &error), SV_ERROR_ARTIFACT,
			"the state has no segment of its own: compile the module again");
	buffer_finish(&output);
	guest_close(&guest);
	sv_artifact_free(whole.artifact);
	sv_linker_free(linker);
}

RUNTIME_TEST_MAIN(hardened_config())
