/*
 * counts.c: see counts.h.
 */
#include "runtime/counts.h"

#include <string.h>

#include "runtime/artifact.h"
#include "runtime/instance.h"

bool counts_are_kept(const struct sv_artifact *artifact)
{
	return artifact->header->profile_module.count != 0;
}

bool counts_open(struct sv_artifact *artifact, struct sv_error *error)
{
	const struct sv_artifact_header *header = artifact->header;
	struct profile *profile = &artifact->profile;
	uint64_t counters = 0, targets = 0;
	if (!counts_are_kept(artifact))
		return true;
	for (uint32_t i = 0; i < header->profile.count; i++) {
		counters += artifact_profile(artifact)[i].counters;
		targets += artifact_profile(artifact)[i].targets;
	}
	TRY(profile_init(profile, header->profile.count, counters, targets, error));
	memcpy(profile->program, artifact_profile_module(artifact), sizeof profile->program);
	profile->first_function = header->imported_functions;
	counters = targets = 0;
	for (uint32_t i = 0; i < header->profile.count; i++) {
		const struct sv_profile_record *record = &artifact_profile(artifact)[i];
		struct sv_name name = artifact_functions(artifact)[header->imported_functions + i]
						      .name;
		profile->functions[i] = (struct profile_function){
				.shape = record->shape,
				.name = {(const uint8_t *)artifact_string(artifact, name),
						name.length},
				.counters = profile->counters + counters,
				.targets = profile->targets + targets,
				.counter_count = record->counters,
				.target_count = record->targets,
		};
		counters += record->counters;
		targets += record->targets;
	}
	return true;
}

void counts_close(struct sv_artifact *artifact)
{
	profile_finish(&artifact->profile);
}

bool counts_begin(struct sv_instance *instance, struct sv_error *error)
{
	const struct sv_artifact *artifact = instance->artifact;
	const size_t target_words = sizeof(struct profile_target) / sizeof(uint64_t);
	if (!counts_are_kept(artifact))
		return true;
	size_t words = artifact->profile.counter_count +
			artifact->profile.target_count * target_words;
	instance->counts = arena_new(&instance->arena, words, sizeof *instance->counts);
	if (!instance->counts)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for %zu counters", words);
	memcpy((char *)instance->context + artifact->layout.profile, &instance->counts,
			sizeof instance->counts);
	return true;
}

void counts_end(struct sv_instance *instance)
{
	struct sv_artifact *artifact = instance->artifact;
	struct profile *profile = &artifact->profile;
	if (!instance->counts)
		return;
	/* As the context has them: targets behind the counters. */
	const struct profile_target *targets =
			(const void *)(instance->counts + profile->counter_count);
	pthread_mutex_lock(&artifact->profile_lock);
	for (uint32_t i = 0; i < profile->counter_count; i++)
		profile->counters[i] = profile_sum(profile->counters[i], instance->counts[i]);
	for (uint32_t i = 0; i < profile->target_count; i++)
		profile_target_add(&profile->targets[i], &targets[i]);
	pthread_mutex_unlock(&artifact->profile_lock);
	instance->counts = NULL;
}

bool counts_write(struct sv_artifact *artifact, struct buffer *output, struct sv_error *error)
{
	check(counts_are_kept(artifact));
	pthread_mutex_lock(&artifact->profile_lock);
	bool done = profile_write(&artifact->profile, output, error);
	pthread_mutex_unlock(&artifact->profile_lock);
	return done;
}
