/*
 * child.h: work on what a stranger sent, in a process of its own that confines itself before it
 * reads a byte: `selvage builder WORK`, bytes in by standard input, bytes out by standard output.
 */
#ifndef SELVAGE_PLATFORM_CHILD_H
#define SELVAGE_PLATFORM_CHILD_H

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* Where a child has what is kept for it. */
#define CHILD_KEPT 3

struct child_task {
	const char *work;     /* operand of `selvage builder` */
	const char *more[2];  /* operands behind it; NULL: none */
	const char *what;     /* the same for messages: "the compilation" */
	int input;            /* descriptor, borrowed */
	int stop;             /* descriptor that becomes readable to cut it short; -1: none */
	unsigned seconds;     /* that it may take */
	unsigned cpu_seconds; /* the limit that it sets itself, for the message */
	/* What CHILD_KEPT has for it, and afterwards what it left there; NULL: there is none. */
	struct buffer *kept;
	struct buffer *log; /* gets all that it said, up to its limit; NULL: nobody wants that */
};

/*
 * Do it, and append what came out to `output`. False with the child's message in `error`, or when
 * its time is over. SYSTEM if it was cut short or killed, which says nothing of what it worked on.
 */
SV_MUST_USE bool child_run(const struct child_task *task, struct buffer *output,
		struct sv_error *error);

#endif
