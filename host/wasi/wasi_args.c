/*
 * wasi_args.c: the guest's arguments and environment.
 */
#include "host/wasi/wasi_call.h"

#include <string.h>

#include "host/wasi/wasi_state.h"

struct strings {
	const char *const *list;
	size_t count;
	size_t size; /* bytes of all with their NULs; below 4 GiB by WASI_MAX_STRINGS */
};

static struct strings strings_of(const char *const *list, size_t count)
{
	struct strings strings = {.list = list, .count = count};
	for (size_t i = 0; i < count; i++)
		strings.size += strlen(list[i]) + 1;
	return strings;
}

/* Write an array of guest pointers and the strings they point to. */
static enum wasi_errno strings_put(struct wasi_call *call, struct strings strings,
		const union sv_value *arguments)
{
	uint64_t pointer = wasi_u32(arguments, 0), text = wasi_u32(arguments, 1);
	if (!wasi_is_inside(call, pointer, strings.count * sizeof(uint32_t)) ||
			!wasi_is_inside(call, text, strings.size))
		return WASI_ERRNO_FAULT;
	for (size_t i = 0; i < strings.count; i++) {
		size_t length = strlen(strings.list[i]) + 1;
		(void)wasi_put_u32(call, pointer, (uint32_t)text);
		(void)wasi_copy_out(call, text, strings.list[i], length);
		pointer += sizeof(uint32_t);
		text += length;
	}
	return WASI_ERRNO_SUCCESS;
}

static enum wasi_errno strings_put_sizes(struct wasi_call *call, struct strings strings,
		const union sv_value *arguments)
{
	if (!wasi_is_inside(call, wasi_u32(arguments, 0), sizeof(uint32_t)) ||
			!wasi_is_inside(call, wasi_u32(arguments, 1), sizeof(uint32_t)))
		return WASI_ERRNO_FAULT;
	(void)wasi_put_u32(call, wasi_u32(arguments, 0), (uint32_t)strings.count);
	(void)wasi_put_u32(call, wasi_u32(arguments, 1), (uint32_t)strings.size);
	return WASI_ERRNO_SUCCESS;
}

enum wasi_errno wasi_args_get(struct wasi_call *call, const union sv_value *arguments)
{
	const struct wasi_config *config = &call->wasi->config;
	return strings_put(call, strings_of(config->args, config->arg_count), arguments);
}

enum wasi_errno wasi_args_sizes_get(struct wasi_call *call, const union sv_value *arguments)
{
	const struct wasi_config *config = &call->wasi->config;
	return strings_put_sizes(call, strings_of(config->args, config->arg_count), arguments);
}

enum wasi_errno wasi_environ_get(struct wasi_call *call, const union sv_value *arguments)
{
	const struct wasi_config *config = &call->wasi->config;
	return strings_put(call, strings_of(config->env, config->env_count), arguments);
}

enum wasi_errno wasi_environ_sizes_get(struct wasi_call *call, const union sv_value *arguments)
{
	const struct wasi_config *config = &call->wasi->config;
	return strings_put_sizes(call, strings_of(config->env, config->env_count), arguments);
}
