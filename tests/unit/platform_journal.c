/*
 * platform_journal.c: positions in a log stay valid while files are exchanged under it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/journal.h"
#include "tests/lib/test.h"

static char folder[64];
static struct journals *journals;

/* Journals in a folder of their own. */
static struct journals *begin(void)
{
	snprintf(folder, sizeof folder, "/tmp/selvage-journal-XXXXXX");
	journals = mkdtemp(folder) ? journals_new(folder, NULL) : NULL;
	return journals;
}

static bool add_line(struct journal *journal, const char *text)
{
	journal_add(journal, JOURNAL_GUEST, "", text, strlen(text));
	return true;
}

/* Not faster than they can be written. */
static void add_slowly(struct journal *journal, const char *text, int number)
{
	add_line(journal, text);
	if (number % 100 == 0)
		(void)journal_end(journal);
}

/* Read from `after` on into a text. */
static char *read_from(struct journal *journal, uint64_t after, uint64_t *next)
{
	struct buffer lines = {0};
	if (!journal_read(journal, after, 65536, &lines, next, NULL) ||
			!buffer_append(&lines, "", 1, NULL))
		return NULL;
	return (char *)lines.data;
}

TEST(lines_are_read_once_from_position_to_position)
{
	struct journal journal;
	uint64_t next;
	CHECK(journal_init(&journal, begin(), 1, NULL));
	add_line(&journal, "one");
	add_line(&journal, "two \xff\"\n");
	char *text = read_from(&journal, 0, &next);
	CHECK_HAS(text, "\"text\":\"one\"");
	CHECK_HAS(text, "two ?\\\"\\n");
	CHECK(!strstr(text, "base"));
	free(text);
	text = read_from(&journal, next, &next);
	CHECK_STR(text, "");
	free(text);
	add_line(&journal, "three");
	text = read_from(&journal, next, &next);
	CHECK_HAS(text, "three");
	CHECK(!strstr(text, "two"));
	free(text);
	journal_finish(&journal);
	journals_free(journals);
}

TEST(a_log_is_found_again)
{
	struct journal journal;
	uint64_t end, next;
	CHECK(journal_init(&journal, begin(), 7, NULL));
	add_line(&journal, "before");
	end = journal_end(&journal);
	journal_finish(&journal);
	CHECK(journal_init(&journal, journals, 7, NULL));
	CHECK_EQ(journal_end(&journal), end);
	add_line(&journal, "after");
	char *text = read_from(&journal, end, &next);
	CHECK_HAS(text, "after");
	CHECK(!strstr(text, "before"));
	free(text);
	journal_finish(&journal);
	journals_free(journals);
}

TEST(a_long_log_has_a_limit_and_positions_go_on)
{
	struct journal journal;
	struct stat status;
	char line[1001], path[128];
	uint64_t next;
	memset(line, 'x', 1000);
	line[1000] = '\0';
	CHECK(journal_init(&journal, begin(), 2, NULL));
	for (int i = 0; i < 9000; i++)
		add_slowly(&journal, line, i);
	uint64_t end = journal_end(&journal);
	CHECK(end > 9000000);
	add_line(&journal, "last");
	char *text = read_from(&journal, end, &next);
	CHECK_HAS(text, "last");
	free(text);
	/* What is gone is passed over: the oldest line that is kept comes first. */
	text = read_from(&journal, 0, &next);
	CHECK(strlen(text) > 60000);
	CHECK(next > 65536);
	free(text);
	for (const char *suffix = ""; suffix; suffix = *suffix ? NULL : ".1") {
		snprintf(path, sizeof path, "%s/2.log%s", folder, suffix);
		CHECK_EQ(stat(path, &status), 0);
		CHECK(status.st_size <= 4 * 1024 * 1024 + 2048);
	}
	uint64_t tail = journal_tail(&journal, 3);
	text = read_from(&journal, tail, &next);
	CHECK_HAS(text, "last");
	CHECK(strlen(text) < 4000);
	free(text);
	journal_remove(&journal);
	add_line(&journal, "dropped");
	CHECK(stat(path, &status) != 0);
	journal_finish(&journal);
	journals_free(journals);
	CHECK_EQ(rmdir(folder), 0);
}

/* Lines of a text. */
static unsigned count_lines(const char *text)
{
	unsigned count = 0;
	for (; (text = strchr(text, '\n')); text++)
		count++;
	return count;
}

TEST(a_reader_misses_nothing_that_is_kept)
{
	struct journal journal;
	char line[601];
	uint64_t at = 0, next = 0;
	unsigned count = 0;
	memset(line, 'y', 600);
	line[600] = '\0';
	CHECK(journal_init(&journal, begin(), 3, NULL));
	for (int i = 0; i < 8000; i++)
		add_slowly(&journal, line, i);
	/* 8,000 lines are more than a file and less than two. */
	do {
		at = next;
		char *text = read_from(&journal, at, &next);
		CHECK(text != NULL);
		count += count_lines(text);
		free(text);
	} while (next > at);
	CHECK_EQ(count, 8000);
	journal_remove(&journal);
	journal_finish(&journal);
	journals_free(journals);
	CHECK_EQ(rmdir(folder), 0);
}

static off_t size_of(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 ? status.st_size : 0;
}

/* Nobody reads it: the thread has written it, soon. */
TEST(lines_are_written_though_nobody_asks)
{
	static struct journal two[2];
	char paths[2][128];
	const struct timespec moment = {0, 1000000};
	CHECK(begin() != NULL);
	for (int i = 0; i < 2; i++) {
		CHECK(journal_init(&two[i], journals, i, NULL));
		snprintf(paths[i], sizeof paths[i], "%s/%d.log", folder, i);
	}
	for (int round = 1; round <= 3; round++) {
		off_t before[2] = {size_of(paths[0]), size_of(paths[1])};
		int patience = 10000;
		add_line(&two[0], "once");
		add_line(&two[1], "and once");
		while ((size_of(paths[0]) == before[0] || size_of(paths[1]) == before[1]) &&
				patience--)
			nanosleep(&moment, NULL);
		CHECK_MSG(patience > 0, "not written in round %d", round);
	}
	for (int i = 0; i < 2; i++) {
		journal_remove(&two[i]);
		journal_finish(&two[i]);
	}
	journals_free(journals);
	CHECK_EQ(rmdir(folder), 0);
}

/* Too much at once: what is left out is counted, and lines are whole. */
TEST(what_comes_too_fast_is_dropped_and_counted)
{
	struct journal journal;
	static char line[60001];
	uint64_t next = 0, at;
	unsigned count = 0, dropped = 0;
	CHECK(begin() && journal_init(&journal, journals, 4, NULL));
	pthread_mutex_lock(&journal.lock); /* nobody can write */
	memset(line, 'z', 60000);
	for (int i = 0; i < 40; i++)
		add_line(&journal, line);
	add_line(&journal, "small, but behind them");
	pthread_mutex_unlock(&journal.lock);
	do {
		struct buffer lines = {0};
		at = next;
		CHECK(journal_read(&journal, at, 4 * 1024 * 1024, &lines, &next, NULL));
		CHECK(buffer_append(&lines, "", 1, NULL));
		const char *text = (char *)lines.data;
		const char *notice = strstr(text, " log lines dropped");
		count += count_lines(text);
		while (notice && notice > text && notice[-1] >= '0' && notice[-1] <= '9')
			notice--;
		if (notice)
			dropped += (unsigned)atoi(notice);
		CHECK(!strstr(text, "small"));
		buffer_finish(&lines);
	} while (next > at);
	/* The thread may have taken some before it had to wait. */
	CHECK_MSG(dropped >= 1 && count - 1 + dropped == 41, "%u lines, %u dropped", count,
			dropped);
	add_line(&journal, "after");
	char *text = read_from(&journal, next, &next);
	CHECK_HAS(text, "after");
	free(text);
	journal_remove(&journal);
	journal_finish(&journal);
	journals_free(journals);
	CHECK_EQ(rmdir(folder), 0);
}

/* All of them together have a limit too, whoever takes it up. */
TEST(what_waits_for_a_disk_is_limited_over_all_journals)
{
	enum { COUNT = 40 };
	static struct journal many[COUNT];
	static char line[60001];
	size_t pending = 0;
	uint64_t dropped = 0, next;
	memset(line, 'w', 60000);
	CHECK(begin() != NULL);
	for (int i = 0; i < COUNT; i++) {
		CHECK(journal_init(&many[i], journals, i, NULL));
		pthread_mutex_lock(&many[i].lock); /* nobody can write */
		for (int j = 0; j < 17; j++)
			add_line(&many[i], line);
	}
	for (int i = 0; i < COUNT; i++) {
		pending += many[i].pending.length;
		dropped += many[i].dropped;
	}
	CHECK(pending <= 32 * 1024 * 1024 && pending > 31 * 1024 * 1024);
	CHECK(many[0].dropped == 0 && many[COUNT - 1].dropped == 17);
	CHECK_EQ(pending / 60000 + dropped, 17 * COUNT);
	for (int i = 0; i < COUNT; i++)
		pthread_mutex_unlock(&many[i].lock);
	/* What is written makes room. */
	for (int i = 0; i < COUNT; i++)
		(void)journal_end(&many[i]);
	add_line(&many[COUNT - 1], "room");
	char *text = read_from(&many[COUNT - 1], 0, &next);
	CHECK_HAS(text, "17 log lines dropped");
	CHECK_HAS(text, "room");
	free(text);
	for (int i = 0; i < COUNT; i++) {
		journal_remove(&many[i]);
		journal_finish(&many[i]);
	}
	journals_free(journals);
	CHECK_EQ(rmdir(folder), 0);
}

TEST_MAIN()
