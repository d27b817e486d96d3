/* What is shown while something is going on. */
#include "scratch.h"

#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/progress.h"

static void test_progress(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct progress *p = progress_new(f, PROGRESS_PLAIN);
	int line;

	(void)state;
	line = progress_start(p, "zlib", 2000000000u);
	progress_update(p, line, 1, 2);
	progress_tick(p);
	progress_say(p, "said %d", 1);
	progress_end(p, line, "done");
	progress_free(p);
	p = progress_new(f, PROGRESS_QUIET);
	progress_end(p, progress_start(p, "hidden", 0), "done");
	progress_say(p, "hidden");
	progress_warn(p, "shown");
	progress_free(p);
	progress_start(NULL, "x", 0);
	progress_end(NULL, 0, "x");
	progress_free(NULL);
	fclose(f);
	assert_non_null(strstr(text, "zlib"));
	assert_non_null(strstr(text, "started, about 2.0 s\n"));
	assert_non_null(strstr(text, "said 1\n"));
	assert_null(strstr(text, "hidden"));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "warning: shown\n"));
}

/* A guess is shown when there is something to guess from. */
static void test_progress_left(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct progress *p = progress_new(f, PROGRESS_LIVE);
	int line = progress_start(p, "pack", 0);

	(void)state;
	progress_update(p, line, 500, 1000);
	fflush(f);
	assert_null(strstr(text, "left"));
	usleep(2100000);
	progress_update(p, line, 30, 1000);
	fflush(f);
	assert_null(strstr(text, "left"));
	usleep(300000);
	progress_update(p, line, 500, 1000);
	fflush(f);
	assert_non_null(strstr(text, "50 % of 1000 B, "));
	assert_non_null(strstr(text, " s left"));
	progress_free(p);
	fclose(f);
}

/* What is left of all the work is told, not guessed; a log has no line that is redrawn. */
static void test_progress_overall(void **state)
{
	static const enum progress_mode modes[] = {PROGRESS_LIVE, PROGRESS_PLAIN};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_FREE char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);
		struct progress *p = progress_new(f, modes[i]);
		int line = progress_overall(p, "all steps");

		usleep(250000);
		progress_left(p, line, 3, 7, 61000000000u);
		usleep(250000);
		progress_left(p, line, 3, 7, 0);
		progress_end(p, line, "");
		progress_free(p);
		fclose(f);
		assert_true(!strstr(text, "3 of 7, about 1 min 01 s left\n") == (i == 1));
		assert_true(!strstr(text, "3 of 7\n") == (i == 1));
		assert_true(!strstr(text, "all steps") == (i == 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_progress),
		cmocka_unit_test(test_progress_left), cmocka_unit_test(test_progress_overall)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
