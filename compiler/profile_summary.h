/*
 * profile_summary.h: how counts are spread, for LLVM to tell hot from cold by.
 */
#ifndef SELVAGE_COMPILER_PROFILE_SUMMARY_H
#define SELVAGE_COMPILER_PROFILE_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include <llvm-c/Core.h>

#ifdef __cplusplus
extern "C" {
#endif

struct profile_summary;

struct profile_summary *profile_summary_new(void);
/* Counts of one function; the first is how often it began. */
void profile_summary_add(struct profile_summary *summary, const uint64_t *counts, size_t count);
/* All have been added. */
void profile_summary_complete(struct profile_summary *summary);
/* Tell a module. On any thread, once it is complete. */
void profile_summary_set(const struct profile_summary *summary, LLVMModuleRef module);
/* NULL is allowed. */
void profile_summary_free(struct profile_summary *summary);

#ifdef __cplusplus
}
#endif

#endif
