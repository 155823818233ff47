/* streams.c: arguments, environment, standard streams, exit code. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char line[100];
	for (int i = 1; i < argc; i++)
		printf("argument %d is \"%s\"\n", i, argv[i]);
	printf("GREETING is \"%s\", NOTHING is %s\n", getenv("GREETING"),
			getenv("NOTHING") ? "set" : "not set");
	while (fgets(line, sizeof(line), stdin)) {
		for (char *at = line; *at; at++)
			*at = (char)toupper((unsigned char)*at);
		fputs(line, stdout);
	}
	printf("terminal: %d %d\n", isatty(0), isatty(1));
	fprintf(stderr, "a line for stderr\n");
	return 7;
}
