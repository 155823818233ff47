/*
 * segment.h: data and element segments: the part of instantiation that can trap, and what
 * the bulk instructions do.
 */
#ifndef SELVAGE_RUNTIME_SEGMENT_H
#define SELVAGE_RUNTIME_SEGMENT_H

#include "abi/artifact.h"
#include "runtime/instance.h"

/* memory.init and table.init: SV_TRAP_NONE, or the trap with nothing written. */
enum sv_trap segment_init_memory(struct sv_instance *instance, uint32_t segment, uint32_t memory,
		uint64_t to, uint64_t from, uint64_t length);
enum sv_trap segment_init_table(struct sv_instance *instance, uint32_t segment, uint32_t table,
		uint64_t to, uint64_t from, uint64_t count);

/* Bytes of a data segment; NULL if they are not in it or it has been dropped. */
const uint8_t *segment_bytes(const struct sv_instance *instance, uint32_t segment, uint64_t from,
		uint64_t length);

/* The same of items: number of the first, for segment_item; SV_NO_INDEX if they are not there. */
uint32_t segment_items(const struct sv_instance *instance, uint32_t segment, uint64_t from,
		uint64_t count);

/* What an item of an element segment refers to. */
void *segment_item(const struct sv_instance *instance, uint32_t item);

/* Run the active segments in order and drop them (Core 2.0, 4.5.4). */
enum sv_outcome segment_run_active(struct sv_instance *instance, struct sv_error *error);

/* data.drop: the segment is empty from now on. */
void segment_drop_data(struct sv_instance *instance, uint32_t segment);

/* elem.drop: the segment is empty from now on, and holds no object. */
void segment_drop_elements(struct sv_instance *instance, uint32_t segment);

/*
 * Mark what is dropped before the guest runs: segments in the image, declared elements, those that
 * the tables hold already.
 */
void segment_reset_dropped(struct sv_instance *instance);

/*
 * Value of a constant expression that is not code (of one that is: zero); globals it names
 * are initialised.
 */
union sv_value segment_constant(const struct sv_instance *instance,
		const struct sv_constant *constant);

/* Value of any constant expression: runs the guest's code for it. */
enum sv_outcome segment_evaluate(struct sv_instance *instance, const struct sv_constant *constant,
		union sv_value *value, struct sv_error *error);

#endif
