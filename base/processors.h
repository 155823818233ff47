/*
 * processors.h: those that a thread may use, which are not all that there are: a container,
 * a service manager or taskset(1) may have left the process some of them.
 */
#ifndef SELVAGE_BASE_PROCESSORS_H
#define SELVAGE_BASE_PROCESSORS_H

/* How many the calling thread may use; at least one. */
unsigned processors_count(void);

/*
 * The calling thread, and what it starts from now on, may use those of the process but for one, the
 * first of them: the same one for all who leave one. The process has those that its first thread
 * may use while that is not gathered. If there is only one, or the system refuses, nothing changes.
 */
void processors_leave_one(void);

/*
 * The process's first thread keeps to the one that others leave, until it is told that it may use
 * again what it could before. Any thread, but the two in turns. If there is only one, or the system
 * refuses, nothing changes.
 */
void processors_gather_first(void);
void processors_free_first(void);

/* The calling thread may use those of the first thread, whoever started it. */
void processors_use_all(void);

/*
 * The calling thread keeps to one: the index-th of those it may use, around and around if there are
 * fewer. If the system refuses, nothing changes.
 */
void processors_keep_to(unsigned index);

#endif
