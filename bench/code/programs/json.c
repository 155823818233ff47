/* json.c: parses a JSON text by recursive descent, adding up what it holds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS 3000
#define ROUNDS 800

struct totals {
	unsigned strings, numbers, words, members, depth;
	double sum;
};

struct reader {
	const char *at;
	struct totals totals;
	unsigned depth;
};

static void read_value(struct reader *reader);

static void expect(struct reader *reader, char c)
{
	if (*reader->at++ != c)
		abort();
}

static void skip_space(struct reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\n')
		reader->at++;
}

static void read_string(struct reader *reader)
{
	expect(reader, '"');
	while (*reader->at != '"') {
		if (*reader->at == '\\')
			reader->at++;
		reader->at++;
		reader->totals.strings++;
	}
	reader->at++;
}

static void read_number(struct reader *reader)
{
	double value = 0, scale = 1;
	int negative = *reader->at == '-';

	reader->at += negative;
	while (*reader->at >= '0' && *reader->at <= '9')
		value = value * 10 + (*reader->at++ - '0');
	if (*reader->at == '.')
		for (reader->at++; *reader->at >= '0' && *reader->at <= '9'; reader->at++)
			value += (*reader->at - '0') * (scale /= 10);
	reader->totals.numbers++;
	reader->totals.sum += negative ? -value : value;
}

static void read_members(struct reader *reader, char close, int named)
{
	if (++reader->depth > reader->totals.depth)
		reader->totals.depth = reader->depth;
	do {
		reader->at++;
		skip_space(reader);
		if (named) {
			read_string(reader);
			skip_space(reader);
			expect(reader, ':');
		}
		read_value(reader);
		skip_space(reader);
		reader->totals.members++;
	} while (*reader->at == ',');
	expect(reader, close);
	reader->depth--;
}

static void read_value(struct reader *reader)
{
	skip_space(reader);
	switch (*reader->at) {
	case '{':
		read_members(reader, '}', 1);
		break;
	case '[':
		read_members(reader, ']', 0);
		break;
	case '"':
		read_string(reader);
		break;
	case 't':
		reader->at += 4;
		reader->totals.words++;
		break;
	case 'f':
		reader->at += 5;
		reader->totals.words++;
		break;
	default:
		read_number(reader);
	}
}

int main(void)
{
	char *text = malloc(RECORDS * 200), *at = text;
	struct reader reader = {0};

	if (!text)
		abort();
	*at++ = '[';
	for (int i = 0; i < RECORDS; i++)
		at += sprintf(at,
				"%s{\"id\": %d, \"name\": \"thread \\\"%d\\\" of the warp\", "
				"\"at\": [%d.%d, "
				"-%d.25, [1]],\n \"cut\": %s, \"next\": {\"of\": {\"it\": \"\"}}}",
				i ? ", " : "", i, i * 7, i, i % 10, i * 3,
				i % 3 ? "true" : "false");
	strcpy(at, "]");
	for (int round = 0; round < ROUNDS; round++) {
		reader.at = text;
		read_value(&reader);
	}
	printf("json %u %u %u %u %u %.3f\n", reader.totals.strings, reader.totals.numbers,
			reader.totals.words, reader.totals.members, reader.totals.depth,
			reader.totals.sum);
	free(text);
	return 0;
}
