/*
 * hello.h: what a client's first TLS message tells of its program: JA3 and JA4.
 */
#ifndef SELVAGE_HOST_FASTLY_HELLO_H
#define SELVAGE_HOST_FASTLY_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/check.h"

#define JA3_BYTES 16u

/* With its NUL: "t13d1516h2_8daaf6152771_e5627efa2ab1". */
#define JA4_SIZE 37u

/* MD5 of the JA3 text of a ClientHello with its header; false: it is none, or no memory. */
SV_MUST_USE bool hello_ja3(struct sv_bytes hello, uint8_t digest[JA3_BYTES]);

/* Its JA4, by the description of FoxIO; false as above. */
SV_MUST_USE bool hello_ja4(struct sv_bytes hello, char text[JA4_SIZE]);

#endif
