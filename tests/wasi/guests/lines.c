/* lines.c: a CGI program that answers each line of its input before it has seen the next one. */
#include <ctype.h>
#include <stdio.h>

int main(void)
{
	char line[200];
	printf("Content-Type: text/plain\n\n");
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		for (char *at = line; *at; at++)
			*at = (char)toupper((unsigned char)*at);
		fputs(line, stdout);
		fflush(stdout);
	}
	printf("end: %d, error: %d\n", feof(stdin) != 0, ferror(stdin) != 0);
	return 0;
}
