/*
 * base_profile.c: profiles come back as they were written, add up, and what is damaged in any way
 * is refused before any of it is used.
 */
#include "base/profile.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/test.h"

static const char *const names[] = {"first", "", "third"};

/* Three functions of 2, 1 and 4 counters and 1, 0 and 2 targets. */
static void profile_fill(struct profile *profile)
{
	static const uint32_t counters[] = {2, 1, 4}, targets[] = {1, 0, 2};
	struct sv_error error = SV_ERROR_INIT;
	uint32_t counter = 0, target = 0;
	if (!profile_init(profile, 3, 7, 3, &error))
		abort();
	memset(profile->program, 0x5a, sizeof profile->program);
	profile->first_function = 9;
	for (uint32_t i = 0; i < 3; i++) {
		profile->functions[i] = (struct profile_function){
				.shape = 1000 + i,
				.name = {(const uint8_t *)names[i], strlen(names[i])},
				.counters = profile->counters + counter,
				.targets = profile->targets + target,
				.counter_count = counters[i],
				.target_count = targets[i],
		};
		counter += counters[i];
		target += targets[i];
	}
	for (uint32_t i = 0; i < counter; i++)
		profile->counters[i] = i * i;
	for (uint32_t i = 0; i < target; i++)
		profile->targets[i] = (struct profile_target){10 + i, i, 4};
}

static struct buffer profile_bytes(void)
{
	struct buffer bytes = {0};
	struct sv_error error = SV_ERROR_INIT;
	struct profile profile;
	profile_fill(&profile);
	if (!profile_write(&profile, &bytes, &error))
		abort();
	profile_finish(&profile);
	return bytes;
}

/* A copy of just these bytes, so that the sanitizer sees who reads behind them. */
static bool copy_is_read(const uint8_t *data, size_t length, struct profile *profile,
		struct sv_error *error)
{
	uint8_t *copy = malloc(length + !length);
	memcpy(copy, data, length);
	bool is_read = profile_read(profile, (struct sv_bytes){copy, length}, error);
	free(copy);
	return is_read;
}

/* FNV-1a over what is behind it: with it a change gets as far as the checks behind that of it. */
static void checksum_set(uint8_t *data, size_t length)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 16; i < length; i++)
		sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
	memcpy(data + 8, &sum, sizeof sum);
}

TEST(what_is_written_is_read)
{
	struct buffer bytes = profile_bytes();
	struct sv_error error = SV_ERROR_INIT;
	struct profile profile;
	CHECK(profile_is_one(buffer_view(&bytes)));
	CHECK(copy_is_read(bytes.data, bytes.length, &profile, &error));
	CHECK_EQ(profile.function_count, 3);
	CHECK_EQ(profile.first_function, 9);
	CHECK_EQ(profile.program[31], 0x5a);
	CHECK_EQ(profile.functions[2].shape, 1002);
	CHECK_EQ(profile.functions[2].counters[3], 36);
	CHECK_EQ(profile.functions[2].targets[1].calls, 12);
	CHECK_EQ(profile.functions[2].name.length, 5);
	CHECK(memcmp(profile.functions[2].name.data, "third", 5) == 0);
	profile_finish(&profile);
	buffer_finish(&bytes);
}

TEST(a_part_of_a_file_is_refused)
{
	struct buffer bytes = profile_bytes();
	struct profile profile;
	for (size_t length = 0; length < bytes.length; length++) {
		struct sv_error error = SV_ERROR_INIT;
		CHECK(!copy_is_read(bytes.data, length, &profile, &error));
		CHECK_EQ(error.code, SV_ERROR_MALFORMED);
	}
	buffer_finish(&bytes);
}

TEST(a_changed_bit_is_seen)
{
	struct buffer bytes = profile_bytes();
	struct profile profile;
	for (size_t bit = 0; bit < 8 * bytes.length; bit++) {
		struct sv_error error = SV_ERROR_INIT;
		bytes.data[bit / 8] ^= 1u << bit % 8;
		CHECK(!copy_is_read(bytes.data, bytes.length, &profile, &error));
		bytes.data[bit / 8] ^= 1u << bit % 8;
	}
	buffer_finish(&bytes);
}

/* Whatever is in it: what is read has all its parts where it says, and can be written again. */
TEST(files_of_random_contents_are_read_whole_or_not_at_all)
{
	struct buffer original = profile_bytes();
	uint8_t *data = malloc(original.length);
	uint64_t state = 1;
	unsigned read = 0;
	for (unsigned round = 0; round < 200000; round++) {
		struct sv_error error = SV_ERROR_INIT;
		struct profile profile;
		struct buffer again = {0};
		memcpy(data, original.data, original.length);
		for (unsigned change = 0; change <= round % 4; change++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			data[16 + (state >> 33) % (original.length - 16)] = (uint8_t)(state >> 20);
		}
		checksum_set(data, original.length);
		if (!copy_is_read(data, original.length, &profile, &error)) {
			CHECK(error.code);
			continue;
		}
		read++;
		CHECK(profile_write(&profile, &again, &error));
		CHECK_EQ(again.length, original.length);
		CHECK(memcmp(again.data, data, again.length) == 0);
		buffer_finish(&again);
		profile_finish(&profile);
	}
	CHECK(read > 0 && read < 200000);
	buffer_finish(&original);
	free(data);
}

TEST(limits_are_named)
{
	struct sv_error error = SV_ERROR_INIT;
	struct profile profile;
	CHECK(!profile_init(&profile, PROFILE_MAX_FUNCTIONS + 1, 0, 0, &error));
	CHECK_EQ(error.code, SV_ERROR_LIMIT);
	CHECK(strstr(error.text, "1000000"));
	sv_error_clear(&error);
	CHECK(!profile_init(&profile, 1, (uint64_t)PROFILE_MAX_COUNTERS + 1, 0, &error));
	CHECK(strstr(error.text, "16777216"));
	sv_error_clear(&error);
	CHECK(!profile_init(&profile, 1, 0, (uint64_t)PROFILE_MAX_TARGETS + 1, &error));
	CHECK(strstr(error.text, "4194304"));
}

TEST(counts_add_up_and_stay_at_the_largest)
{
	struct profile profile, other;
	struct sv_error error = SV_ERROR_INIT;
	profile_fill(&profile);
	profile_fill(&other);
	other.counters[6] = UINT64_MAX - 1;
	CHECK(profile_add(&profile, &other, &error));
	CHECK_EQ(profile.counters[5], 50);
	CHECK(profile.counters[6] == UINT64_MAX);
	CHECK_EQ(profile.targets[1].calls, 22);
	CHECK_EQ(profile.targets[1].votes, 8);
	profile_finish(&profile);
	profile_finish(&other);
}

TEST(votes_for_others_are_taken_away)
{
	struct profile_target target = {10, 3, 6};
	const struct profile_target same = {5, 3, 1}, less = {5, 4, 2}, more = {20, 5, 15};
	profile_target_add(&target, &same);
	CHECK(target.index == 3 && target.votes == 7 && target.calls == 15);
	profile_target_add(&target, &less);
	CHECK(target.index == 3 && target.votes == 5 && target.calls == 20);
	profile_target_add(&target, &more);
	CHECK(target.index == 5 && target.votes == 10 && target.calls == 40);
}

TEST(another_program_is_not_added)
{
	struct profile profile, other;
	struct sv_error error = SV_ERROR_INIT;
	profile_fill(&profile);
	profile_fill(&other);
	other.program[0] ^= 1;
	CHECK(!profile_add(&profile, &other, &error));
	CHECK_EQ(error.code, SV_ERROR_USAGE);
	other.program[0] ^= 1;
	other.functions[1].shape++;
	CHECK(!profile_add(&profile, &other, &error));
	CHECK_EQ(profile.counters[5], 25);
	profile_finish(&profile);
	profile_finish(&other);
}

TEST_MAIN()
