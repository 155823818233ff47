/*
 * assets.c: see assets.h. The table is sorted by path.
 */
#include "platform/assets.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/bundle.h"
#include "platform/project.h"

struct assets {
	void *map; /* owned */
	size_t size;
	struct asset *items; /* owned */
	size_t count;
};

static const struct {
	const char *ending, *type;
} types[] = {
#define ASSET_TYPE(ending, type) {ending, type},
#include "platform/asset_types.def"
#undef ASSET_TYPE
};

static const char prefix[] = "assets/";

/* What is below it is no static file, and nothing in assets/ gets there. */
static const char settings_prefix[] = ".settings/";

static bool is_setting(const char *path)
{
	return strncmp(path, settings_prefix, strlen(settings_prefix)) == 0;
}

/* fastly.toml and the files whose names are in it. */
static bool settings_collect(struct sv_bytes project, struct buffer *bundle, struct sv_error *error)
{
	char path[BUNDLE_PATH_SIZE + sizeof settings_prefix];
	struct bundle_file settings, file;
	size_t bytes = 0;
	bool found;
	if (!bundle_find(project, "fastly.toml", &settings))
		return true;
	for (;;) {
		TRY(bundle_next(&project, &file, &found, error));
		if (!found)
			return true;
		bool is_named = memmem(settings.content.data, settings.content.length, file.path,
						strlen(file.path)) != NULL;
		if (strcmp(file.path, settings.path) != 0 && !is_named)
			continue;
		bytes += file.content.length;
		if (bytes > SETTINGS_FILES_MOST)
			return sv_fail(error, SV_ERROR_LIMIT,
					"fastly.toml and the files that it names have more than "
					"%u bytes",
					SETTINGS_FILES_MOST);
		snprintf(path, sizeof path, "%s%s", settings_prefix, file.path);
		TRY(bundle_add(bundle, path, file.content, error));
	}
}

bool assets_collect(struct sv_bytes project, uint64_t most, struct buffer *bundle,
		struct sv_error *error)
{
	const struct sv_bytes whole = project;
	struct bundle_file file;
	size_t count = 0;
	bool found;
	for (;;) {
		TRY(bundle_next(&project, &file, &found, error));
		if (!found)
			return settings_collect(whole, bundle, error);
		if (!project_is_asset(file.path))
			continue;
		if (is_setting(file.path + strlen(prefix)))
			return sv_fail(error, SV_ERROR_INVALID, "no file may be in assets/%s",
					settings_prefix);
		if (++count > ASSETS_MOST)
			return sv_fail(error, SV_ERROR_LIMIT, "more than %d files in assets/",
					ASSETS_MOST);
		if (file.content.length > most)
			return sv_fail(error, SV_ERROR_LIMIT,
					"%.80s is larger than %" PRIu64 " bytes (response-limit)",
					file.path, most);
		TRY(bundle_add(bundle, file.path + strlen(prefix), file.content, error));
	}
}

/* ---- the table ---- */

static const char *type_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		if (path_has_ending(path, types[i].ending))
			return types[i].type;
	}
	return "application/octet-stream";
}

/* Where the path of a file is in the map: before its content. */
static struct sv_bytes path_in_map(const struct bundle_file *file)
{
	size_t length = strlen(file->path);
	return (struct sv_bytes){file->content.data - length, length};
}

static void asset_fill(struct asset *asset, const struct bundle_file *file)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	*asset = (struct asset){.path = path_in_map(file),
			.content = file->content,
			.type = type_of(file->path)};
	SHA256(file->content.data, file->content.length, digest);
	asset->etag[0] = '"';
	for (size_t i = 0; i < 16; i++)
		snprintf(asset->etag + 1 + 2 * i, 3, "%02x", digest[i]);
	asset->etag[33] = '"';
	asset->etag[34] = '\0';
}

static int path_compare(struct sv_bytes one, struct sv_bytes other)
{
	size_t shared = one.length < other.length ? one.length : other.length;
	int order = memcmp(one.data, other.data, shared);
	return order ? order : (one.length > other.length) - (one.length < other.length);
}

static int asset_compare(const void *one, const void *other)
{
	return path_compare(((const struct asset *)one)->path, ((const struct asset *)other)->path);
}

static bool table_make(struct assets *assets, struct sv_error *error)
{
	struct sv_bytes rest = {assets->map, assets->size};
	struct bundle_file file;
	bool found;
	assets->items = calloc(ASSETS_MOST, sizeof *assets->items);
	if (!assets->items)
		return sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for static files");
	for (;;) {
		TRY(bundle_next(&rest, &file, &found, error));
		if (!found)
			break;
		if (is_setting(file.path))
			continue;
		if (assets->count == ASSETS_MOST)
			return sv_fail(error, SV_ERROR_INVALID, "too many static files");
		asset_fill(&assets->items[assets->count++], &file);
	}
	qsort(assets->items, assets->count, sizeof *assets->items, asset_compare);
	struct asset *fitting = realloc(assets->items, (assets->count + 1) * sizeof *fitting);
	if (fitting)
		assets->items = fitting;
	return true;
}

static bool assets_map(struct assets *assets, const char *path, struct sv_error *error)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sv_fail_errno(error, "cannot open the static files %s", path);
	bool done = fstat(fd, &status) == 0 && status.st_size > 0;
	if (done) {
		assets->size = (size_t)status.st_size;
		assets->map = mmap(NULL, assets->size, PROT_READ, MAP_PRIVATE, fd, 0);
		done = assets->map != MAP_FAILED;
	}
	if (!done) {
		assets->map = NULL;
		sv_fail_errno(error, "cannot map the static files %s", path);
	}
	close(fd);
	return done;
}

struct assets *assets_open(const char *path, struct sv_error *error)
{
	struct assets *assets = calloc(1, sizeof *assets);
	if (!assets) {
		sv_fail(error, SV_ERROR_NO_MEMORY, "no memory for static files");
		return NULL;
	}
	if (assets_map(assets, path, error) && table_make(assets, error))
		return assets;
	assets_close(assets);
	return NULL;
}

void assets_close(struct assets *assets)
{
	if (!assets)
		return;
	if (assets->map)
		munmap(assets->map, assets->size);
	free(assets->items);
	free(assets);
}

bool assets_setting(const struct assets *assets, const char *path, struct sv_bytes *content)
{
	char whole[BUNDLE_PATH_SIZE + sizeof settings_prefix];
	struct bundle_file file;
	int length = snprintf(whole, sizeof whole, "%s%s", settings_prefix, path);
	if (length < 0 || (size_t)length >= sizeof whole ||
			!bundle_find((struct sv_bytes){assets->map, assets->size}, whole, &file))
		return false;
	*content = file.content;
	return true;
}

/* ---- finding one ---- */

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a path means, without the "/" in front; false if that can be no name of a file. */
static bool path_decode(struct sv_bytes path, char *plain, size_t size, size_t *length)
{
	size_t at = 0;
	for (size_t i = 1; i < path.length; i++) {
		uint8_t c = path.data[i];
		if (c == '%') {
			int high = i + 2 < path.length ? hex_digit(path.data[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(path.data[i + 2]) : -1;
			if (low < 0)
				return false;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (!c || at + 1 >= size)
			return false;
		plain[at++] = (char)c;
	}
	*length = at;
	return true;
}

const struct asset *assets_find(const struct assets *assets, struct sv_bytes path)
{
	static const char index[] = "index.html";
	char plain[BUNDLE_PATH_SIZE + sizeof index];
	size_t length;
	if (path.length < 1 || path.data[0] != '/' ||
			!path_decode(path, plain, BUNDLE_PATH_SIZE, &length))
		return NULL;
	if (length == 0 || plain[length - 1] == '/') {
		memcpy(plain + length, index, sizeof index - 1);
		length += sizeof index - 1;
	}
	const struct asset key = {.path = {(const uint8_t *)plain, length}};
	return bsearch(&key, assets->items, assets->count, sizeof key, asset_compare);
}
