/* files.c: what a C program does with files, through wasi-libc. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

static void show(const char *what, int result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : "ok");
}

static void show_file(const char *path)
{
	char text[100] = "";
	FILE *file = fopen(path, "r");
	if (!file) {
		show(path, -1);
		return;
	}
	size_t length = fread(text, 1, sizeof(text) - 1, file);
	printf("%s has %zu bytes: %s\n", path, length, text);
	fclose(file);
}

static void write_and_seek(void)
{
	FILE *file = fopen("/notes", "w+");
	fprintf(file, "one two three");
	fseek(file, 4, SEEK_SET);
	fputs("TWO", file);
	printf("at %ld\n", ftell(file));
	fclose(file);
	file = fopen("/notes", "a");
	fputs(" four", file);
	fclose(file);
	show_file("/notes");
	show("truncate", truncate("/notes", 7));
	show_file("/notes");
	show("access", access("/notes", R_OK));
	show("exclusive", open("/notes", O_CREAT | O_EXCL | O_WRONLY, 0600));
}

static void make_and_move(void)
{
	show("mkdir", mkdir("/dir", 0777));
	show("mkdir again", mkdir("/dir", 0777));
	show("rename", rename("/notes", "/dir/notes"));
	show("rename to another directory", rename("/dir/notes", "/second/notes"));
	show("link", link("/second/notes", "/second/twin"));
	show("symlink", symlink("twin", "/second/soft"));
	char text[20] = "";
	show("readlink", (int)readlink("/second/soft", text, sizeof(text) - 1));
	printf("soft leads to %s\n", text);
	show_file("/second/soft");
	show("unlink a directory", unlink("/dir"));
	show("rmdir a file", rmdir("/second/twin"));
	show("rmdir", rmdir("/dir"));
	show("unlink", unlink("/second/soft"));
	show_file("/second/soft");
}

static void look(void)
{
	struct stat stat;
	struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 2000, .tv_nsec = 5}};
	show("utimensat", utimensat(AT_FDCWD, "/second/twin", times, 0));
	show("stat", lstat("/second/twin", &stat));
	printf("size %lld, links %d, modified %lld.%09ld, regular %d\n", (long long)stat.st_size,
			(int)stat.st_nlink, (long long)stat.st_mtim.tv_sec, stat.st_mtim.tv_nsec,
			S_ISREG(stat.st_mode));
	show("stat of nothing", lstat("/none", &stat));
	show("directory as file", open("/second", O_WRONLY));
	show("file as directory", open("/second/twin", O_DIRECTORY | O_RDONLY));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path)
{
	char *names[600];
	int count = 0;
	DIR *directory = opendir(path);
	for (struct dirent *entry; (entry = readdir(directory));)
		names[count++] = strdup(entry->d_name);
	qsort(names, (size_t)count, sizeof(names[0]), by_name);
	printf("%s has %d entries:", path, count);
	for (int i = 0; i < count && i < 6; i++)
		printf(" %s", names[i]);
	printf("\n");
	closedir(directory);
}

static void list_many(void)
{
	char path[40];
	mkdir("/many", 0777);
	for (int i = 0; i < 500; i++) {
		snprintf(path, sizeof(path), "/many/a-rather-long-name-%03d", i);
		close(open(path, O_CREAT | O_WRONLY, 0666));
	}
	list("/many");
	list("/second");
}

int main(void)
{
	write_and_seek();
	make_and_move();
	look();
	list_many();
	return 0;
}
