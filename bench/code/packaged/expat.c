/* expat.c: Expat: XML events, with namespaces. */
#include <stdio.h>

#include <expat.h>

#include "bench/code/packaged/input.h"

#define ROUNDS 20

/* wasi-libc has none; Expat asks for numbers that nobody can guess. */
int getpid(void)
{
	return 1;
}

static void start(void *data, const XML_Char *name, const XML_Char **attributes)
{
	uint32_t *sum = data;

	for (; *attributes; attributes++)
		*sum = *sum * 31 + input_sum(*attributes, strlen(*attributes));
	*sum += input_sum(name, strlen(name));
}

static void text_found(void *data, const XML_Char *text, int size)
{
	*(uint32_t *)data += (uint32_t)text[0] * (uint32_t)size;
}

int main(void)
{
	static char text[2 << 20], words[8192];
	size_t at = (size_t)sprintf(text, "<?xml version='1.0'?><list xmlns:s='urn:s'>");
	uint32_t sum = 0;

	input_text(words, sizeof words, 1);
	for (int i = 0; i < 6000; i++)
		at += (size_t)sprintf(text + at,
				"<s:item id='%d' kind=\"k%d\"><name>%.*s</name><!-- %d -->"
				"<note lang='en'>a &amp; b &#x%x; %.30s</note></s:item>\n",
				i, i % 13, i % 50, words + i, i, 0x400 + i % 500, words + i + 100);
	at += (size_t)sprintf(text + at, "</list>");
	for (int round = 0; round < ROUNDS; round++) {
		XML_Parser parser = XML_ParserCreateNS(NULL, '|');

		XML_SetHashSalt(parser, 1);
		XML_SetUserData(parser, &sum);
		XML_SetStartElementHandler(parser, start);
		XML_SetCharacterDataHandler(parser, text_found);
		if (XML_Parse(parser, text, (int)at, 1) != XML_STATUS_OK)
			return 1;
		XML_ParserFree(parser);
	}
	printf("expat %08x\n", sum);
	return 0;
}
