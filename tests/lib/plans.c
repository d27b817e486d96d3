#include "plans.h"

#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

#define PATIENCE_NS 20000000000ull

int plans_setup(void **state)
{
	struct plans *p = xcalloc(1, sizeof(*p));
	void *root;

	scratch_setup(&root);
	p->root = root;
	p->dir = xasprintf("%s/cache", p->root);
	if (cache_open(p->dir, &p->cache, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	p->options = (struct plan_options){.cache = p->cache, .jobs = 2};
	*state = p;
	return 0;
}

int plans_teardown(void **state)
{
	struct plans *p = *state;
	void *root = p->root;

	plan_release(&p->plan);
	cache_free(p->cache);
	free(p->dir);
	free(p);
	return scratch_teardown(&root);
}

struct step *plans_step(struct plans *p, const char *name, const char *script)
{
	CLEANUP_FREE char *title = xasprintf("%s 1.0", name);
	struct step *s = plan_add(&p->plan, name, title);

	s->script = xstrdup(script);
	strv_add(&s->env, "PATH=/usr/local/bin:/usr/bin:/bin");
	return s;
}

void plans_clear(struct plans *p)
{
	plan_release(&p->plan);
}

void plans_settle(struct plans *p)
{
	if (plan_settle(&p->plan, p->cache, &p->err) < 0)
		fail_msg("%s", p->err.msg);
}

void plans_run(struct plans *p)
{
	plans_settle(p);
	if (plan_run(&p->plan, &p->options, &p->result, &p->err) < 0)
		fail_msg("%s", p->err.msg);
}

void plans_run_fails(struct plans *p)
{
	p->err = (struct err)ERR_INIT;
	plans_settle(p);
	assert_int_equal(plan_run(&p->plan, &p->options, &p->result, &p->err), -1);
	assert_int_not_equal(p->err.code, ERR_NONE);
}

char *plans_result(const struct plans *p, const struct step *s, const char *name)
{
	CLEANUP_FREE char *tree = cache_tree(p->cache, s->id);

	return scratch_read(tree, name);
}

unsigned int plans_entries(const struct plans *p, const char *part)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", p->dir, part);

	return scratch_entries(path);
}

long plans_pid(const struct plans *p, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", p->root, name);
	uint64_t start = clock_ns();
	long pid = 0;

	while (pid <= 0) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct err err = ERR_INIT;

		assert_true(clock_ns() - start < PATIENCE_NS);
		if (file_read(path, 100, &text, &err) == 0 && strchr(text.data, '\n'))
			pid = strtol(text.data, NULL, 10);
		usleep(10000);
	}
	return pid;
}

static bool runs(long pid)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%ld/stat", pid);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	const char *p;

	if (file_read(path, 4096, &text, &err) < 0)
		return false;
	p = strrchr(text.data, ')');
	return p && p[2] != 'Z';
}

void plans_assert_ends(long pid)
{
	uint64_t start = clock_ns();

	while (runs(pid)) {
		assert_true(clock_ns() - start < PATIENCE_NS / 4);
		usleep(10000);
	}
}
