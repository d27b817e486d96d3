/* Runs the probes: chooses them, runs them in parallel in child processes with limits, and judges
 * them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "check/check-internal.h"
#include "proc/proc.h"

#define MAX_PROBES 64
#define SEEN_MAX 65536
#define LOG_MAX 16384
#define MEMORY_MAX ((uint64_t)4 << 30)
#define MEMORY_MAX_CONSUMER ((uint64_t)16 << 30) /* compilers and linkers map a lot */
#define FILE_MAX ((uint64_t)2 << 30)

/* One probe on one Python. */
struct probe_job {
	const struct probe *probe;
	const struct probe_target *target;
	char *dir;
	int line;
	struct probe_seen seen;
	enum check_verdict verdict;
	char *why, *expected;
	struct buf log;
};

struct probe_run {
	struct probe_job *jobs;
	size_t n, next;
	struct progress *progress;
};

static void decide(struct probe_job *job, enum check_verdict verdict, char *why)
{
	job->verdict = verdict;
	free(job->why);
	job->why = why;
}

/* Starts the next job that has no verdict yet. */
static int start_probe(void *ctx, struct proc **ret, void **which, struct err *err)
{
	struct probe_run *r = ctx;

	while (r->next < r->n && r->jobs[r->next].verdict)
		r->next++;
	if (r->next == r->n)
		return POOL_NO_MORE;
	struct probe_job *job = &r->jobs[r->next++];
	const struct probe *p = job->probe;
	CLEANUP_STRV struct strv argv = STRV_INIT, env = STRV_INIT;
	CLEANUP_FREE char *log_path = xasprintf("%s/log", job->dir);
	CLEANUP_FREE char *name =
		xasprintf("probe %s, %s", p->id, py_link_name(job->target->dist->link));
	CLEANUP_CLOSE int log = -1;
	struct proc_spec spec = {.argv = &argv,
		.env = &env,
		.cwd = job->dir,
		.err = -1,
		.time_ms = p->seconds * 1000,
		.limits = {.memory = strcmp(p->test, "T10") ? MEMORY_MAX : MEMORY_MAX_CONSUMER,
			.file = FILE_MAX,
			.cpu = p->seconds}};

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
	strv_add(&argv, p->id);
	spec.out = log;
	if (proc_start(&spec, ret, err) < 0)
		return -1;
	job->line = progress_start(r->progress, name, 0);
	*which = job;
	return POOL_STARTED;
}

/* Reads the end of the log; bytes that are not ASCII, and NUL, become '?'. */
static void read_log(struct probe_job *job)
{
	CLEANUP_FREE char *path = xasprintf("%s/log", job->dir);
	struct err ignored = ERR_INIT;
	CLEANUP_CLOSE int fd = file_open(path, &ignored);
	char chunk[LOG_MAX];
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0)
		n = file_pread(
			fd, chunk, sizeof(chunk), st.st_size > LOG_MAX ? st.st_size - LOG_MAX : 0);
	buf_add(&job->log, chunk, n > 0 ? (size_t)n : 0);
	for (size_t i = 0; i < job->log.len; i++) {
		if (job->log.data[i] & 0x80 || job->log.data[i] == '\0')
			job->log.data[i] = '?';
	}
}

static void judge(struct probe_job *job)
{
	const struct python *dist = job->target->dist;
	const struct probe_expectation *e =
		probe_expectation_for(job->probe, dist->link, dist->minor, &job->seen);
	CLEANUP_STRV struct strv wrong = STRV_INIT;

	if (job->seen.skip) {
		decide(job, CHECK_NOT_CHECKED, xstrdup(job->seen.skip));
	} else if (!e) {
		decide(job, CHECK_NOT_CHECKED,
			xasprintf("nothing is known about what to expect with link mode %s",
				py_link_name(dist->link)));
	} else if (probe_holds(e, &job->seen, &wrong)) {
		decide(job, CHECK_PASS, xstrdup(e->why));
	} else {
		CLEANUP_FREE char *list = strv_join(&wrong, "; ");

		decide(job, CHECK_FAIL, xasprintf("%s. Expected because: %s", list, e->why));
	}
	if (e && !job->seen.skip)
		job->expected = xstrdup(e->seen);
}

static int end_probe(void *ctx, void *which, struct proc *proc, struct err *err)
{
	const struct probe_run *r = ctx;
	struct probe_job *job = which;
	CLEANUP_FREE char *path = xasprintf("%s/seen", job->dir);
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT, failure = ERR_INIT;
	bool failed = proc_result(proc, &failure) < 0;

	(void)err;
	read_log(job);
	if (path_exists(path) && file_read(path, SEEN_MAX, &text, &ignored) == 0)
		probe_seen_parse(text.data, &job->seen);
	if (proc_late(proc))
		decide(job, CHECK_NOT_CHECKED,
			xasprintf("was ended after %u seconds: too slow here, or it hangs",
				job->probe->seconds));
	else if (failed)
		decide(job, CHECK_NOT_CHECKED,
			xasprintf("the probe itself failed (%s); see its log", failure.msg));
	else
		judge(job);
	progress_end(r->progress, job->line, check_verdict_word(job->verdict));
	tree_remove(job->dir, &ignored);
	return 0;
}

static json_t *probe_json(const struct probe_job *job)
{
	const struct probe *p = job->probe;
	const struct python *dist = job->target->dist;
	CLEANUP_FREE char *seen = probe_seen_text(&job->seen);
	json_t *crashes = json_array();

	for (size_t i = 0; i < job->seen.crashes.n; i++)
		json_array_append_new(crashes, json_text(job->seen.crashes.v[i]));
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:s}", "id", p->id,
		"test", p->test, "title", p->title, "python", json_text(dist->interpreter), "link",
		py_link_name(dist->link), "verdict", check_verdict_word(job->verdict), "expected",
		job->expected ? job->expected : "", "seen", json_text(seen), "why",
		json_text(job->why ? job->why : ""), "crashes", crashes, "log",
		job->log.len ? job->log.data : "");
}

/* Puts the results into the model. The jobs of a second Python, if any, follow those of the first;
 * the first one's result lists the differences. */
static void add_results(
	const struct probe_job *jobs, size_t n_probes, size_t n_targets, json_t *model)
{
	json_t *list = check_list(model, "probes");

	for (size_t i = 0; i < n_probes; i++) {
		const struct probe_job *here = &jobs[i];
		const struct probe_job *there = n_targets == 2 ? &jobs[n_probes + i] : NULL;
		CLEANUP_STRV struct strv parts = STRV_INIT;
		CLEANUP_FREE char *text = NULL;
		json_t *result = probe_json(here);

		json_array_append_new(list, result);
		if (!there)
			continue;
		for (size_t k = 0; k < here->seen.keys.n; k++) {
			const char *key = here->seen.keys.v[k], *a = here->seen.values.v[k];
			const char *b = probe_seen_value(&there->seen, key);

			if (!b || strcmp(a, b) != 0)
				strv_addf(&parts, "%s is %s here, %s there", key, a,
					b ? b : "not seen");
		}
		text = strv_join(&parts, "; ");
		if (here->seen.keys.n && there->seen.keys.n)
			json_object_set_new(result, "difference", json_text(text));
		json_array_append_new(list, probe_json(there));
	}
}

static bool is_chosen(const struct probe *p, const struct strv *names)
{
	return strv_has(names, p->id) || strv_has(names, p->test);
}

int check_probes_known(const struct strv *names, struct err *err)
{
	const char *known[2 * MAX_PROBES]; /* ids, then tests */

	if (probe_table_n > MAX_PROBES)
		bug("more than %d probes", MAX_PROBES);
	for (size_t i = 0; i < probe_table_n; i++) {
		known[i] = probe_table[i].id;
		known[probe_table_n + i] = probe_table[i].test;
	}
	return check_ids_known("probe", names, known, 2 * probe_table_n, probe_table_n, NULL, err);
}

void check_probes_list(json_t *list)
{
	for (size_t i = 0; i < probe_table_n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "id", probe_table[i].id, "test",
				      probe_table[i].test, "title", probe_table[i].title));
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

static int probe_targets(const struct probe_target *targets, size_t n_targets,
	const struct probe *const *chosen, size_t n, struct progress *progress, json_t *model,
	struct err *err)
{
	struct probe_job *jobs = xcalloc(n * n_targets + 1, sizeof(*jobs));
	struct probe_run run = {.jobs = jobs, .n = n * n_targets, .progress = progress};
	const struct proc_pool pool = {
		.progress = progress, .start = start_probe, .end = end_probe, .ctx = &run};
	int r;

	for (size_t i = 0; i < n * n_targets; i++) {
		struct probe_job *job = &jobs[i];
		char *missing;

		job->probe = chosen[i % n];
		job->target = &targets[i / n];
		job->dir = xasprintf("%s/%s", job->target->dir, job->probe->id);
		missing = probe_missing(job->probe, job->target);
		if (missing)
			decide(job, CHECK_NOT_CHECKED, missing);
	}
	r = proc_pool_run(&pool, err);
	if (r == 0)
		add_results(jobs, n, n_targets, model);
	for (size_t i = 0; i < n * n_targets; i++) {
		probe_seen_release(&jobs[i].seen);
		free(jobs[i].dir);
		free(jobs[i].why);
		free(jobs[i].expected);
		buf_release(&jobs[i].log);
	}
	free(jobs);
	return r;
}

int check_probes(const struct python *dist, const struct check_probe_options *options,
	struct progress *progress, json_t *model, struct err *err)
{
	static const char *const names[] = {"python", "against"};
	CLEANUP_PYTHON struct python against = {0};
	const struct probe *chosen[MAX_PROBES];
	struct probe_target targets[2] = {0};
	size_t n = 0, n_targets = options->against ? 2 : 1;
	const struct python *dists[2] = {dist, &against};
	int r = 0;

	if (check_probes_known(options->only, err) < 0 ||
		check_probes_known(options->skip, err) < 0 || check_runs(dist, err) < 0)
		return -1;
	for (size_t i = 0; i < probe_table_n; i++) {
		const struct probe *p = &probe_table[i];

		if ((!options->only || !options->only->n || is_chosen(p, options->only)) &&
			!(options->skip && is_chosen(p, options->skip)))
			chosen[n++] = p;
	}
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
