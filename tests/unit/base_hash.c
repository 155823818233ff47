/*
 * base_hash.c: the keyed hash is the published one, and no process has another's key.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/lib/test.h"

/* Test vectors of the reference implementation: key 00 01 .. 0f, input 00 01 .. */
TEST(known_inputs_have_their_published_hashes)
{
	const struct hash_key key = {
			{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
	struct hash hash = hash_begin(key);
	CHECK(hash_end(&hash) == UINT64_C(0x726fdb47dd0e0e31));
	hash_add(&hash, UINT64_C(0x0706050403020100));
	CHECK(hash_end(&hash) == UINT64_C(0x93f5f5799a932462));
	hash_add(&hash, UINT64_C(0x0f0e0d0c0b0a0908));
	CHECK(hash_end(&hash) == UINT64_C(0x3f2acc7f57c29bdb));
}

static uint64_t hash_of_bytes(const char *bytes, size_t length)
{
	struct hash hash = hash_begin(hash_process_key());
	hash_add_bytes(&hash, bytes, length);
	return hash_end(&hash);
}

TEST(all_bytes_and_their_number_count)
{
	static const char bytes[32];
	uint64_t seen[33];
	for (size_t length = 0; length <= sizeof bytes; length++) {
		seen[length] = hash_of_bytes(bytes, length);
		for (size_t i = 0; i < length; i++)
			CHECK(seen[i] != seen[length]);
	}
	char changed[32] = {0};
	for (size_t i = 0; i < sizeof changed; i++) {
		changed[i] = 1;
		CHECK(hash_of_bytes(changed, sizeof changed) != seen[32]);
		changed[i] = 0;
	}
}

/* The key of a program that has just been started, as it prints it below. */
static uint64_t key_of_a_process(void)
{
	uint64_t key = 0;
	FILE *child = popen("exec /proc/$PPID/exe key", "r");
	if (child && fread(&key, sizeof key, 1, child) != 1)
		key = 0;
	if (child)
		pclose(child);
	return key;
}

TEST(processes_have_different_keys)
{
	uint64_t first = key_of_a_process(), second = key_of_a_process();
	CHECK(first != 0 && second != 0);
	CHECK(first != second);
	CHECK(hash_process_key().words[0] == hash_process_key().words[0]);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "key") == 0) {
		uint64_t key = hash_process_key().words[0];
		return fwrite(&key, sizeof key, 1, stdout) == 1 ? 0 : 1;
	}
	return test_main(argc, argv);
}
