/*
 * page.h: pages of memory put back, as fast as the CPU does it. One implementation per CPU.
 */
#ifndef SELVAGE_RUNTIME_ARCH_PAGE_H
#define SELVAGE_RUNTIME_ARCH_PAGE_H

#include <stdint.h>

/* The bytes of `page` become those of `source`, both whole pages; NULL: zeros. */
typedef void (*page_put)(uint8_t *page, const uint8_t *source);

/* The fastest on this CPU. */
page_put page_put_choose(void);

#endif
