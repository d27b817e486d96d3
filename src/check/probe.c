#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check.h"
#include "check/probe-internal.h"
#include "proc/proc.h"

#define MAX_PROBES 64
#define SEEN_MAX 65536
#define MEMORY_MAX ((uint64_t)4 << 30)
#define MEMORY_MAX_CONSUMER ((uint64_t)16 << 30) /* compilers and linkers map much */
#define FILE_MAX ((uint64_t)2 << 30)

struct job {
	const struct probe *probe;
	const struct probe_target *target;
	char *dir;
	int line;
	struct probe_seen seen;
	const char *verdict;
	char *why, *expected;
	struct buf log;
};

struct probe_run {
	struct job *jobs;
	size_t n, next;
	struct progress *progress;
};

static void decide(struct job *job, const char *verdict, char *why)
{
	job->verdict = verdict;
	free(job->why);
	job->why = why;
}

/* The next job that has no verdict yet. */
static int start_probe(void *ctx, struct proc **ret, void **which, struct err *err)
{
	struct probe_run *r = ctx;

	while (r->next < r->n && r->jobs[r->next].verdict)
		r->next++;
	if (r->next == r->n)
		return POOL_NO_MORE;
	struct job *job = &r->jobs[r->next++];
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *log_path = xasprintf("%s/log", job->dir);
	CLEANUP_FREE char *name =
		xasprintf("probe %s, %s", job->probe->id, py_link_name(job->target->dist->link));
	CLEANUP_CLOSE int log = -1;
	struct proc_spec spec = {.argv = &argv,
		.env = &env,
		.cwd = job->dir,
		.err = -1,
		.time_ms = job->probe->seconds * 1000,
		.limits = {.memory = strcmp(job->probe->test, "T10") ? MEMORY_MAX
								     : MEMORY_MAX_CONSUMER,
			.file = FILE_MAX,
			.cpu = job->probe->seconds}};

	if (make_dirs(job->dir, err) < 0)
		return -1;
	log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return err_sys(err, "cannot write '%s'", log_path);
	for (size_t i = 0; i < job->target->env.n; i++)
		strv_add(&env, job->target->env.v[i]);
	strv_addf(&env, "SEEN=%s/seen", job->dir);
	strv_split(&argv, "sh -c", " ");
	strv_add(&argv, ". \"$PROBES/$0.sh\"");
	strv_add(&argv, job->probe->id);
	spec.out = log;
	if (proc_start(&spec, ret, err) < 0)
		return -1;
	job->line = progress_start(r->progress, name, 0);
	*which = job;
	return POOL_STARTED;
}

/* The end of the log, as valid UTF-8. */
static void read_log(struct job *job)
{
	CLEANUP_FREE char *path = xasprintf("%s/log", job->dir);
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open(path, &ignored);
	char chunk[PROBE_LOG_MAX];
	struct stat st;
	ssize_t n;

	buf_adds(&job->log, "");
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	n = pread(fd, chunk, sizeof(chunk),
		st.st_size > PROBE_LOG_MAX ? st.st_size - PROBE_LOG_MAX : 0);
	if (n > 0)
		buf_add(&job->log, chunk, (size_t)n);
	for (size_t i = 0; i < job->log.len; i++)
		if (job->log.data[i] & 0x80 || job->log.data[i] == '\0')
			job->log.data[i] = '?';
}

static void judge(struct job *job)
{
	const struct python *dist = job->target->dist;
	const struct probe_expectation *e;
	CLEANUP_STRV struct strv wrong = STRV_INIT;

	if (job->seen.skip) {
		decide(job, "not checked", xstrdup(job->seen.skip));
		return;
	}
	e = probe_expectation_for(job->probe, dist->link, dist->minor, &job->seen);
	if (!e) {
		decide(job, "not checked",
			xasprintf("nothing is known of what to expect of link mode %s",
				py_link_name(dist->link)));
		return;
	}
	job->expected = xstrdup(e->seen);
	if (probe_holds(e, &job->seen, &wrong)) {
		decide(job, "pass", xstrdup(e->why));
	} else {
		CLEANUP_FREE char *list = strv_join(&wrong, "; ");

		decide(job, "fail", xasprintf("%s. Expected because: %s", list, e->why));
	}
}

static int end_probe(void *ctx, void *which, struct proc *proc, struct err *err)
{
	const struct probe_run *r = ctx;
	struct job *job = which;
	CLEANUP_FREE char *path = xasprintf("%s/seen", job->dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT, failure = ERR_INIT;
	bool failed = proc_result(proc, &failure) < 0;

	(void)err;
	read_log(job);
	if (path_exists(path) && file_read(path, SEEN_MAX, &text, &ignored) == 0)
		probe_seen_parse(text.data, &job->seen);
	if (proc_late(proc))
		decide(job, "not checked",
			xasprintf("was ended after %u seconds: too slow here, or it hangs",
				job->probe->seconds));
	else if (failed)
		decide(job, "not checked",
			xasprintf("the probe itself failed (%s); see its log", failure.msg));
	else
		judge(job);
	progress_end(r->progress, job->line, job->verdict);
	tree_remove(job->dir, &ignored);
	return 0;
}

static json_t *job_json(const struct job *job)
{
	const struct probe *p = job->probe;
	CLEANUP_FREE char *seen = probe_seen_text(&job->seen);
	json_t *o = json_object(), *crashes = json_array();

	json_object_set_new(o, "id", json_string(p->id));
	json_object_set_new(o, "test", json_string(p->test));
	json_object_set_new(o, "title", json_string(p->title));
	json_object_set_new(o, "python", py_text_json(job->target->dist->interpreter));
	json_object_set_new(o, "link", json_string(py_link_name(job->target->dist->link)));
	json_object_set_new(o, "verdict", json_string(job->verdict));
	json_object_set_new(o, "expected", json_string(job->expected ? job->expected : ""));
	json_object_set_new(o, "seen", py_text_json(seen));
	json_object_set_new(o, "why", py_text_json(job->why ? job->why : ""));
	for (size_t i = 0; i < job->seen.crashes.n; i++)
		json_array_append_new(crashes, py_text_json(job->seen.crashes.v[i]));
	json_object_set_new(o, "crashes", crashes);
	json_object_set_new(
		o, "log", json_string(job->log.data && job->log.len ? job->log.data : ""));
	return o;
}

/* "import is SIGSEGV here, ok there" for every key that two Pythons differ in. */
static char *difference(const struct job *here, const struct job *there)
{
	CLEANUP_STRV struct strv parts = STRV_INIT;

	for (size_t i = 0; i < here->seen.keys.n; i++) {
		const char *key = here->seen.keys.v[i], *a = here->seen.values.v[i];
		const char *b = probe_seen_value(&there->seen, key);

		if (!b || strcmp(a, b))
			strv_addf(&parts, "%s is %s here, %s there", key, a, b ? b : "not seen");
	}
	return strv_join(&parts, "; ");
}

/* The jobs of the second Python, if there is one, follow those of the first. */
static void append(const struct job *jobs, size_t n_probes, size_t n_targets, json_t *model)
{
	json_t *list = json_object_get(model, "probes");

	if (!list) {
		list = json_array();
		json_object_set_new(model, "probes", list);
	}
	for (size_t i = 0; i < n_probes; i++) {
		for (size_t k = 0; k < n_targets; k++) {
			const struct job *job = &jobs[k * n_probes + i];
			json_t *o = job_json(job);

			if (k == 0 && n_targets == 2 && job->seen.keys.n &&
				jobs[n_probes + i].seen.keys.n) {
				CLEANUP_FREE char *text = difference(job, &jobs[n_probes + i]);

				json_object_set_new(o, "difference", py_text_json(text));
			}
			json_array_append_new(list, o);
		}
	}
}

static bool is_chosen(const struct probe *p, const struct strv *names)
{
	return strv_has(names, p->id) || strv_has(names, p->test);
}

int check_probes_known(const struct strv *names, struct err *err)
{
	const char *known[MAX_PROBES];

	for (size_t i = 0; i < probe_table_n; i++)
		known[i] = probe_table[i].id;
	for (size_t i = 0; names && i < names->n; i++) {
		const struct strv one = {.v = &names->v[i], .n = 1};
		const char *nearest;
		bool found = false;

		for (size_t k = 0; k < probe_table_n; k++)
			found = found || is_chosen(&probe_table[k], &one);
		if (found)
			continue;
		nearest = nearest_name(names->v[i], known, probe_table_n);
		err_set(err, ERR_USAGE, "there is no probe '%s'", names->v[i]);
		return nearest ? err_hint(err, "did you mean '%s'?", nearest) : -1;
	}
	return 0;
}

void check_probes_list(json_t *list)
{
	for (size_t i = 0; i < probe_table_n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "id", probe_table[i].id, "test",
				      probe_table[i].test, "title", probe_table[i].title));
}

static int choose(const struct check_probe_options *options, const struct probe **chosen, size_t *n,
	struct err *err)
{
	if (probe_table_n > MAX_PROBES)
		bug("more than %d probes", MAX_PROBES);
	if (check_probes_known(options->only, err) < 0 ||
		check_probes_known(options->skip, err) < 0)
		return -1;
	*n = 0;
	for (size_t i = 0; i < probe_table_n; i++) {
		const struct probe *p = &probe_table[i];

		if (options->only && options->only->n && !is_chosen(p, options->only))
			continue;
		if (options->skip && is_chosen(p, options->skip))
			continue;
		chosen[(*n)++] = p;
	}
	return 0;
}

static int check_runs(const struct python *dist, struct err *err)
{
	const char *other = py_other_implementation(dist);

	if (other)
		return err_set(err, ERR_UNSUPPORTED, "probes are for CPython; '%s' is %s",
			dist->interpreter, other);
	if (dist->runs)
		return 0;
	return err_set(err, ERR_UNSUPPORTED, "probes need a Python that runs; '%s' does not: %s",
		dist->interpreter, dist->why_not ? dist->why_not : "unknown reason");
}

static void release_jobs(struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		probe_seen_release(&jobs[i].seen);
		free(jobs[i].dir);
		free(jobs[i].why);
		free(jobs[i].expected);
		buf_release(&jobs[i].log);
	}
	free(jobs);
}

static int probe_targets(const struct probe_target *targets, size_t n_targets,
	const struct probe *const *chosen, size_t n, struct progress *progress, json_t *model,
	struct err *err)
{
	struct job *jobs = xcalloc(n * n_targets + 1, sizeof(*jobs));
	int r;

	for (size_t k = 0; k < n_targets; k++) {
		for (size_t i = 0; i < n; i++) {
			struct job *job = &jobs[k * n + i];
			char *missing = probe_missing(chosen[i], &targets[k]);

			job->probe = chosen[i];
			job->target = &targets[k];
			job->dir = xasprintf("%s/%s", targets[k].dir, chosen[i]->id);
			if (missing)
				decide(job, "not checked", missing);
		}
	}
	struct probe_run run = {.jobs = jobs, .n = n * n_targets, .progress = progress};
	const struct proc_pool pool = {
		.progress = progress, .start = start_probe, .end = end_probe, .ctx = &run};

	r = proc_pool_run(&pool, err);
	if (r == 0)
		append(jobs, n, n_targets, model);
	release_jobs(jobs, n * n_targets);
	return r;
}

int check_probes(const struct python *dist, const struct check_probe_options *options,
	struct progress *progress, json_t *model, struct err *err)
{
	CLEANUP_PYTHON struct python against = {0};
	const struct probe *chosen[MAX_PROBES];
	struct probe_target targets[2] = {0};
	size_t n = 0, n_targets = options->against ? 2 : 1;
	const struct python *dists[2] = {dist, &against};
	static const char *const names[] = {"python", "against"};
	int r = 0;

	if (choose(options, chosen, &n, err) < 0 || check_runs(dist, err) < 0)
		return -1;
	if (options->against &&
		(py_find(options->against, &against, err) < 0 || check_runs(&against, err) < 0))
		return err_wrap(err, "the Python to compare with");
	for (size_t k = 0; k < n_targets && r == 0; k++) {
		r = probe_target_init(&targets[k], dists[k], options->scratch, names[k],
			options->probes_dir, !options->install_consumers, err);
		if (r == 0 && options->install_consumers)
			r = probe_install(chosen, n, &targets[k], progress, err);
	}
	if (r == 0)
		r = probe_targets(targets, n_targets, chosen, n, progress, model, err);
	for (size_t k = 0; k < n_targets; k++)
		probe_target_release(&targets[k]);
	return r;
}
