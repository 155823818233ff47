/*
 * tenant.c: tenants: the module compiled both ways, what it looks like when it is new, and pools
 * of every kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler/compiler.h"
#include "tests/isolation/isolation.h"

/* More stores than mappings allow (density), and hardly more than threads. */
enum { DENSE = 20000, FEW = 6 };

static const uint64_t max_memory = 8 << 20;

static struct sv_artifact *artifact_of(struct sv_engine *engine, const struct buffer *module,
		enum sv_bounds bounds, struct sv_error *error)
{
	struct buffer bytes = {0};
	struct sv_compile_options options;
	struct sv_artifact *artifact = NULL;
	sv_compile_options_init(&options);
	options.bounds = bounds;
	options.jobs = 1;
	int fd = memfd_create("tenant", MFD_CLOEXEC);
	if (sv_compile(buffer_view(module), &options, &bytes, error) &&
			write(fd, bytes.data, bytes.length) == (ssize_t)bytes.length)
		artifact = sv_artifact_load_fd(engine, fd, "tenant.so", error);
	close(fd);
	buffer_finish(&bytes);
	return artifact;
}

static bool artifacts_make(struct tenant *tenant, struct sv_engine *engine, const char *text,
		struct random *random, struct sv_error *error)
{
	struct buffer module = {0};
	struct sv_bytes view = {(const uint8_t *)text, strlen(text)};
	TRY(sv_text_to_binary(view, "tenant", &module, error));
	if (tenant->shape.has_objects)
		objects_add(&module, random);
	tenant->guard = artifact_of(engine, &module, SV_BOUNDS_GUARD, error);
	tenant->check = artifact_of(engine, &module, SV_BOUNDS_CHECK, error);
	buffer_finish(&module);
	return tenant->guard && tenant->check;
}

static bool call_number(struct sv_instance *instance, struct sv_store *store, const char *name,
		int64_t *number, struct sv_error *error)
{
	union sv_value value = {.i64 = 0};
	struct sv_funcref *function = sv_instance_function(instance, name);
	if (sv_call(store, function, "I:I", &value, error) != SV_RETURNED)
		return sv_fail(error, SV_ERROR_TRAP, "%s traps", name);
	*number = value.i64;
	return true;
}

/* Of an instance that no pool has had its hands on. */
static bool picture_take(struct tenant *tenant, struct sv_engine *engine, struct sv_linker *linker,
		struct sv_error *error)
{
	struct picture *picture = &tenant->picture;
	struct sv_store *store = sv_store_new(engine, NULL, error);
	struct sv_instance *instance = NULL;
	if (store)
		instance = sv_instance_new(store, tenant->guard, linker, NULL, error);
	for (uint32_t k = 0; instance && k < tenant->shape.memories; k++) {
		const struct sv_memory *memory = sv_instance_memory(instance, k);
		picture->size[k] = sv_memory_size(memory);
		picture->bytes[k] = malloc(picture->size[k]);
		if (!picture->bytes[k])
			return false;
		memcpy(picture->bytes[k], sv_memory_view(memory), picture->size[k]);
	}
	for (uint32_t i = 0; instance && i < tenant->shape.globals; i++) {
		const char name[] = {'g', (char)('0' + i), '\0'};
		struct sv_extern value;
		if (!sv_instance_export(instance, name, 2, &value))
			return false;
		picture->globals[i] = sv_global_get(value.global);
	}
	bool is_good = instance && call_number(instance, store, "hash", &picture->hash, error) &&
			call_number(instance, store, "probe", &picture->probe, error) &&
			(!tenant->shape.has_objects ||
					call_number(instance, store, "objects", &picture->objects,
							error));
	sv_store_free(store);
	return is_good;
}

bool tenant_init(struct tenant *tenant, uint32_t number, struct sv_engine *engine,
		struct sv_linker *linker, struct random *random)
{
	struct sv_error error = SV_ERROR_INIT;
	struct sv_store_limits limits;
	*tenant = (struct tenant){0};
	char *text = module_text(number, random, &tenant->shape);
	sv_store_limits_init(&limits);
	limits.max_memory = max_memory;
	bool is_good = artifacts_make(tenant, engine, text, random, &error) &&
			picture_take(tenant, engine, linker, &error);
	for (unsigned i = 0; is_good && i < POOLS; i++) {
		tenant->pools[i] = sv_pool_new(engine, i < 2 ? tenant->guard : tenant->check,
				linker, &limits, i % 2 ? DENSE : FEW, &error);
		is_good = tenant->pools[i] != NULL;
	}
	if (!is_good)
		printf("a tenant cannot be made: %s\n%s", error.text, text);
	free(text);
	return is_good;
}

void tenant_finish(struct tenant *tenant)
{
	for (unsigned i = 0; i < POOLS; i++)
		sv_pool_free(tenant->pools[i]);
	sv_artifact_free(tenant->guard);
	sv_artifact_free(tenant->check);
	for (unsigned k = 0; k < MEMORIES_MOST; k++)
		free(tenant->picture.bytes[k]);
}
