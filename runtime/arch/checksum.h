/*
 * checksum.h: the checksum of artifacts, zlib's crc32, as fast as the CPU does it. One
 * implementation per CPU.
 */
#ifndef SELVAGE_RUNTIME_ARCH_CHECKSUM_H
#define SELVAGE_RUNTIME_ARCH_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The sum of what `sum` is of and these bytes behind it; that of nothing is 0. */
uint32_t checksum_add(uint32_t sum, const uint8_t *bytes, size_t length);

#endif
