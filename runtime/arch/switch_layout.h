/*
 * switch_layout.h: offsets that the assembly of the switch uses, as plain numbers.
 * Pinned to the C structs by switch_check.c. Only #define lines, so that .S files can include it.
 */
#ifndef SELVAGE_RUNTIME_ARCH_SWITCH_LAYOUT_H
#define SELVAGE_RUNTIME_ARCH_SWITCH_LAYOUT_H

#define SWITCH_HOST_SP 0
#define SWITCH_GUEST_FRAME 8
#define SWITCH_PENDING 16

#define SWITCH_FRAME_FLOATS 320 /* of a saved signal frame; a multiple of 64 */
#define SWITCH_FRAME_FLOATS_POINTER 224

#define SWITCH_CONTEXT_STORE 0
#define SWITCH_HOST_ROW_STORE 8

#endif
