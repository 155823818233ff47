/*
 * http2_print.c: what a client's first frames tell of its program (Akamai, "Passive Fingerprinting
 * of HTTP/2 Clients"): settings, the window it gives, priorities, the order of its pseudo-fields.
 * Settings that nghttp2 does not know are not among them.
 */
#include <stdio.h>
#include <string.h>

#include "server/http2.h"

/* Behind what is there; what does not fit is left out. */
static void add(char *text, size_t size, const char *more)
{
	size_t length = strlen(text);
	if (length + strlen(more) < size)
		memcpy(text + length, more, strlen(more) + 1);
}

static void add_settings(struct http2_print *print, const nghttp2_settings *settings)
{
	char one[32];
	for (size_t i = 0; i < settings->niv; i++) {
		snprintf(one, sizeof one, "%s%d:%u", print->settings[0] ? ";" : "",
				settings->iv[i].settings_id, settings->iv[i].value);
		add(print->settings, sizeof print->settings, one);
	}
}

static void add_priority(struct http2_print *print, const nghttp2_priority *priority)
{
	char one[48];
	snprintf(one, sizeof one, "%s%d:%d:%d:%d", print->priorities[0] ? "," : "",
			priority->hd.stream_id, priority->pri_spec.exclusive,
			priority->pri_spec.stream_id, priority->pri_spec.weight);
	add(print->priorities, sizeof print->priorities, one);
}

void http2_print_frame(struct http2_print *print, const nghttp2_frame *frame)
{
	if (print->is_whole)
		return;
	switch (frame->hd.type) {
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK) && !print->settings[0])
			add_settings(print, &frame->settings);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		if (!frame->hd.stream_id && !print->window)
			print->window = (uint32_t)frame->window_update.window_size_increment;
		break;
	case NGHTTP2_PRIORITY:
		add_priority(print, &frame->priority);
		break;
	case NGHTTP2_HEADERS:
		print->is_whole = true;
		break;
	default:
		break;
	}
}

void http2_print_field(struct http2_print *print, struct sv_bytes name)
{
	char one[3] = {print->order[0] ? ',' : '\0', '\0', '\0'};
	if (print->is_whole || name.length < 2 || name.data[0] != ':')
		return;
	one[print->order[0] ? 1 : 0] = (char)name.data[1];
	add(print->order, sizeof print->order, one);
}

void http2_print_text(const struct http2_print *print, char *text, size_t size)
{
	char window[16];
	snprintf(window, sizeof window, "%s%u", print->window ? "" : "0", print->window);
	snprintf(text, size, "%s|%s|%s|%s", print->settings, window,
			print->priorities[0] ? print->priorities : "0", print->order);
}
