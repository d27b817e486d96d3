/* Steps that go elsewhere, and the worker that makes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "farm/farm-internal.h"
#include "plans.h"

#define SYSTEM "sandbox=none\nheaders=1"

/* The worker in a process of its own, as `worker.sh` would have solder. */
static int work(const char *dir, const char *scratch, struct err *err)
{
	const struct farm_work how = {.scratch = scratch, .sandbox = SANDBOX_NONE, .jobs = 1};
	CLEANUP_ORDER struct order *o = NULL;

	return make_dirs(scratch, err) < 0 || order_open(dir, &o, err) < 0 ||
			       farm_work(o, &how, err) < 0
		       ? -1
		       : 0;
}

/* A step that merges a need, views another one, and has a source, a recipe and a tool. */
static struct step *plan_words(struct plans *p)
{
	CLEANUP_FREE char *recipe = xasprintf("%s/words.sh", p->root);
	CLEANUP_FREE char *source = xasprintf("%s/source", p->root);
	struct step *zlib, *profile, *s;

	scratch_file(p->root, "words.sh", "echo from the recipe\n", 0755);
	scratch_file(p->root, "source/big.txt", "big\n", 0644);
	zlib = plans_step(
		p, "zlib", "mkdir -p \"$OUT/install/lib\" && echo z >\"$OUT/install/lib/z\"");
	profile = plans_step(p, "profile", "mkdir \"$OUT/data\" && echo 1 >\"$OUT/data/count\"");
	s = plans_step(p, "words",
		"echo the log; cat big.txt \"$DEPS/lib/z\" \"$PROFILE/count\" >\"$OUT/f\"\n"
		"\"$TOOL\" \"$RECIPE/words.sh\" >>\"$OUT/f\"; echo \"$FLAGS\" >>\"$OUT/f\"\n"
		"ln -s f \"$OUT/link\"; test -x \"$RECIPE/words.sh\"");
	s->source = xstrdup(source);
	step_file(s, recipe, "words.sh");
	step_need(s, zlib, true);
	step_view(s, "PROFILE", profile, "data");
	strv_add(&s->env, "TOOL=/bin/sh");
	strv_add(&s->env, "FLAGS=-O3 'in quotes'");
	return s;
}

#define WORDS "big\nz\n1\nfrom the recipe\n-O3 'in quotes'\n"

/* Hands the third step of the plan out, whose needs are there. Returns its folder. */
static char *hand_out(struct plans *p)
{
	struct step *s = plan_words(p);
	char *dir = xasprintf("%s/handed", p->root);

	plans_settle(p);
	plan_share(&p->plan, SYSTEM);
	p->plan.n = 2;
	if (plan_run(&p->plan, &p->options, &p->result, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	p->plan.n = 3;
	if (farm_hand_out(s, p->cache, dir, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	return dir;
}

static void test_there_and_back(void **state)
{
	struct plans *p = *state;
	CLEANUP_FREE char *dir = hand_out(p), *moved = xasprintf("%s/else where", p->root);
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", p->root);
	CLEANUP_FREE char *out = xasprintf("%s/out", p->root), *text = NULL, *log = NULL;
	struct step *s = p->plan.steps[2];
	uint64_t took = 0;

	/* No path of the machine that asks is needed. */
	assert_int_equal(rename(dir, moved), 0);
	if (work(moved, scratch, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	if (farm_take_back(s, moved, out, &took, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	text = scratch_shell(p->root, "cat out/link");
	assert_string_equal(text, WORDS);
	log = scratch_shell(p->root, "cat 'else where/log'");
	assert_string_equal(log, "the log\n");
	assert_true(took > 0);
}

/* As a build does it: through a command, whose file of the worker is this program. */
static int hand_to_worker(
	const struct step *s, const struct cache *cache, const char *dir, struct err *err)
{
	CLEANUP_FREE char *scratch = xasprintf("%s/scratch", dir);

	return farm_hand_out(s, cache, dir, err) < 0 || work(dir, scratch, err) < 0 ? -1 : 0;
}

static void test_in_a_plan(void **state)
{
	struct plans *p = *state;
	const struct plan_elsewhere elsewhere = {
		.command = "echo {name} {slot} >{dir}/said && mv {dir}/said \"$SAID\"-{name}",
		.hand_out = hand_to_worker,
		.take_back = farm_take_back};
	CLEANUP_FREE char *said = xasprintf("%s/said", p->root), *text = NULL, *result = NULL;
	CLEANUP_FREE char *wanted = NULL, *log = NULL, *logged = NULL;
	struct step *s = plan_words(p);

	setenv("SAID", said, 1);
	p->options.elsewhere = &elsewhere;
	p->options.farm_jobs = 2;
	plans_settle(p);
	plan_share(&p->plan, SYSTEM);
	if (plan_run(&p->plan, &p->options, &p->result, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	result = plans_result(p, s, "f");
	assert_string_equal(result, WORDS);
	text = scratch_shell(p->root, "cat said-words-*");
	wanted = xasprintf("%s 1\n", s->id);
	assert_string_equal(text, wanted);
	log = cache_log(p->cache, s->id);
	logged = scratch_shell(p->root, "cat cache/logs/words-*.log");
	assert_string_equal(logged, "the log\n");
	assert_int_equal(plans_entries(p, "work"), 0);
	assert_true(step_is_shared(s, p->cache));
}

static void fails_with(struct plans *p, const char *command, const char *message)
{
	const struct plan_elsewhere elsewhere = {
		.command = command, .hand_out = hand_to_worker, .take_back = farm_take_back};

	p->err = (struct err)ERR_INIT;
	plans_clear(p);
	plans_step(p, "a", "echo a >\"$OUT/f\"");
	p->options.elsewhere = &elsewhere;
	plans_settle(p);
	plan_share(&p->plan, SYSTEM);
	assert_int_equal(plan_run(&p->plan, &p->options, &p->result, &p->err), -1);
	if (!strstr(p->err.msg, message))
		fail_msg("'%s' is not in '%s'", message, p->err.msg);
	assert_int_equal(plans_entries(p, "store"), 0);
	assert_int_equal(plans_entries(p, "work"), 0);
}

static void test_command_fails(void **state)
{
	struct plans *p = *state;

	fails_with(p, "echo no nodes are left; exit 7 {dir}",
		"the executor: exit code 7; the log ends with\n  no nodes are left");
	fails_with(p, "rm {dir}/result.json", "brought no result");
	fails_with(p, "echo x >>{dir}/output.tar.zst", "not the digest");
	fails_with(p, "echo x >>{dir}/log", "log' has not the digest");
	fails_with(p, "sed -i s/a-/b-/ {dir}/result.json", "result of another step");
	fails_with(p, "echo >{dir}/result.json", "has not the form");
	fails_with(p, "ln -sf /etc/passwd {dir}/output.tar.zst", "output.tar.zst");
}

/* What was changed on the way is refused before anything runs. */
static void test_inputs(void **state)
{
	static const char *const changes[][2] = {
		{"echo x >>handed/inputs/recipe", "inputs/recipe' has not the digest"},
		{"echo x >>handed/inputs/source", "inputs/source' has not the digest"},
		{"echo x >>handed/script.sh", "script.sh' has not the digest"},
		{"for f in handed/inputs/zlib-*; do echo x >>\"$f\"; done", "has not the digest"},
		{"rm handed/inputs/profile-*", "profile-"},
		{"ln -sf /etc/passwd handed/inputs/recipe", "recipe"},
		{"sed -i '/\"\\/bin\\/sh\"/{n;y/01234567/12345670/}' handed/step.json",
			"is not the one of the machine"},
	};
	struct plans *p = *state;
	CLEANUP_FREE char *dir = hand_out(p), *scratch = xasprintf("%s/scratch", p->root);
	CLEANUP_FREE char *kept = scratch_shell(p->root, "cp -a handed kept; echo kept");

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP_FREE char *restored = scratch_shell(
			p->root, "rm -rf handed scratch; cp -a kept handed; echo again");
		CLEANUP_FREE char *changed = scratch_shell(p->root, changes[i][0]);

		p->err = (struct err)ERR_INIT;
		if (work(dir, scratch, &p->err) == 0)
			fail_msg("'%s' was taken", changes[i][0]);
		if (!strstr(p->err.msg, changes[i][1]))
			fail_msg("'%s' is not in '%s'", changes[i][1], p->err.msg);
	}
}

/* Descriptions that would lead out of the folder, or are too long. */
static void test_descriptions(void **state)
{
	static const char *const changes[][2] = {
		{"\"words.sh\"", "\"../words.sh\""},
		{"\"inputs/recipe\"", "\"/etc/passwd\""},
		{"\"inputs/zlib-", "\"inputs/../zlib-"},
		{"\"below\": \"data\"", "\"below\": \"../data\""},
		{"\"PROFILE\"", "\"PRO=FILE\""},
		{"\"TOOL=", "\"=TOOL="},
		{"\"id\": \"words-", "\"id\": \"../words-"},
		{"\"version\": 1", "\"version\": 2"},
		{"solder-step-order", "solder-step-result"},
	};
	struct plans *p = *state;
	CLEANUP_FREE char *dir = hand_out(p), *path = xasprintf("%s/step.json", dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_ORDER struct order *good = NULL;

	assert_int_equal(file_read(path, ORDER_MAX, &text, &p->err), 0);
	assert_int_equal(order_parse(text.data, text.len, &good, &p->err), 0);
	assert_string_equal(order_system(good), SYSTEM);
	assert_null(order_compiler(good));
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP_BUF struct buf bad = BUF_INIT;
		struct order *none = NULL;

		buf_add(&bad, text.data, text.len);
		assert_int_not_equal(buf_replace(&bad, changes[i][0], changes[i][1]), 0);
		if (order_parse(bad.data, bad.len, &none, &p->err) == 0)
			fail_msg("'%s' was taken", changes[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANS_TEST(test_there_and_back),
		PLANS_TEST(test_in_a_plan),
		PLANS_TEST(test_command_fails),
		PLANS_TEST(test_inputs),
		PLANS_TEST(test_descriptions),
	};

	return cmocka_run_group_tests_name("farm", tests, NULL, NULL);
}
