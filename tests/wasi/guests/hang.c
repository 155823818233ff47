/* hang.c: waits for ever in the host function that its argument names. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char byte;
	struct pollfd input = {.fd = 0, .events = POLLIN};
	const char *how = argc > 1 ? argv[1] : "";
	for (;;) {
		if (strcmp(how, "sleep") == 0)
			sleep(1000);
		else if (strcmp(how, "read") == 0)
			read(0, &byte, 1);
		else if (strcmp(how, "poll") == 0)
			poll(&input, 1, -1);
		else if (strcmp(how, "open") == 0)
			open("/fifo", O_RDONLY);
		else
			return 3;
	}
}
