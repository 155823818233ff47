/*
 * background.h: work that nobody waits for by the millisecond, beside threads that serve requests.
 */
#ifndef SELVAGE_PLATFORM_BACKGROUND_H
#define SELVAGE_PLATFORM_BACKGROUND_H

/*
 * The calling thread, and what it starts from then on, gives way to all that are not such: of a
 * full machine it gets what nice(2) says of `nice`, and whoever has something to do need not wait
 * until its turn is over. If the system refuses that, it is as any other thread.
 */
void background_enter(int nice);

#endif
