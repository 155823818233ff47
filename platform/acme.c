/*
 * acme.c: see acme.h.
 */
#include "platform/acme.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char prefix[] = "/.well-known/acme-challenge/";
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The token behind the prefix, in base64url as RFC 8555 has it: so it is a name in the folder. */
static bool token_read(struct sv_bytes path, char token[static 129])
{
	const size_t start = sizeof prefix - 1;
	if (path.length <= start || path.length - start > 128 ||
			memcmp(path.data, prefix, start) != 0)
		return false;
	snprintf(token, 129, "%.*s", (int)(path.length - start), (const char *)path.data + start);
	return token[0] && strspn(token, letters) == path.length - start;
}

bool acme_is_challenge(struct sv_bytes path)
{
	char token[129];
	return token_read(path, token);
}

bool acme_challenge(const char *folder, struct sv_bytes path, struct buffer *text)
{
	char token[129], name[1024], content[4096];
	struct stat status;
	if (!folder[0] || !token_read(path, token))
		return false;
	int length = snprintf(name, sizeof name, "%s/%s", folder, token);
	if (length < 0 || (size_t)length >= sizeof name)
		return false;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	ssize_t count = fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
			? read(fd, content, sizeof content)
			: -1;
	close(fd);
	return count > 0 && buffer_append(text, content, (size_t)count, NULL);
}
