/* The plan: keys, reasons, the folder of a step, failures. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "plans.h"

/* One of two steps, `b` needing `a`, that differ from the plain ones in one way. */
static const char *const ways[] = {"plain", "again", "title", "script", "env", "input", "file",
	"file name", "script of a", "no need"};

static void vary(struct plans *p, const char *way)
{
	CLEANUP_FREE char *path = xasprintf("%s/file", p->root);
	bool deep = !strcmp(way, "script of a");
	struct step *a, *b;

	plans_clear(p);
	a = plans_step(p, "a", deep ? "echo other >\"$OUT/a\"" : "echo a >\"$OUT/a\"");
	b = plans_step(p, "b", strcmp(way, "script") ? "echo b" : "echo c");
	if (!strcmp(way, "title")) {
		free(b->title);
		b->title = xstrdup("another title");
	}
	strv_add(&b->env, strcmp(way, "env") ? "CFLAGS=-O2" : "CFLAGS=-O3");
	step_input(b, "%s", strcmp(way, "input") ? "tls=desc" : "tls=\ninitial-exec");
	scratch_file(p->root, "file", strcmp(way, "file") ? "1" : "9", 0644);
	step_file(b, path, strcmp(way, "file name") ? "z" : "y");
	if (strcmp(way, "no need"))
		step_need(b, a, false);
	plans_settle(p);
}

static void test_keys(void **state)
{
	struct plans *p = *state;
	char *ids[ARRAY_SIZE(ways)], first_a[96];

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		vary(p, ways[i]);
		ids[i] = xstrdup(p->plan.steps[1]->id);
		if (i == 0)
			snprintf(first_a, sizeof(first_a), "%s", p->plan.steps[0]->id);
		else if (strcmp(ways[i], "script of a"))
			assert_string_equal(p->plan.steps[0]->id, first_a);
	}
	assert_string_equal(ids[0], ids[1]);
	assert_string_equal(ids[0], ids[2]);
	for (size_t i = 3; i < ARRAY_SIZE(ways); i++) {
		for (size_t j = 0; j < i; j++) {
			if ((j > 2 || j == 0) && !strcmp(ids[i], ids[j]))
				fail_msg("'%s' has the key of '%s'", ways[i], ways[j]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		free(ids[i]);
}

static const char *reason_for(
	struct plans *p, const char *env, const char *input, const char *script, const char *need)
{
	struct step *a, *b;

	plans_clear(p);
	a = plans_step(p, "a", need);
	b = plans_step(p, "b", script);
	strv_add(&b->env, env);
	if (input)
		step_input(b, "%s", input);
	step_need(b, a, false);
	plans_settle(p);
	return b->reason;
}

static void test_reasons(void **state)
{
	struct plans *p = *state;

	assert_string_equal(reason_for(p, "C=-O2", "tls=desc", "true", "true"), "never built");
	assert_false(p->plan.steps[1]->cached);
	plan_run(&p->plan, &p->options, &p->result, &p->err);
	assert_int_equal(p->result.run, 2);
	assert_string_equal(
		reason_for(p, "C=-O2", "tls=desc", "true", "true"), "same inputs as before");
	assert_true(p->plan.steps[1]->cached);
	assert_true(p->plan.steps[1]->estimate > 0);
	assert_string_equal(
		reason_for(p, "C=-O3", "tls=desc", "true", "true"), "C was '-O2', now '-O3'");
	assert_false(p->plan.steps[1]->cached);
	assert_true(p->plan.steps[1]->estimate > 0);
	assert_string_equal(reason_for(p, "C=-O2", "tls=desc", "false", "true"), "script changed");
	assert_string_equal(reason_for(p, "C=-O2", "tls=desc", "true", ":"), "needs a changed");
	assert_string_equal(reason_for(p, "C=-O2", NULL, "true", "true"), "tls is gone");
	assert_string_equal(reason_for(p, "D=-O2", "tls=desc", "true", "true"), "D is new");
}

static void test_explain(void **state)
{
	struct plans *p = *state;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	reason_for(p, "C=1", NULL, "true", "true");
	plan_explain(&p->plan, f);
	plan_run(&p->plan, &p->options, &p->result, &p->err);
	reason_for(p, "C=2", NULL, "true", "true");
	plan_explain(&p->plan, f);
	fclose(f);
	assert_non_null(strstr(text, "run    a 1.0                      never built\n"));
	assert_non_null(strstr(text, "reuse  a 1.0                      same inputs as before\n"));
	assert_non_null(
		strstr(text, "run    b 1.0                      C was '1', now '2' (about 0."));
	free(text);
}

/* a, and b and c that need it: the longest chain with processors enough, else all of it. */
static void test_outlook(void **state)
{
	const uint64_t s = 1000000000u;
	struct step a = {.estimate = 10 * s}, b = {.needs = {&a}, .n_needs = 1, .estimate = 30 * s};
	struct step c = {.needs = {&a}, .n_needs = 1, .estimate = 20 * s};
	struct step *steps[] = {&a, &b, &c};
	struct plan p = {.steps = steps, .n = 3};
	CLEANUP_FREE char *all = plan_outlook_text(&p, 4), *two = NULL, *none = NULL;

	(void)state;
	assert_int_equal(plan_look(&p, 4).left, 40 * s);
	assert_int_equal(plan_look(&p, 1).left, 60 * s);
	assert_string_equal(all, "3 steps to run, 0 from the cache, about 40.0 s");
	a.cached = true;
	b.started = clock_ns() - 25 * s;
	assert_in_range(plan_look(&p, 4).left, 20 * s, 20 * s);
	c.estimate = 0;
	assert_in_range(plan_look(&p, 4).left, 1, 5 * s);
	assert_int_equal(plan_look(&p, 4).unknown, 1);
	b.cached = true;
	two = plan_outlook_text(&p, 4);
	assert_string_equal(two, "1 step to run, 2 from the cache, 1 never built");
	c.cached = true;
	none = plan_outlook_text(&p, 4);
	assert_string_equal(none, "0 steps to run, 3 from the cache");
}

static void test_reuse(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script =
		xasprintf("echo run >>%s/count; echo made >\"$OUT/f\"", p->root);
	CLEANUP_FREE char *made = NULL;

	plans_step(p, "a", script);
	plans_run(p);
	assert_int_equal(p->result.run, 1);
	assert_int_equal(p->result.reused, 0);
	assert_true(p->result.took > 0);
	plans_clear(p);
	plans_step(p, "a", script);
	plans_run(p);
	assert_int_equal(p->result.run, 0);
	assert_int_equal(p->result.reused, 1);
	assert_content(p->root, "count", "run\n");
	made = plans_result(p, p->plan.steps[0], "f");
	assert_string_equal(made, "made\n");
	assert_int_equal(plans_entries(p, "work"), 0);
	/* An entry that lost its tree is made again. */
	free(scratch_shell(p->dir, "rm -r store/*/tree"));
	plans_clear(p);
	plans_step(p, "a", script);
	plans_run(p);
	assert_int_equal(p->result.run, 1);
}

/* What a step finds: sources, dependencies, recipe, views, and nothing of ours. */
static void test_folder(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *got = NULL, *env = NULL, *note = NULL, *train = NULL;
	struct step *a, *b;

	scratch_file(p->root, "recipe/note", "note ", 0644);
	scratch_file(p->root, "source/file", "source ", 0644);
	scratch_file(p->root, "train", "train ", 0644);
	scratch_file(p->root, "recipe/other", "other ", 0644);
	note = xasprintf("%s/recipe/note", p->root);
	train = xasprintf("%s/train", p->root);
	a = plans_step(p, "a",
		"mkdir -p \"$OUT/install/lib\"; echo lib >\"$OUT/install/lib/f\"; echo v "
		">\"$OUT/v\"");
	b = plans_step(p, "b",
		"test \"$(pwd)\" = \"$SRC\"; test \"$S/out\" = \"$OUT\"; test -w \"$HOME\"\n"
		"test -z \"$(ls -A \"$OUT\" \"$HOME\" \"$TMPDIR\" | grep -v :)\"\n"
		"test ! -e \"$RECIPE/other\"; cat file \"$RECIPE/note\" \"$RECIPE/train.py\" \"$VIEW\" \"$DEPS/lib/f\" "
		">\"$OUT/got\"\n"
		"echo \"$FLAGS\" | grep -qx -- \"-I$S/deps\"; env | sed 's/=.*//' | grep -v PWD | "
		"sort >\"$OUT/env\"");
	step_need(b, a, true);
	step_view(b, "VIEW", a, "v");
	step_file(b, note, "note");
	step_file(b, train, "train.py");
	b->source = xasprintf("%s/source", p->root);
	strv_add(&b->env, "FLAGS=-I@S@/deps");
	setenv("CFLAGS", "-DLEAKED", 1);
	setenv("SECRET", "leaked", 1);
	plans_run(p);
	unsetenv("CFLAGS");
	got = plans_result(p, b, "got");
	assert_string_equal(got, "source note train v\nlib\n");
	env = plans_result(p, b, "env");
	assert_string_equal(env, "DEPS\nFLAGS\nHOME\nJOBS\nLC_ALL\nMAKEFLAGS\nOUT\nPATH\n"
				 "RECIPE\nS\nSRC\nTMPDIR\nTZ\nVIEW\n");
	/* The source itself stays as it was. */
	assert_content(p->root, "source/file", "source ");
}

static void test_failure(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *log = NULL;

	plans_step(p, "a",
		"touch \"$OUT/half\"; i=0; while [ $i -lt 50 ]; do i=$((i + 1)); echo line $i; "
		"done\n"
		"echo 'No space left on device' >&2; exit 3");
	plans_step(p, "b", "true");
	plans_run_fails(p);
	assert_int_equal(p->err.code, ERR_CHILD);
	assert_non_null(strstr(p->err.msg, "building a 1.0: exit code 3"));
	assert_non_null(strstr(p->err.msg, "line 50\n"));
	assert_non_null(strstr(p->err.msg, "line 22\n"));
	assert_null(strstr(p->err.msg, "line 20\n"));
	assert_non_null(strstr(p->err.hint, "the disk is full"));
	log = cache_log(p->cache, p->plan.steps[0]->id);
	assert_non_null(strstr(p->err.msg, log));
	assert_true(path_exists(log));
	assert_false(cache_use(p->cache, p->plan.steps[0]->id, NULL));
	assert_int_equal(plans_entries(p, "work"), 0);
	/* A script is read with -e and -u. */
	plans_clear(p);
	plans_step(p, "a", "false\ntrue");
	plans_run_fails(p);
	assert_non_null(strstr(p->err.hint, "--keep-work"));
	plans_clear(p);
	plans_step(p, "a", "echo \"$UNSET\"");
	plans_run_fails(p);
	/* A long last line must not push the rest out. */
	plans_clear(p);
	plans_step(p, "a", "head -c 100000 /dev/zero | tr '\\0' x; exit 1");
	plans_run_fails(p);
	assert_non_null(strstr(p->err.msg, "building a 1.0"));
	assert_non_null(strstr(p->err.msg, "the whole log is"));
	/* Killed is said as such. */
	plans_clear(p);
	plans_step(p, "a", "kill -KILL $$");
	plans_run_fails(p);
	assert_non_null(strstr(p->err.msg, "killed by SIGKILL"));
	assert_int_equal(plans_entries(p, "work"), 0);
}

static void test_failure_ends_others(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script = xasprintf("sleep 60 & echo $! >%s/pid; sleep 60", p->root);
	CLEANUP_FREE char *fails =
		xasprintf("while ! test -s %s/pid; do sleep 0.05; done; exit 1", p->root);
	struct step *c;

	plans_step(p, "a", script);
	plans_step(p, "b", fails);
	c = plans_step(p, "c", "true");
	step_need(c, p->plan.steps[1], false);
	plans_run_fails(p);
	assert_non_null(strstr(p->err.msg, "building b 1.0"));
	plans_assert_ends(plans_pid(p, "pid"));
	assert_int_equal(plans_entries(p, "work"), 0);
	assert_int_equal(plans_entries(p, "store"), 0);
}

static int refuse(
	const struct step *step, const struct cache *cache, const char *root, struct err *err)
{
	(void)step, (void)cache;
	return path_is_dir(root) ? err_set(err, ERR_INPUT, "refused") : 0;
}

static void test_prepare_fails(void **state)
{
	struct plans *p = *state;
	struct step *s = plans_step(p, "a", "true");

	s->prepare = refuse;
	plans_run_fails(p);
	assert_int_equal(p->err.code, ERR_INPUT);
	assert_string_equal(p->err.msg, "building a 1.0: refused");
	plans_clear(p);
	s = plans_step(p, "a", "true");
	scratch_file(p->root, "a.tar", "no archive", 0644);
	s->source = xasprintf("%s/a.tar", p->root);
	plans_run_fails(p);
	assert_non_null(strstr(p->err.msg, "a.tar"));
	assert_int_equal(plans_entries(p, "work"), 0);
	assert_int_equal(plans_entries(p, "store"), 0);
}

static void test_keep_work(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *found = NULL;

	p->options.keep_work = true;
	plans_step(p, "a", "echo half >\"$OUT/half\"; exit 1");
	plans_run_fails(p);
	found = scratch_shell(p->dir, "cat work/*/out/half");
	assert_string_equal(found, "half\n");
}

/* The entry appears whole, by a rename, when the step has ended. */
static void test_commit(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script =
		xasprintf("echo x >\"$OUT/f\"; ln -s f \"$OUT/l\"; ls %s/store >\"$OUT/seen\"; "
			  "stat -c %%i \"$OUT\" >\"$OUT/inode\"",
			p->dir);
	CLEANUP_FREE char *seen = NULL, *inode = NULL, *tree = NULL, *now = NULL, *list = NULL;

	plans_step(p, "a", script);
	plans_run(p);
	seen = plans_result(p, p->plan.steps[0], "seen");
	assert_string_equal(seen, "");
	inode = plans_result(p, p->plan.steps[0], "inode");
	tree = cache_tree(p->cache, p->plan.steps[0]->id);
	now = scratch_shell(tree, "stat -c %%i .");
	assert_string_equal(now, inode);
	list = scratch_shell(tree, "ls -A ..; readlink l");
	assert_string_equal(list, "files\ninputs\ntitle\ntook\ntree\nf\n");
}

/* Two steps that wait for each other end only when they run side by side. */
static void test_side_by_side(void **state)
{
	struct plans *p = *state;
	static const char meet[] = "touch %s/%s; i=0; while ! test -e %s/%s; do i=$((i + 1)); "
				   "test $i -lt 200; sleep 0.05; done";
	CLEANUP_FREE char *a = xasprintf(meet, p->root, "a", p->root, "b");
	CLEANUP_FREE char *b = xasprintf(meet, p->root, "b", p->root, "a");
	CLEANUP_FREE char *alone = xasprintf(
		"mkdir %s/busy; sleep 0.1; rmdir %s/busy; test \"$JOBS\" = 1", p->root, p->root);

	plans_step(p, "a", a);
	plans_step(p, "b", b);
	plans_run(p);
	plans_clear(p);
	p->options.jobs = 1;
	for (int i = 0; i < 4; i++) {
		char name[2] = {(char)('c' + i), 0};

		plans_step(p, name, alone);
	}
	plans_run(p);
	assert_int_equal(p->result.run, 4);
}

static void test_bwrap(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *script =
		xasprintf("test \"$S\" = /tmp/solder; test ! -e %s; cat \"$VIEW\" >\"$OUT/got\"; "
			  "pwd >>\"$OUT/got\"; (: >/usr/new) 2>/dev/null && exit 1; make -s",
			p->root);
	CLEANUP_FREE char *got = NULL;
	struct step *a, *b;
	const char *reason;

	if (sandbox_choose("bwrap", &p->options.sandbox, &reason, &p->err) < 0) {
		print_message("# skip: %s\n", p->err.msg);
		skip();
	}
	scratch_file(p->root, "source/Makefile", "all: a b c d\n%:;@sleep 0.1\n", 0644);
	a = plans_step(p, "a", "echo view >\"$OUT/v\"");
	b = plans_step(p, "b", script);
	step_view(b, "VIEW", a, "v");
	b->source = xasprintf("%s/source", p->root);
	plans_run(p);
	got = plans_result(p, b, "got");
	assert_string_equal(got, "view\n/tmp/solder/src\n");
	assert_int_equal(plans_entries(p, "work"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_keys),
		PLANS_TEST(test_reasons),
		PLANS_TEST(test_explain),
		cmocka_unit_test(test_outlook),
		PLANS_TEST(test_reuse),
		PLANS_TEST(test_folder),
		PLANS_TEST(test_failure),
		PLANS_TEST(test_failure_ends_others),
		PLANS_TEST(test_prepare_fails),
		PLANS_TEST(test_keep_work),
		PLANS_TEST(test_commit),
		PLANS_TEST(test_side_by_side),
		PLANS_TEST(test_bwrap),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
