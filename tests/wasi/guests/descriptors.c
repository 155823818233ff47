/* descriptors.c: as many open files as there may be, then one more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
	int count = 0, last = -1, fd;
	while ((fd = open("/file", O_RDONLY)) >= 0) {
		last = fd;
		if (++count > 5000)
			break;
	}
	printf("opened some: %d, at most 1024: %d, then: %s\n", count > 100, last < 1024,
			strerror(errno));
	for (fd = last; fd > last - count + 10; fd--)
		close(fd);
	printf("again: %d\n", open("/file", O_RDONLY) >= 0);
	printf("close of what is not open: %d, %s\n", close(4000), strerror(errno));
	return 0;
}
