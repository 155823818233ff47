/* yaml.c: LibYAML: a document to events. */
#include <stdio.h>

#include <yaml.h>

#include "bench/code/packaged/input.h"

#define ROUNDS 8

static size_t make_document(char *text, const char *words)
{
	size_t at = 0;

	for (int i = 0; i < 2500; i++)
		at += (size_t)sprintf(text + at,
				"- id: %d\n  name: \"%.*s\"\n  tags: [a%d, 'b c', null]\n"
				"  note: >\n    x%.30s\n    folded %d\n",
				i, i % 40, words + i, i % 7, words + i + 50, i * 31);
	return at;
}

int main(void)
{
	static char text[2 << 20], words[4096];
	uint32_t sum = 0;

	input_text(words, sizeof words, 1);
	for (size_t i = 0; i < sizeof words; i++)
		words[i] = words[i] == '\n' ? '-' : words[i];

	size_t size = make_document(text, words);

	for (int round = 0; round < ROUNDS; round++) {
		yaml_parser_t parser;
		yaml_event_t event;
		int more = 1;

		yaml_parser_initialize(&parser);
		yaml_parser_set_input_string(&parser, (unsigned char *)text, size);
		while (more) {
			if (!yaml_parser_parse(&parser, &event))
				return 1;
			if (event.type == YAML_SCALAR_EVENT)
				sum = sum * 31 +
						input_sum(event.data.scalar.value,
								event.data.scalar.length);
			more = event.type != YAML_STREAM_END_EVENT;
			yaml_event_delete(&event);
		}
		yaml_parser_delete(&parser);
	}
	printf("yaml %08x\n", sum);
	return 0;
}
