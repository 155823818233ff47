/*
 * setjmp.h: for programs in which nothing is thrown. wasi-libc has no setjmp; native builds use
 * this too, so that all variants are of the same source. A jump ends the program.
 */
#ifndef SELVAGE_BENCH_SETJMP_H
#define SELVAGE_BENCH_SETJMP_H

#include <stdlib.h>

typedef int jmp_buf[1];

#define setjmp(buffer) ((void)(buffer), 0)
#define longjmp(buffer, value) abort()

#endif
