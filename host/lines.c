/*
 * lines.c: a guest's log text, line by line. Control characters are shown as '?', so
 * that no guest can write terminal sequences or forge lines of the server's log.
 */
#include "host/lines.h"

#include <string.h>

static const char limit_text[] = "(log limit of this request reached)";

void host_lines_init(struct host_lines *lines, const struct host_call *call)
{
	const struct host_guest *guest = call->guest;
	memcpy(lines->trace_id, call->request->trace_id, sizeof lines->trace_id);
	lines->log = guest->log;
	lines->log_data = guest->log_data;
	lines->left = guest->log_limit;
	lines->is_full = false;
	lines->used = 0;
}

void host_lines_flush(struct host_lines *lines)
{
	if (lines->used && lines->log)
		lines->log(lines->log_data, lines->trace_id, lines->line, lines->used);
	lines->used = 0;
}

static void lines_refuse(struct host_lines *lines)
{
	if (lines->is_full)
		return;
	lines->is_full = true;
	host_lines_flush(lines);
	if (lines->log)
		lines->log(lines->log_data, lines->trace_id, limit_text, sizeof limit_text - 1);
}

/*
 * U+0080 to U+009F are control characters too: 0xc2 and one of these bytes in UTF-8, or the byte
 * alone to a terminal of 8 bits. In the middle of other characters they are as good as any.
 */
static bool is_control(struct host_lines *lines, unsigned char c)
{
	unsigned char before = lines->used ? (unsigned char)lines->line[lines->used - 1] : 0;
	if (c < 0x80 || c >= 0xa0)
		return (c < 0x20 && c != '\t') || c == 0x7f;
	if (before == 0xc2)
		lines->line[lines->used - 1] = '?';
	return before < 0x80 || before == 0xc2;
}

void host_lines_write(struct host_lines *lines, const void *bytes, size_t length)
{
	const unsigned char *text = bytes;
	for (size_t i = 0; i < length; i++) {
		if (!lines->left) {
			lines_refuse(lines);
			return;
		}
		lines->left--;
		if (text[i] == '\n') {
			host_lines_flush(lines);
			continue;
		}
		if (text[i] == '\r' && i + 1 < length && text[i + 1] == '\n')
			continue;
		if (lines->used == sizeof lines->line)
			host_lines_flush(lines);
		char shown = is_control(lines, text[i]) ? '?' : (char)text[i];
		lines->line[lines->used++] = shown;
	}
}
