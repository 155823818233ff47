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
	/* All of it or nothing, but for the lengths of what does not fit. */
	for (unsigned i = 0; i < 4; i++) {
		size_t length = i ? agent.versions[i - 1].length : agent.family.length;
		bool fits = length <= fastly_argument(call, 3 + 3 * i);
		if (!fastly_is_place(call, 2 + 3 * i, fits ? length : 0) ||
				!fastly_is_place(call, 4 + 3 * i, sizeof(uint32_t)))
			return FASTLY_INVAL;
	}
	enum fastly_status status = fastly_give(call, 2, agent.family);
	for (unsigned i = 0; i < 3 && status == FASTLY_OK; i++)
		status = fastly_give(call, 5 + 3 * i, agent.versions[i]);
	return status;
}
