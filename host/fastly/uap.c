/*
 * uap.c: what a User-Agent field says (fastly_uap): a family and a version of up to three parts.
 */
#include <string.h>

#include "host/fastly/fastly.h"

/* Bytes of a field that are looked at. */
#define MAX_AGENT 4096u

static const struct {
	const char *mark, *other, *family;
} agents[] = {
#define AGENT(mark, other, family) {mark, other, family},
#include "host/fastly/agents.def"
#undef AGENT
};

struct agent {
	struct sv_bytes family, versions[3]; /* major, minor, patch */
};

static const uint8_t *text_find(struct sv_bytes text, const char *part)
{
	size_t length = strlen(part);
	return length ? memmem(text.data, text.length, part, length) : text.data;
}

/* Numbers with points between them. */
static void versions_read(struct sv_bytes text, struct sv_bytes versions[3])
{
	size_t at = 0;
	for (size_t part = 0; part < 3; part++) {
		size_t begin = at;
		while (at < text.length && text.data[at] >= '0' && text.data[at] <= '9')
			at++;
		versions[part] = (struct sv_bytes){text.data + begin, at - begin};
		if (at == begin || at == text.length || text.data[at] != '.')
			return;
		at++;
	}
}

static struct agent agent_read(struct sv_bytes text)
{
	struct agent agent = {.family = host_text("Other")};
	for (size_t i = 0; text.length && i < sizeof agents / sizeof *agents; i++) {
		const uint8_t *mark = text_find(text, agents[i].mark);
		if (!mark || !text_find(text, agents[i].other))
			continue;
		const uint8_t *version = mark + strlen(agents[i].mark);
		agent.family = host_text(agents[i].family);
		versions_read((struct sv_bytes){version,
					      text.length - (size_t)(version - text.data)},
				agent.versions);
		break;
	}
	return agent;
}

/* Arguments: the text; then place, room and place of the length for each part. */
enum fastly_status fastly_uap_parse(struct fastly_call *call)
{
	struct sv_bytes text;
	if (!fastly_bytes(call, 0, &text))
		return FASTLY_INVAL;
	text.length = text.length < MAX_AGENT ? text.length : MAX_AGENT;
	struct agent agent = agent_read(text);
	const struct sv_bytes parts[] = {
			agent.family, agent.versions[0], agent.versions[1], agent.versions[2]};
	/* All of it, or the length of the first that does not fit. */
	int missing = -1;
	for (int i = 3; i >= 0; i--) {
		unsigned index = 2 + 3 * (unsigned)i;
		bool fits = parts[i].length <= fastly_argument(call, index + 1);
		if (!fastly_is_place(call, index, fits ? parts[i].length : 0) ||
				!fastly_is_place(call, index + 2, sizeof(uint32_t)))
			return FASTLY_INVAL;
		missing = fits ? missing : i;
	}
	if (missing >= 0)
		return fastly_give(call, 2 + 3 * (unsigned)missing, parts[missing]);
	for (unsigned i = 0; i < ARRAY_LENGTH(parts); i++)
		(void)fastly_give(call, 2 + 3 * i, parts[i]);
	return FASTLY_OK;
}
