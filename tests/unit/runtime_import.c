/*
 * runtime_import.c: whatever an import's type, the host can define it by its number. The modules
 * are given as bytes, since our text format has no typed references.
 */
#include "tests/unit/runtime_fixture.h"

static const uint8_t wanting[] = {0, 'a', 's', 'm', 1, 0, 0, 0,
		/* types: (param i32); (param (ref null 0)) (result (ref null 0)); none */
		1, 15, 3, 0x60, 1, 0x7f, 0, 0x60, 1, 0x63, 0, 1, 0x63, 0, 0x60, 0, 0,
		/* imports: a function, a shared memory, a table of externref, a variable v128, */
		2, 46, 6, 1, 'e', 1, 'f', 0, 1, 1, 'e', 1, 'm', 2, 3, 1, 2,
		1, 'e', 1, 't', 1, 0x6f, 1, 3, 5, 1, 'e', 1, 'v', 3, 0x7b, 1,
		/* a constant (ref null 0), a tag */
		1, 'e', 1, 'g', 3, 0x63, 0, 0, 1, 'e', 1, 'x', 4, 0, 0,
		/* one function, exported: passes the constant to the imported one */
		3, 2, 1, 2, 7, 5, 1, 1, 'f', 0, 1,
		10, 9, 1, 7, 0, 0x23, 1, 0x10, 0, 0x1a, 0x0b};

/* Imports that need a reference: a constant (ref func), a table of one (ref extern). */
static const uint8_t demanding[] = {0, 'a', 's', 'm', 1, 0, 0, 0,
		2, 18, 2, 1, 'e', 1, 'g', 3, 0x64, 0x70, 0, 1, 'e', 1, 't', 1, 0x64, 0x6f, 0, 1};

static struct sv_artifact *load_bytes(const uint8_t *bytes, size_t length)
{
	struct sv_compile_options options;
	struct buffer artifact = {0};
	sv_compile_options_init(&options);
	fixture_need(sv_compile((struct sv_bytes){bytes, length}, &options, &artifact, &error),
			"compile");
	int fd = fixture_file(artifact.data, artifact.length);
	struct sv_artifact *loaded = sv_artifact_load_fd(engine, fd, "import.so", &error);
	fixture_need(loaded != NULL, "load");
	close(fd);
	buffer_finish(&artifact);
	return loaded;
}

static enum sv_host_result host_count(struct sv_caller *caller, union sv_value *values)
{
	unsigned *calls = sv_caller_data(caller);
	*calls += values[0].ref == NULL;
	return SV_HOST_OK;
}

static void define_all(struct sv_linker *linker, struct sv_artifact *artifact,
		struct sv_store *store, unsigned *calls)
{
	for (uint32_t i = 0; i < sv_artifact_import_count(artifact); i++) {
		struct sv_import import;
		CHECK(sv_artifact_import(artifact, i, &import));
		if (import.kind == SV_EXTERN_FUNCTION)
			CHECK_OK(sv_linker_define_import_function(
					linker, artifact, i, host_count, calls, &error));
		else
			CHECK_OK(sv_linker_define_import_value(linker, artifact, i, store, &error));
	}
}

TEST(any_import_can_be_defined_by_its_number)
{
	struct sv_store *store = fixture_store();
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_artifact *artifact = load_bytes(wanting, sizeof wanting);
	unsigned calls = 0;
	union sv_value value;
	CHECK_EQ(sv_artifact_import_count(artifact), 6);
	define_all(linker, artifact, store, &calls);
	struct guest guest = {
			artifact, store, sv_instance_new(store, artifact, linker, NULL, &error)};
	CHECK_OK(guest.instance);
	CHECK_EQ(guest_call(&guest, "f", &value), SV_RETURNED);
	CHECK_EQ(calls, 1);
	CHECK_EQ(sv_memory_size(sv_instance_memory(guest.instance, 0)), 65536);
	guest_close(&guest);
	sv_linker_free(linker);
}

TEST(what_is_no_such_import_is_refused)
{
	struct sv_store *store = fixture_store();
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_artifact *artifact = load_bytes(wanting, sizeof wanting);
	CHECK_ERROR(sv_linker_define_import_function(
				    linker, artifact, 1, host_count, NULL, &error),
			SV_ERROR_USAGE, "no function");
	CHECK_ERROR(sv_linker_define_import_function(linker, artifact, 0, NULL, NULL, &error),
			SV_ERROR_USAGE, "NULL");
	CHECK_ERROR(sv_linker_define_import_function(
				    linker, artifact, 6, host_count, NULL, &error),
			SV_ERROR_USAGE, "no import 6");
	CHECK_ERROR(sv_linker_define_import_value(linker, artifact, 0, store, &error),
			SV_ERROR_USAGE, "is a function");
	CHECK_ERROR(sv_linker_define_import_value(linker, artifact, 6, store, &error),
			SV_ERROR_USAGE, "no import 6");
	sv_linker_free(linker);
	sv_store_free(store);
	sv_artifact_free(artifact);
}

TEST(types_without_a_default_value_are_refused)
{
	struct sv_store *store = fixture_store();
	struct sv_linker *linker = sv_linker_new(engine, &error);
	struct sv_artifact *artifact = load_bytes(demanding, sizeof demanding);
	for (uint32_t i = 0; i < 2; i++)
		CHECK_ERROR(sv_linker_define_import_value(linker, artifact, i, store, &error),
				SV_ERROR_LINK, "no default value");
	sv_linker_free(linker);
	sv_store_free(store);
	sv_artifact_free(artifact);
}

RUNTIME_TEST_MAIN(NULL)
