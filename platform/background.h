/*
 * background.h: work that nobody waits for by the millisecond, beside threads that serve requests:
 * whoever of those has something to do need not wait until such a turn is over. If the system
 * refuses that, they are as any other thread.
 */
#ifndef SELVAGE_PLATFORM_BACKGROUND_H
#define SELVAGE_PLATFORM_BACKGROUND_H

/* This process, with what it starts; of a full machine it gets what nice(2) says of `nice`. */
void background_process(int nice);

/*
 * The calling thread, without those that it starts. It may have locks that others wait for. Of the
 * processors of the process it leaves one to others, and so does what it starts: processes, so that
 * all builders do, and threads that do not take it back (processors.h).
 */
void background_thread(void);

/*
 * Such work begins, and ends: from the first beginning to the last end the process's first thread,
 * which has the connections, keeps to the processor that is left to it. Any thread.
 */
void background_begin(void);
void background_end(void);

#endif
