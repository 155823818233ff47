/*
 * link.h: the linker (lld, in this process), behind a C face.
 */
#ifndef SELVAGE_COMPILER_LINK_H
#define SELVAGE_COMPILER_LINK_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Run ld.lld with the given arguments (argv[0] included). False on failure, with what it said,
 * cut to `size` bytes, in `message`. One call at a time: lld has global state; link_run locks.
 */
bool link_run(const char *const *arguments, size_t count, char *message, size_t size);

#ifdef __cplusplus
}
#endif

#endif
