/*
 * escape.c: tries to get at what is beside its directories. tests/wasi/run plants links that
 * lead out and compares the outside before and after.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const paths[] = {"/../outside/secret", "/d/../../outside/secret", "/out/secret",
		"/absolute/secret", "/out-file", "/root/etc/passwd", "/out-new"};

/* Refused is what is wanted; it says so only if nothing at all worked. */
static int worked;

static void attempt(const char *what, const char *path, int result)
{
	if (result < 0)
		return;
	printf("%s %s worked\n", what, path);
	worked++;
}

static void open_all(const char *path)
{
	attempt("read", path, open(path, O_RDONLY));
	attempt("write", path, open(path, O_WRONLY));
	attempt("append", path, open(path, O_WRONLY | O_APPEND));
	attempt("empty", path, open(path, O_RDONLY | O_TRUNC));
	attempt("create", path, open(path, O_CREAT | O_RDWR, 0666));
	attempt("cut", path, truncate(path, 0));
}

static void name_all(const char *path)
{
	char slash[100];
	struct stat stat_;
	snprintf(slash, sizeof(slash), "%s/", path);
	attempt("stat", path, stat(path, &stat_));
	attempt("slash stat", slash, lstat(slash, &stat_));
	attempt("slash open", slash, open(slash, O_RDONLY));
	attempt("slash unlink", slash, unlink(slash));
	attempt("slash rmdir", slash, rmdir(slash));
	attempt("slash rename", slash, rename(slash, "/taken"));
	attempt("rename over", slash, rename("/file", slash));
	attempt("slash link", slash, link(slash, "/taken"));
	attempt("slash mkdir", slash, mkdir(slash, 0777));
}

/* Paths whose last component is itself outside; the others are links the guest may remove. */
static void change_all(const char *path)
{
	attempt("unlink", path, unlink(path));
	attempt("rmdir", path, rmdir(path));
	attempt("rename away", path, rename(path, "/taken"));
	attempt("rename over", path, rename("/file", path));
	attempt("link away", path, link(path, "/taken"));
	attempt("link over", path, link("/file", path));
	attempt("symlink", path, symlink("x", path));
	attempt("mkdir", path, mkdir(path, 0777));
}

static void links(void)
{
	attempt("symlink to", "/etc", symlink("/etc", "/made"));
	/* Relative links may be made, but not followed out, wherever they get to. */
	symlink("../outside/secret", "/made");
	open_all("/made");
	link("/made", "/second/made");
	rename("/made", "/d/made");
	open_all("/second/made");
	symlink("../..", "/d/up");
	attempt("read", "/d/up", open("/d/up/outside/secret", O_RDONLY));
	unlink("/d/up");
	unlink("/second/made");
	unlink("/d/made");
}

static void frozen(void)
{
	open_all("/frozen/new");
	attempt("write", "/frozen/fixed", open("/frozen/fixed", O_RDWR));
	attempt("empty", "/frozen/fixed", open("/frozen/fixed", O_RDONLY | O_TRUNC));
	attempt("hard link, then write", "/frozen/fixed", link("/frozen/fixed", "/taken"));
	change_all("/frozen/fixed");
	int fd = open("/frozen/fixed", O_RDONLY);
	printf("reading is fine: %d\n", fd >= 0);
	attempt("write", "a descriptor for reading", (int)write(fd, "x", 1));
	attempt("cut", "a descriptor for reading", ftruncate(fd, 0));
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		open_all(paths[i]);
		name_all(paths[i]);
		if (i < 4)
			change_all(paths[i]);
	}
	open_all("/..");
	change_all("/..");
	links();
	frozen();
	printf("%d attempts worked\n", worked);
	return worked > 0;
}
