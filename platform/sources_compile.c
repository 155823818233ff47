/*
 * sources_compile.c: the other side of sources.h: the files of a project, written to the folder of
 * the build, and the commands that make a module of them. Which languages there are is in
 * languages.def; a function here for each that is built.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "platform/sources.h"
#include "platform/workshop.h"

/* Where every compiler leaves what it makes. */
static const char module_path[] = "selvage-module.wasm";

/* Most files that one command gets. */
static const size_t files_most = 2000;

/* ---- the files ---- */

/* The folders above a file; those that are there stay. */
static void folders_make(const char *path)
{
	char folder[BUNDLE_PATH_SIZE];
	snprintf(folder, sizeof folder, "%s", path);
	for (char *at = strchr(folder, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		(void)mkdir(folder, 0700);
		*at = '/';
	}
}

static bool file_put(const struct bundle_file *file, struct sv_error *error)
{
	folders_make(file->path);
	int fd = open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return sv_fail_errno(error, "cannot write %s", file->path);
	bool done = true;
	for (size_t at = 0; done && at < file->content.length;) {
		ssize_t count = write(fd, file->content.data + at, file->content.length - at);
		if (count <= 0)
			done = sv_fail_errno(error, "cannot write %s", file->path);
		else
			at += (size_t)count;
	}
	close(fd);
	return done;
}

/*
 * Of AssemblyScript, sources only: a configuration file can have its compiler run programs. Names
 * with a dot in front are left out, as terrctl does.
 */
static bool file_is_wanted(enum language language, const char *path)
{
	if (path[0] == '.' || strstr(path, "/.") || strncmp(path, "selvage-", 8) == 0)
		return false;
	return language != LANGUAGE_assemblyscript || path_has_ending(path, ".ts");
}

static bool files_put(struct sv_bytes bundle, enum language language, struct sv_error *error)
{
	struct bundle_file file;
	bool found;
	for (;;) {
		TRY(bundle_next(&bundle, &file, &found, error));
		if (!found)
			return true;
		if (file_is_wanted(language, file.path))
			TRY(file_put(&file, error));
	}
}

static bool is_there(const char *path)
{
	return access(path, R_OK) == 0;
}

/* The first of these that is there, NULL behind the last; NULL if none is. */
static const char *first_there(const char *const *paths)
{
	while (*paths && !is_there(*paths))
		paths++;
	return *paths;
}

static bool is_missing(enum language language, const char *what, struct sv_error *error)
{
	return sv_fail(error, SV_ERROR_UNSUPPORTED,
			"this server cannot build %s: there is no %s (what it needs is %s)",
			language_name(language), what, language_needs(language));
}

/* ---- C ---- */

/* All .c files but those in assets/; they begin with "./", so that none is an option. */
static bool c_add_files(struct sv_bytes bundle, struct arguments *arguments, struct sv_error *error)
{
	struct bundle_file file;
	bool found;
	size_t count = 0;
	while (bundle_next(&bundle, &file, &found, NULL) && found) {
		if (!path_has_ending(file.path, ".c") || project_is_asset(file.path) ||
				!file_is_wanted(LANGUAGE_c, file.path))
			continue;
		if (++count > files_most)
			return sv_fail(error, SV_ERROR_LIMIT, "more than %zu files .c", files_most);
		TRY(arguments_add(arguments, error, "./%s", file.path));
	}
	return count > 0 || sv_fail(error, SV_ERROR_INVALID, "there is no file .c");
}

/* What a C library asks of a system, for guests that have hostcalls only. */
static bool c_add_system(const struct workshop *workshop, struct arguments *arguments,
		struct sv_error *error)
{
	static const char *const files[] = {"assert.c", "libc_system.c"};
	for (size_t i = 0; workshop->sdk[0] && i < ARRAY_LENGTH(files); i++)
		TRY(arguments_add(arguments, error, "%s/c/%s", workshop->sdk, files[i]));
	return true;
}

/* `is_program`: it has a function main, and is a CGI program; otherwise it has run(). */
static bool c_link(const struct workshop *workshop, const char *clang, struct sv_bytes bundle,
		bool is_program, struct sv_error *error)
{
	static const char *const flags[] = {"--target=wasm32-wasi", "--no-wasm-opt", "-O2",
			"-Wno-deprecated", "-fvisibility=hidden", "-mbulk-memory", "-I.", "-Isrc",
			"-o", module_path, "-Wl,--strip-all,--stack-first,-z,stack-size=1048576"};
	struct arguments arguments = {0};
	bool done = arguments_add(&arguments, error, "%s", clang);
	for (size_t i = 0; done && i < ARRAY_LENGTH(flags); i++)
		done = arguments_add(&arguments, error, "%s", flags[i]);
	if (done && workshop->sdk[0])
		done = arguments_add(&arguments, error, "-I%s/c", workshop->sdk);
	done = done && c_add_files(bundle, &arguments, error);
	if (done && !is_program)
		done = arguments_add(&arguments, error, "%s", "-nostartfiles") &&
				arguments_add(&arguments, error, "%s",
						"-Wl,--no-entry,--export=run") &&
				c_add_system(workshop, &arguments, error);
	done = done && workshop_run(workshop, &arguments, error);
	arguments_finish(&arguments);
	return done;
}

static bool build_c(const struct workshop *workshop, struct sv_bytes bundle, struct sv_error *error)
{
	static const char *const compilers[] = {"clang-22", "clang", NULL};
	static const char *const linkers[] = {"wasm-ld-22", "wasm-ld", NULL};
	static const char *const headers[] = {"/usr/include/wasm32-wasi/stdlib.h", NULL};
	char clang[PATH_MAX], linker[PATH_MAX];
	struct sv_error problem = SV_ERROR_INIT;
	if (!workshop_find(workshop, compilers, clang))
		return is_missing(LANGUAGE_c, compilers[0], error);
	if (!workshop_find(workshop, linkers, linker))
		return is_missing(LANGUAGE_c, linkers[0], error);
	if (!first_there(headers))
		return is_missing(LANGUAGE_c, "wasi-libc", error);
	if (c_link(workshop, clang, bundle, false, &problem))
		return true;
	if (!strstr(problem.text, "--export") || !strstr(problem.text, "run"))
		return sv_fail(error, problem.code, "%s", problem.text);
	if (c_link(workshop, clang, bundle, true, error))
		return true;
	if (error && strstr(error->text, "symbol: main"))
		sv_error_prefix(error, "the project has neither run() nor main()");
	return false;
}

/* ---- AssemblyScript ---- */

/*
 * http_guest.ts of the SDK, beside the file that compiling begins with: Terrarium had it there. A
 * project's own stays.
 */
static bool as_put_library(const struct workshop *workshop, const char *entry,
		struct sv_error *error)
{
	char path[PATH_MAX + 64];
	struct bundle_file file;
	struct buffer text = {.limit = 1 << 20};
	const char *slash = strrchr(entry, '/');
	snprintf(path, sizeof path, "%s/assemblyscript/http_guest.ts", workshop->sdk);
	snprintf(file.path, sizeof file.path, "%.*shttp_guest.ts",
			slash ? (int)(slash - entry) + 1 : 0, entry);
	if (!workshop->sdk[0] || is_there(file.path) || !is_there(path))
		return true;
	bool done = file_read(path, &text, error);
	file.content = buffer_view(&text);
	done = done && file_put(&file, error);
	buffer_finish(&text);
	return done;
}

static bool build_assemblyscript(const struct workshop *workshop, struct sv_bytes bundle,
		struct sv_error *error)
{
	static const char *const compilers[] = {"asc", NULL};
	static const char *const runtimes[] = {"node", "nodejs", NULL};
	static const char *const entries[] = {"assembly/index.ts", "src/index.ts", "index.ts",
			"assembly/main.ts", "src/main.ts", "main.ts", NULL};
	static const char *const flags[] = {
			"-o", module_path, "-O", "--use", "abort=", "--exportTable", "--noColors"};
	char asc[PATH_MAX], node[PATH_MAX];
	struct arguments arguments = {0};
	(void)bundle;
	if (!workshop_find(workshop, runtimes, node))
		return is_missing(LANGUAGE_assemblyscript, "node", error);
	if (!workshop_find(workshop, compilers, asc))
		return is_missing(LANGUAGE_assemblyscript, "asc", error);
	const char *entry = first_there(entries);
	if (!entry)
		return sv_fail(error, SV_ERROR_INVALID,
				"there is no assembly/index.ts, src/index.ts, index.ts or main.ts");
	bool done = as_put_library(workshop, entry, error) &&
			arguments_add(&arguments, error, "%s", node) &&
			arguments_add(&arguments, error, "%s", asc) &&
			arguments_add(&arguments, error, "%s", entry);
	for (size_t i = 0; done && i < ARRAY_LENGTH(flags); i++)
		done = arguments_add(&arguments, error, "%s", flags[i]);
	done = done && workshop_run(workshop, &arguments, error);
	arguments_finish(&arguments);
	return done;
}

/* ---- Rust ---- */

/* Of Cargo.toml, only the edition: what a project can use is what this machine has. */
static unsigned rust_edition(struct sv_bytes bundle)
{
	char text[4096];
	unsigned edition = 2018;
	struct bundle_file file;
	if (!bundle_find(bundle, "Cargo.toml", &file))
		return edition;
	snprintf(text, sizeof text, "%.*s",
			(int)(file.content.length < sizeof text ? file.content.length
								: sizeof text - 1),
			(const char *)file.content.data);
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "edition = \"%4u\"", &edition) == 1)
			break;
	}
	return edition == 2015 || edition == 2021 || edition == 2024 ? edition : 2018;
}

/* lib/selvage/rust of every folder of tools: crates that were compiled for guests. */
static bool rust_add_crates(const char *tools, struct arguments *arguments, struct sv_error *error)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof path, "%s/lib/selvage/rust", tools);
	DIR *folder = opendir(path);
	struct dirent *entry;
	if (!folder)
		return true;
	bool done = arguments_add(arguments, error, "-L%s", path);
	while (done && (entry = readdir(folder))) {
		const char *name = entry->d_name, *dash = strrchr(name, '-');
		if (strncmp(name, "lib", 3) == 0 && dash && path_has_ending(name, ".rlib"))
			done = arguments_add(arguments, error, "--extern=%.*s",
					(int)(dash - name - 3), name + 3);
	}
	closedir(folder);
	return done;
}

static bool rust_add_flags(const struct workshop *workshop, struct sv_bytes bundle,
		const char *target, const char *root, struct arguments *arguments,
		struct sv_error *error)
{
	bool is_program = strcmp(root, "src/main.rs") == 0;
	const char *const flags[] = {"-Copt-level=3", "-Cstrip=symbols", "-Ccodegen-units=1", "-o",
			module_path, is_program ? "--crate-type=bin" : "--crate-type=cdylib",
			"--crate-name=project"};
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
		TRY(arguments_add(arguments, error, "%s", flags[i]));
	TRY(arguments_add(arguments, error, "--target=%s", target));
	TRY(arguments_add(arguments, error, "--edition=%u", rust_edition(bundle)));
	for (size_t i = 0; !is_program && i < workshop->tool_count; i++)
		TRY(rust_add_crates(workshop->tools[i], arguments, error));
	if (!is_program)
		TRY(rust_add_crates("/usr/local", arguments, error) &&
				rust_add_crates("/usr", arguments, error));
	return arguments_add(arguments, error, "%s", root);
}

/* `target` is installed with this rustc, which says so with the folder that it looks in. */
static bool rust_has(const struct workshop *workshop, const char *rustc, const char *target)
{
	struct arguments arguments = {0};
	bool has = arguments_add(&arguments, NULL, "%s", rustc) &&
			arguments_add(&arguments, NULL, "--target=%s", target) &&
			arguments_add(&arguments, NULL, "--crate-type=lib") &&
			arguments_add(&arguments, NULL, "--emit=metadata") &&
			arguments_add(&arguments, NULL, "-oselvage-probe") &&
			arguments_add(&arguments, NULL, "selvage-probe.rs") &&
			workshop_run(workshop, &arguments, NULL);
	arguments_finish(&arguments);
	return has;
}

static bool build_rust(const struct workshop *workshop, struct sv_bytes bundle,
		struct sv_error *error)
{
	static const char *const compilers[] = {"rustc", NULL};
	static const char *const roots[] = {"src/lib.rs", "src/main.rs", "lib.rs", NULL};
	const struct bundle_file probe = {.path = "selvage-probe.rs"};
	char rustc[PATH_MAX];
	struct arguments arguments = {0};
	if (!workshop_find(workshop, compilers, rustc))
		return is_missing(LANGUAGE_rust, "rustc", error);
	const char *root = first_there(roots), *target = "wasm32-unknown-unknown";
	if (!root)
		return sv_fail(error, SV_ERROR_INVALID,
				"there is no src/lib.rs and no src/main.rs");
	TRY(file_put(&probe, error));
	if (strcmp(root, "src/main.rs") == 0)
		target = rust_has(workshop, rustc, "wasm32-wasip1") ? "wasm32-wasip1"
								    : "wasm32-wasi";
	if (!rust_has(workshop, rustc, target))
		return is_missing(LANGUAGE_rust, target, error);
	bool done = arguments_add(&arguments, error, "%s", rustc) &&
			rust_add_flags(workshop, bundle, target, root, &arguments, error) &&
			workshop_run(workshop, &arguments, error);
	arguments_finish(&arguments);
	return done;
}

/* ---- all ---- */

static bool project_build(const struct workshop *workshop, enum language language,
		struct sv_bytes bundle, struct sv_error *error)
{
	TRY(files_put(bundle, language, error));
	switch (language) {
	case LANGUAGE_c:
		return build_c(workshop, bundle, error);
	case LANGUAGE_rust:
		return build_rust(workshop, bundle, error);
	case LANGUAGE_assemblyscript:
		return build_assemblyscript(workshop, bundle, error);
	default:
		return sv_fail(error, SV_ERROR_INTERNAL, "%s is not built",
				language_name(language));
	}
}

bool sources_compile(enum language language, const char *folder, const char *tools,
		struct buffer *module, struct sv_error *error)
{
	struct workshop workshop;
	struct buffer bundle = {.limit = SOURCES_FILE};
	bool done = workshop_open(&workshop, folder, tools, error) &&
			workshop_confine(&workshop, error) && file_read("-", &bundle, error) &&
			project_build(&workshop, language, buffer_view(&bundle), error) &&
			file_read(module_path, module, error);
	buffer_finish(&bundle);
	return done;
}
