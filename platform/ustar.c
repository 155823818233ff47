/*
 * ustar.c: see ustar.h. Blocks of 512 bytes: a header, then the file, filled up; at the end two
 * blocks of zeros (POSIX.1-1988, ustar interchange format).
 */
#include "platform/ustar.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 512

/* Most that 11 octal digits can say. */
#define SIZE_MOST ((UINT64_C(1) << 33) - 1)

struct header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8];
	char prefix[155], filling[12];
};

static_assert(sizeof(struct header) == BLOCK, "a header is a block");

/* ---- bytes ---- */

static bool write_all(int fd, const void *bytes, size_t size, struct sv_error *error)
{
	for (size_t at = 0; at < size;) {
		ssize_t count = write(fd, (const char *)bytes + at, size - at);
		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return sv_fail_errno(error, "cannot write");
		at += (size_t)count;
	}
	return true;
}

/* False too if there are fewer. */
static bool read_all(int fd, void *bytes, size_t size, struct sv_error *error)
{
	for (size_t at = 0; at < size;) {
		ssize_t count = read(fd, (char *)bytes + at, size - at);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return sv_fail_errno(error, "cannot read");
		if (count == 0)
			return sv_fail(error, SV_ERROR_MALFORMED, "it ends too early");
		at += (size_t)count;
	}
	return true;
}

static bool copy(int from, int to, uint64_t size, EVP_MD_CTX *digest, struct sv_error *error)
{
	char part[65536];
	while (size > 0) {
		size_t count = size < sizeof part ? (size_t)size : sizeof part;
		TRY(read_all(from, part, count, error));
		if (digest && EVP_DigestUpdate(digest, part, count) != 1)
			return sv_fail(error, SV_ERROR_SYSTEM, "cannot take a digest");
		TRY(write_all(to, part, count, error));
		size -= count;
	}
	return true;
}

/* Bytes that fill the last block of a file. */
static size_t filling_of(uint64_t size)
{
	return (size_t)(-size % BLOCK);
}

/* ---- headers ---- */

/* The sum of all bytes, its own taken for spaces. */
static unsigned header_sum(const struct header *header)
{
	struct header copied = *header;
	unsigned sum = 0;
	memset(copied.checksum, ' ', sizeof copied.checksum);
	for (size_t i = 0; i < sizeof copied; i++)
		sum += ((const unsigned char *)&copied)[i];
	return sum;
}

static bool header_parse(const struct header *header, struct ustar_entry *entry,
		struct sv_error *error)
{
	char digits[13] = "", sum[9] = "", *end, *sum_end;
	memcpy(sum, header->checksum, sizeof header->checksum);
	if (memcmp(header->magic, "ustar", 6) != 0 ||
			strtoul(sum, &sum_end, 8) != header_sum(header))
		return sv_fail(error, SV_ERROR_MALFORMED, "it is no tar archive, or is damaged");
	memcpy(digits, header->size, sizeof header->size);
	entry->size = strtoull(digits, &end, 8);
	if (header->type != '0' || header->prefix[0] || *end || end == digits ||
			entry->size > SIZE_MOST)
		return sv_fail(error, SV_ERROR_MALFORMED, "it holds something that is no file");
	snprintf(entry->name, sizeof entry->name, "%.100s", header->name);
	return true;
}

/* ---- public ---- */

bool ustar_add(int archive, const struct ustar_entry *entry, int from, EVP_MD_CTX *digest,
		struct sv_error *error)
{
	static const char zeros[BLOCK];
	struct header header = {.mode = "0000600",
			.uid = "0000000",
			.gid = "0000000",
			.mtime = "00000000000",
			.type = '0',
			.magic = "ustar",
			.version = {'0', '0'}};
	char sum[8];
	check(strlen(entry->name) < sizeof header.name);
	if (entry->size > SIZE_MOST)
		return sv_fail(error, SV_ERROR_LIMIT, "%s is larger than %" PRIu64 " bytes",
				entry->name, SIZE_MOST);
	memcpy(header.name, entry->name, strlen(entry->name));
	snprintf(header.size, sizeof header.size, "%011" PRIo64, entry->size);
	snprintf(sum, sizeof sum, "%06o", header_sum(&header));
	memcpy(header.checksum, sum, 7);
	header.checksum[7] = ' ';
	return write_all(archive, &header, sizeof header, error) &&
			copy(from, archive, entry->size, digest, error) &&
			write_all(archive, zeros, filling_of(entry->size), error);
}

bool ustar_end(int archive, struct sv_error *error)
{
	static const char zeros[2 * BLOCK];
	return write_all(archive, zeros, sizeof zeros, error);
}

bool ustar_next(int archive, struct ustar_entry *entry, bool *found, struct sv_error *error)
{
	static const struct header zeros;
	struct header header;
	TRY(read_all(archive, &header, sizeof header, error));
	*found = memcmp(&header, &zeros, sizeof header) != 0;
	return !*found || header_parse(&header, entry, error);
}

bool ustar_extract(int archive, const struct ustar_entry *entry, int to, EVP_MD_CTX *digest,
		struct sv_error *error)
{
	char filling[BLOCK];
	return copy(archive, to, entry->size, digest, error) &&
			read_all(archive, filling, filling_of(entry->size), error);
}
