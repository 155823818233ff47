/*
 * bundle.c: see bundle.h. A file is a head of two numbers, its path, its bytes. It never leaves
 * this machine.
 */
#include "platform/bundle.h"

#include <string.h>

struct bundle_head {
	uint64_t path_length, size;
};

/* `path` without what means nothing; false if it leads anywhere else. */
static bool path_clean(const char *path, char clean[static BUNDLE_PATH_SIZE])
{
	size_t length = 0;
	for (const char *at = path; *at;) {
		size_t part = strcspn(at, "/");
		bool is_dots = part == 2 && at[0] == '.' && at[1] == '.';
		if (is_dots || (at == path && part == 0) || length + part + 2 > BUNDLE_PATH_SIZE)
			return false;
		if (part > 0 && !(part == 1 && at[0] == '.')) {
			if (length)
				clean[length++] = '/';
			memcpy(clean + length, at, part);
			length += part;
		}
		at += part;
		at += *at == '/';
	}
	clean[length] = '\0';
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)clean[i] < ' ' || clean[i] == 127)
			return false;
	}
	return length > 0;
}

bool bundle_begin(struct buffer *bundle, const char *path, uint64_t size, struct sv_error *error)
{
	char clean[BUNDLE_PATH_SIZE];
	if (!path_clean(path, clean))
		return sv_fail(error, SV_ERROR_INVALID, "\"%.80s\" is no path of a file", path);
	const struct bundle_head head = {strlen(clean), size};
	TRY(buffer_reserve(bundle, sizeof head + head.path_length + size, error));
	return buffer_append(bundle, &head, sizeof head, error) &&
			buffer_append(bundle, clean, head.path_length, error);
}

bool bundle_add(struct buffer *bundle, const char *path, struct sv_bytes content,
		struct sv_error *error)
{
	return bundle_begin(bundle, path, content.length, error) &&
			buffer_append(bundle, content.data, content.length, error);
}

bool bundle_next(struct sv_bytes *rest, struct bundle_file *file, bool *found,
		struct sv_error *error)
{
	struct bundle_head head;
	char path[BUNDLE_PATH_SIZE];
	*found = rest->length > 0;
	if (!*found)
		return true;
	bool is_whole = rest->length >= sizeof head;
	if (is_whole) {
		memcpy(&head, rest->data, sizeof head);
		is_whole = head.path_length < sizeof path &&
				head.path_length <= rest->length - sizeof head &&
				head.size <= rest->length - sizeof head - head.path_length;
	}
	if (is_whole) {
		memcpy(path, rest->data + sizeof head, head.path_length);
		path[head.path_length] = '\0';
		is_whole = path_clean(path, file->path);
	}
	if (!is_whole)
		return sv_fail(error, SV_ERROR_INVALID, "the files of a project are damaged");
	file->content = (struct sv_bytes){
			rest->data + sizeof head + head.path_length, (size_t)head.size};
	rest->data = file->content.data + file->content.length;
	rest->length -= sizeof head + head.path_length + (size_t)head.size;
	return true;
}

bool bundle_find(struct sv_bytes bundle, const char *path, struct bundle_file *file)
{
	bool found;
	while (bundle_next(&bundle, file, &found, NULL) && found) {
		if (strcmp(file->path, path) == 0)
			return true;
	}
	return false;
}
