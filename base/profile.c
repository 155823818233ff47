/*
 * profile.c: see profile.h. A file is a head, a row a function, counters, targets, and the bytes of
 * all names, little-endian and without padding; its length is exactly what the head says.
 */
#include "base/profile.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t profile_magic[8] = "selvprof";
static const uint32_t profile_version = 1;

struct profile_head {
	uint8_t magic[8];
	uint64_t checksum; /* of all that is behind it */
	uint8_t program[PROFILE_DIGEST];
	uint32_t version;
	uint32_t first_function;
	uint32_t function_count;
	uint32_t counter_count;
	uint32_t target_count;
	uint32_t name_bytes;
};

struct profile_row {
	uint64_t shape;
	uint32_t counter_count, target_count;
	uint32_t name_length;
	uint32_t reserved;
};

_Static_assert(sizeof(struct profile_head) == 72, "no padding");
_Static_assert(sizeof(struct profile_row) == 24, "no padding");
_Static_assert(sizeof(struct profile_target) == 24, "no padding");

/* FNV-1a: against accidents; what a stranger can make must be safe whatever it says. */
static uint64_t profile_checksum(const uint8_t *data, size_t length)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < length; i++)
		sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
	return sum;
}

bool profile_is_one(struct sv_bytes bytes)
{
	return bytes.length >= sizeof profile_magic &&
			memcmp(bytes.data, profile_magic, sizeof profile_magic) == 0;
}

static bool profile_check_limit(const char *what, uint64_t count, uint64_t most,
		struct sv_error *error)
{
	return count <= most ||
			sv_fail(error, SV_ERROR_LIMIT,
					"a profile of %" PRIu64 " %s: the limit is %" PRIu64, count,
					what, most);
}

bool profile_init(struct profile *profile, uint32_t functions, uint64_t counters, uint64_t targets,
		struct sv_error *error)
{
	*profile = (struct profile){0};
	TRY(profile_check_limit("functions", functions, PROFILE_MAX_FUNCTIONS, error));
	TRY(profile_check_limit("counters", counters, PROFILE_MAX_COUNTERS, error));
	TRY(profile_check_limit("indirect calls", targets, PROFILE_MAX_TARGETS, error));
	profile->function_count = functions;
	profile->counter_count = (uint32_t)counters;
	profile->target_count = (uint32_t)targets;
	profile->functions = calloc((size_t)functions + 1, sizeof *profile->functions);
	profile->counters = calloc((size_t)counters + 1, sizeof *profile->counters);
	profile->targets = calloc((size_t)targets + 1, sizeof *profile->targets);
	if (profile->functions && profile->counters && profile->targets)
		return true;
	profile_finish(profile);
	return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a profile");
}

void profile_finish(struct profile *profile)
{
	free(profile->functions);
	free(profile->counters);
	free(profile->targets);
	free(profile->names);
	*profile = (struct profile){0};
}

/* ---- reading ---- */

static bool profile_malformed(struct sv_error *error, const char *what)
{
	return sv_fail(error, SV_ERROR_MALFORMED, "the profile is damaged: %s", what);
}

/* Head and length agree, within the limits. */
static bool profile_read_head(struct profile_head *head, struct sv_bytes file,
		struct sv_error *error)
{
	if (!profile_is_one(file))
		return sv_fail(error, SV_ERROR_MALFORMED, "not a profile of Selvage");
	if (file.length < sizeof *head)
		return profile_malformed(error, "it is cut off");
	memcpy(head, file.data, sizeof *head);
	if (head->version != profile_version)
		return sv_fail(error, SV_ERROR_UNSUPPORTED,
				"a profile of version %u: this Selvage knows %u", head->version,
				profile_version);
	TRY(profile_check_limit("functions", head->function_count, PROFILE_MAX_FUNCTIONS, error));
	TRY(profile_check_limit("counters", head->counter_count, PROFILE_MAX_COUNTERS, error));
	TRY(profile_check_limit("indirect calls", head->target_count, PROFILE_MAX_TARGETS, error));
	TRY(profile_check_limit("bytes of names", head->name_bytes, PROFILE_MAX_NAMES, error));
	uint64_t length = sizeof *head + head->function_count * sizeof(struct profile_row) +
			head->counter_count * sizeof(uint64_t) +
			head->target_count * sizeof(struct profile_target) + head->name_bytes;
	if (file.length != length)
		return profile_malformed(error, file.length < length ? "it is cut off"
								     : "something follows it");
	const size_t behind = offsetof(struct profile_head, program);
	if (head->checksum != profile_checksum(file.data + behind, file.length - behind))
		return profile_malformed(error, "its checksum is another");
	return true;
}

/* What rows say must add up to what the head says. */
static bool profile_read_rows(struct profile *profile, const struct profile_head *head,
		const uint8_t *rows, struct sv_error *error)
{
	uint64_t counter = 0, target = 0, name = 0;
	for (uint32_t i = 0; i < head->function_count; i++) {
		struct profile_row row;
		memcpy(&row, rows + (size_t)i * sizeof row, sizeof row);
		if (row.counter_count == 0 || row.reserved ||
				row.counter_count > head->counter_count - counter ||
				row.target_count > head->target_count - target ||
				row.name_length > head->name_bytes - name)
			return profile_malformed(error, "a function has more than there is");
		profile->functions[i] = (struct profile_function){
				.shape = row.shape,
				.name = {profile->names + name, row.name_length},
				.counters = profile->counters + counter,
				.targets = profile->targets + target,
				.counter_count = row.counter_count,
				.target_count = row.target_count,
		};
		counter += row.counter_count;
		target += row.target_count;
		name += row.name_length;
	}
	if (counter != head->counter_count || target != head->target_count ||
			name != head->name_bytes)
		return profile_malformed(error, "it has more than its functions");
	return true;
}

static bool profile_read_parts(struct profile *profile, const struct profile_head *head,
		const uint8_t *rows, struct sv_error *error)
{
	const uint8_t *at = rows + (size_t)head->function_count * sizeof(struct profile_row);
	size_t counters = head->counter_count * sizeof *profile->counters;
	size_t targets = head->target_count * sizeof *profile->targets;
	memcpy(profile->program, head->program, sizeof profile->program);
	profile->first_function = head->first_function;
	profile->names = malloc((size_t)head->name_bytes + 1);
	if (!profile->names)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for a profile");
	memcpy(profile->counters, at, counters);
	memcpy(profile->targets, at + counters, targets);
	memcpy(profile->names, at + counters + targets, head->name_bytes);
	return profile_read_rows(profile, head, rows, error);
}

bool profile_read(struct profile *profile, struct sv_bytes file, struct sv_error *error)
{
	struct profile_head head;
	TRY(profile_read_head(&head, file, error));
	TRY(profile_init(profile, head.function_count, head.counter_count, head.target_count,
			error));
	if (profile_read_parts(profile, &head, file.data + sizeof head, error))
		return true;
	profile_finish(profile);
	return false;
}

/* ---- writing ---- */

static bool profile_write_parts(const struct profile *profile, struct buffer *output,
		struct sv_error *error)
{
	for (uint32_t i = 0; i < profile->function_count; i++) {
		const struct profile_function *function = &profile->functions[i];
		const struct profile_row row = {
				.shape = function->shape,
				.counter_count = function->counter_count,
				.target_count = function->target_count,
				.name_length = (uint32_t)function->name.length,
		};
		TRY(buffer_append(output, &row, sizeof row, error));
	}
	TRY(buffer_append(output, profile->counters,
			profile->counter_count * sizeof *profile->counters, error));
	TRY(buffer_append(output, profile->targets,
			profile->target_count * sizeof *profile->targets, error));
	for (uint32_t i = 0; i < profile->function_count; i++)
		TRY(buffer_append(output, profile->functions[i].name.data,
				profile->functions[i].name.length, error));
	return true;
}

bool profile_write(const struct profile *profile, struct buffer *output, struct sv_error *error)
{
	size_t start = output->length;
	struct profile_head head = {
			.version = profile_version,
			.first_function = profile->first_function,
			.function_count = profile->function_count,
			.counter_count = profile->counter_count,
			.target_count = profile->target_count,
	};
	uint64_t names = 0;
	memcpy(head.magic, profile_magic, sizeof head.magic);
	memcpy(head.program, profile->program, sizeof head.program);
	for (uint32_t i = 0; i < profile->function_count; i++)
		names += profile->functions[i].name.length;
	TRY(profile_check_limit("bytes of names", names, PROFILE_MAX_NAMES, error));
	head.name_bytes = (uint32_t)names;
	if (!buffer_append(output, &head, sizeof head, error) ||
			!profile_write_parts(profile, output, error)) {
		output->length = start;
		return false;
	}
	const size_t behind = start + offsetof(struct profile_head, program);
	head.checksum = profile_checksum(output->data + behind, output->length - behind);
	memcpy(output->data + start, &head, sizeof head);
	return true;
}

/* ---- adding up ---- */

uint64_t profile_sum(uint64_t one, uint64_t other)
{
	return one > UINT64_MAX - other ? UINT64_MAX : one + other;
}

/* Votes for another index take as many away. */
void profile_target_add(struct profile_target *target, const struct profile_target *other)
{
	target->calls = profile_sum(target->calls, other->calls);
	if (target->index == other->index) {
		target->votes = profile_sum(target->votes, other->votes);
	} else if (target->votes >= other->votes) {
		target->votes -= other->votes;
	} else {
		target->votes = other->votes - target->votes;
		target->index = other->index;
	}
}

static bool profile_is_same(const struct profile *profile, const struct profile *other)
{
	if (memcmp(profile->program, other->program, sizeof profile->program) != 0 ||
			profile->function_count != other->function_count)
		return false;
	for (uint32_t i = 0; i < profile->function_count; i++) {
		const struct profile_function *one = &profile->functions[i];
		const struct profile_function *two = &other->functions[i];
		if (one->shape != two->shape || one->counter_count != two->counter_count ||
				one->target_count != two->target_count)
			return false;
	}
	return true;
}

bool profile_add(struct profile *profile, const struct profile *other, struct sv_error *error)
{
	if (!profile_is_same(profile, other))
		return sv_fail(error, SV_ERROR_USAGE, "a profile of another module");
	for (uint32_t i = 0; i < profile->function_count; i++) {
		struct profile_function *to = &profile->functions[i];
		const struct profile_function *from = &other->functions[i];
		for (uint32_t k = 0; k < to->counter_count; k++)
			to->counters[k] = profile_sum(to->counters[k], from->counters[k]);
		for (uint32_t k = 0; k < to->target_count; k++)
			profile_target_add(&to->targets[k], &from->targets[k]);
	}
	return true;
}
