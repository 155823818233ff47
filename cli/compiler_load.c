/*
 * compiler_load.c: finds and opens libselvage-compiler.so.
 */
#include "cli/compiler_load.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY "libselvage-compiler.so.0"
#define PATH_SIZE (PATH_MAX + 64)

/* Folder of the running executable, without the last slash; empty if unknown. */
static void executable_folder(char *folder, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", folder, size - 1);
	folder[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
}

/* Its path, or its name where only the dynamic linker finds it. */
static void library_find(char path[static PATH_SIZE])
{
	static const char *const places[] = {"/" LIBRARY, "/../lib/" LIBRARY};
	char folder[PATH_MAX];
	executable_folder(folder, sizeof folder);
	for (size_t i = 0; folder[0] && i < ARRAY_LENGTH(places); i++) {
		snprintf(path, PATH_SIZE, "%s%s", folder, places[i]);
		if (access(path, F_OK) == 0)
			return;
	}
	snprintf(path, PATH_SIZE, "%s", LIBRARY);
}

void compiler_stamp(char text[static COMPILER_STAMP_SIZE])
{
	char path[PATH_SIZE];
	struct stat library = {0};
	library_find(path);
	(void)!stat(path, &library);
	snprintf(text, COMPILER_STAMP_SIZE, "%lld.%09ld.%lld", (long long)library.st_mtim.tv_sec,
			library.st_mtim.tv_nsec, (long long)library.st_size);
}

static void *compiler_open(struct sv_error *error)
{
	char path[PATH_SIZE];
	library_find(path);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		sv_fail(error, SV_ERROR_SYSTEM, "cannot load the compiler: %s", dlerror());
	return library;
}

bool compiler_load(struct compiler *compiler, struct sv_error *error)
{
	void *library = compiler_open(error);
	if (!library)
		return false;
	/* POSIX lets dlsym's result be a function; ISO C has no cast for it. */
	*(void **)&compiler->options_init = dlsym(library, "sv_compile_options_init");
	*(void **)&compiler->compile = dlsym(library, "sv_compile");
	*(void **)&compiler->disassemble = dlsym(library, "sv_disassemble");
	if (compiler->options_init && compiler->compile && compiler->disassemble)
		return true;
	return sv_fail(error, SV_ERROR_SYSTEM, "%s is not of this version of Selvage", LIBRARY);
}
