/*
 * shard.c: cuts the functions into pieces of about equal size and compiles each in an LLVM
 * context of its own, so that threads share nothing and memory is freed piece by piece.
 * The first piece also carries the artifact's records.
 */
#include "compiler/shard.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/processors.h"
#include "compiler/artifact.h"
#include "compiler/emit.h"
#include "compiler/lower.h"
#include "compiler/optimise.h"
#include "compiler/profile_guide.h"
#include "compiler/profile_use.h"
#include "compiler/shard_cache.h"

/*
 * Most bytes of wasm code in a piece: a sixteenth of the module within these bounds. Small enough
 * that memory is bounded by the threads and not by the module, that the threads finish together and
 * that a change makes little new; large enough that what calls each other is mostly compiled
 * together. How many threads there are is no part of it: the artifact is the same for any number.
 */
static const uint64_t piece_least = 64 * 1024;
static const uint64_t piece_most = 192 * 1024;
static const uint64_t pieces_wanted = 16;

static const unsigned jobs_most = 64;

struct piece {
	uint32_t first, end; /* places of functions: see shard_function */
	uint64_t bytes;
};

struct shard_pool {
	const struct shard_job *job;
	struct piece *pieces; /* owned */
	struct shard_products *products;
	size_t count;
	struct sv_error *error;
	pthread_mutex_t lock; /* guards what follows, and the caller's progress and error */
	size_t next;
	uint64_t done_bytes;
	bool failed;
};

static bool shard_is_whole(const struct sv_compile_options *options)
{
	return options->emit != SV_EMIT_ARTIFACT || options->dump >= SV_STAGE_LOWER;
}

static unsigned shard_jobs(const struct sv_compile_options *options)
{
	unsigned jobs = options->jobs ? options->jobs : processors_count();
	return jobs > jobs_most ? jobs_most : jobs;
}

/* In steps, so that it is the same for a module of which a function has changed. */
static uint64_t shard_piece_size(const struct shard_job *job)
{
	if (shard_is_whole(job->options))
		return UINT64_MAX;
	uint64_t size = job->module->code_size / pieces_wanted / piece_least * piece_least;
	if (size < piece_least)
		return piece_least;
	return size > piece_most ? piece_most : size;
}

/* Records and image in a piece of their own: with other data the code may be the same. */
static bool shard_is_large(const struct shard_job *job)
{
	return !shard_is_whole(job->options) && job->module->code_size > piece_least;
}

/* The function at a place: functions stand as in the module, or by how much they run. */
static uint32_t shard_function(const struct shard_job *job, uint32_t place)
{
	uint32_t imported = job->module->imported_functions;
	return job->guide ? job->guide->order[place - imported] : place;
}

static uint64_t shard_length(const struct shard_job *job, uint32_t place)
{
	return job->module->functions[shard_function(job, place)].body.length;
}

/* A number of a place's neighbourhood, which a change elsewhere leaves alone. */
static uint64_t shard_mark(const struct shard_job *job, uint32_t place)
{
	uint64_t mark = 0;
	for (uint32_t i = 0; i < 4 && place - i > job->module->imported_functions; i++)
		mark = (mark + shard_length(job, place - i) + 1) *
				UINT64_C(0x9e3779b97f4a7c15);
	return mark;
}

/*
 * Where the piece ends that begins with the function at `first`: where the mark is least among the
 * places that leave it between half of `size` and all of it. Places are chosen by what is there and
 * not by how much is before them, so that behind a change the same ones are found again.
 */
static uint32_t shard_end(const struct shard_job *job, uint32_t first, uint64_t size)
{
	uint64_t bytes = shard_length(job, first), least = UINT64_MAX;
	uint32_t i, end = 0;
	for (i = first + 1; i < job->module->function_count; i++) {
		uint64_t length = shard_length(job, i);
		uint64_t mark = shard_mark(job, i);
		if (bytes >= size / 2 && mark < least) {
			least = mark;
			end = i;
		}
		if (bytes + length > size)
			return end ? end : i;
		bytes += length;
	}
	return i;
}

/* Each two neighbours have more than half of `size`. */
static bool shard_cut(struct shard_pool *pool, struct sv_error *error)
{
	const struct module *module = pool->job->module;
	uint64_t size = shard_piece_size(pool->job);
	size_t most = (size_t)(2 * (module->code_size / (size / 2))) + 3;
	pool->pieces = calloc(most, sizeof *pool->pieces);
	if (!pool->pieces)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %zu pieces", most);
	uint32_t first = module->imported_functions;
	pool->pieces[0].first = pool->pieces[0].end = first;
	pool->count = shard_is_large(pool->job) || first == module->function_count;
	while (first < module->function_count) {
		check(pool->count < most);
		struct piece *piece = &pool->pieces[pool->count++];
		*piece = (struct piece){.first = first, .end = shard_end(pool->job, first, size)};
		for (; first < piece->end; first++)
			piece->bytes += shard_length(pool->job, first);
	}
	return true;
}

static bool shard_lower(struct ir *ir, const struct shard_job *job, const struct piece *piece,
		struct sv_error *error)
{
	struct arena arena;
	arena_init(&arena, 0);
	bool done = true;
	for (uint32_t i = piece->first; done && i < piece->end; i++) {
		done = lower_function(ir, shard_function(job, i), &arena, error);
		arena_reset(&arena);
	}
	arena_finish(&arena);
	debug_finish(ir);
	profile_use_module(ir);
	return done;
}

/* Print the product of a stage if it was asked for. */
static bool shard_dump(struct ir *ir, enum sv_stage stage, struct sv_error *error)
{
	const struct sv_compile_options *options = ir->options;
	if (options->dump != stage || !options->dump_file)
		return true;
	struct buffer text = {0};
	bool done = emit_text(ir, &text, error);
	if (done)
		fwrite(text.data, 1, text.length, options->dump_file);
	buffer_finish(&text);
	return done;
}

static bool shard_emit(struct ir *ir, LLVMTargetMachineRef machine, struct buffer *product,
		struct sv_error *error)
{
	const struct sv_compile_options *options = ir->options;
	if (options->bounds == SV_BOUNDS_CHECK)
		emit_stack_checks(ir);
	if (options->dump == SV_STAGE_EMIT && options->dump_file) {
		struct buffer text = {0};
		bool done = emit_code(ir, machine, LLVMAssemblyFile, &text, error);
		if (done)
			fwrite(text.data, 1, text.length, options->dump_file);
		buffer_finish(&text);
		TRY(done);
	}
	if (options->emit == SV_EMIT_LLVM)
		return emit_text(ir, product, error);
	bool text = options->emit == SV_EMIT_ASSEMBLY;
	return emit_code(ir, machine, text ? LLVMAssemblyFile : LLVMObjectFile, product, error);
}

static void shard_report_progress(struct shard_pool *pool, uint64_t bytes)
{
	const struct sv_compile_options *options = pool->job->options;
	pthread_mutex_lock(&pool->lock);
	pool->done_bytes += bytes;
	if (options->progress)
		options->progress(options->progress_data, pool->done_bytes,
				pool->job->module->code_size);
	pthread_mutex_unlock(&pool->lock);
}

/* Both stages behind the lowering, of which a tenth of the work is thought to have gone. */
static bool shard_make(struct shard_pool *pool, size_t index, struct ir *ir,
		LLVMTargetMachineRef machine, struct sv_error *error)
{
	uint64_t bytes = pool->pieces[index].bytes;
	TRY(optimise_run(ir, machine, error));
	TRY(shard_dump(ir, SV_STAGE_OPTIMISE, error));
	shard_report_progress(pool, bytes / 2 - bytes / 10);
	TRY(shard_emit(ir, machine, &pool->products->buffers[index], error));
	shard_report_progress(pool, bytes - bytes / 2);
	return true;
}

/* From the cache if it is there. */
static bool shard_finish_piece(struct shard_pool *pool, size_t index, struct ir *ir,
		LLVMTargetMachineRef machine, struct sv_error *error)
{
	const struct sv_piece_cache *cache = ir->options->cache;
	struct buffer *product = &pool->products->buffers[index];
	uint64_t bytes = pool->pieces[index].bytes;
	uint8_t key[32];
	if (!cache || shard_is_whole(ir->options))
		return shard_make(pool, index, ir, machine, error);
	TRY(shard_cache_key(ir, pool->job->target, key, error));
	if (cache->find(cache->data, key, product)) {
		shard_report_progress(pool, bytes - bytes / 10);
		return true;
	}
	product->length = 0;
	TRY(shard_make(pool, index, ir, machine, error));
	cache->keep(cache->data, key, buffer_view(product));
	return true;
}

/* One piece through the three stages. */
static bool shard_compile_piece(struct shard_pool *pool, size_t index, LLVMTargetMachineRef machine,
		struct sv_error *error)
{
	const struct shard_job *job = pool->job;
	const struct piece *piece = &pool->pieces[index];
	struct ir ir;
	ir_init(&ir, job->module, job->options, job->target->triple, job->target->data_layout);
	ir.shapes = job->shapes;
	ir.effects = job->effects;
	ir.tables = job->tables;
	ir.lines = job->lines;
	ir.plan = job->plan;
	ir.guide = job->guide;
	ir.cpu_features = job->target->required;
	bool done = shard_lower(&ir, job, piece, error);
	if (done && index == 0)
		artifact_add(&ir, job->records, job->image, job->target);
	done = done && shard_dump(&ir, SV_STAGE_LOWER, error);
	shard_report_progress(pool, piece->bytes / 10);
	done = done && shard_finish_piece(pool, index, &ir, machine, error);
	ir_finish(&ir);
	return done;
}

static bool shard_take(struct shard_pool *pool, size_t *index)
{
	pthread_mutex_lock(&pool->lock);
	bool some = !pool->failed && pool->next < pool->count;
	*index = pool->next;
	pool->next += some;
	pthread_mutex_unlock(&pool->lock);
	return some;
}

static void *shard_work(void *data)
{
	struct shard_pool *pool = data;
	LLVMTargetMachineRef machine = target_machine(pool->job->target, pool->job->options->level);
	size_t index;
	while (shard_take(pool, &index)) {
		struct sv_error error = SV_ERROR_INIT;
		if (shard_compile_piece(pool, index, machine, &error))
			continue;
		pthread_mutex_lock(&pool->lock);
		if (!pool->failed && pool->error)
			*pool->error = error;
		pool->failed = true;
		pthread_mutex_unlock(&pool->lock);
	}
	LLVMDisposeTargetMachine(machine);
	return NULL;
}

static void shard_run(struct shard_pool *pool)
{
	pthread_t threads[64];
	unsigned jobs = shard_jobs(pool->job->options);
	unsigned started = 0;
	/* LLVM recurses deeply on large functions; the default 8 MiB is not always enough. */
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 * 1024 * 1024);
	while (started < jobs && started < pool->count) {
		if (pthread_create(&threads[started], &attributes, shard_work, pool) != 0)
			break;
		started++;
	}
	pthread_attr_destroy(&attributes);
	if (started == 0)
		shard_work(pool);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

bool shard_compile(const struct shard_job *job, struct shard_products *products,
		struct sv_error *error)
{
	struct shard_pool pool = {.job = job,
			.products = products,
			.error = error,
			.lock = PTHREAD_MUTEX_INITIALIZER};
	*products = (struct shard_products){0};
	TRY(shard_cut(&pool, error));
	products->buffers = calloc(pool.count, sizeof *products->buffers);
	products->count = pool.count;
	if (products->buffers)
		shard_run(&pool);
	else
		pool.failed = !sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for the pieces");
	free(pool.pieces);
	if (pool.failed)
		shard_products_finish(products);
	return !pool.failed;
}

void shard_products_finish(struct shard_products *products)
{
	for (size_t i = 0; products->buffers && i < products->count; i++)
		buffer_finish(&products->buffers[i]);
	free(products->buffers);
	*products = (struct shard_products){0};
}
