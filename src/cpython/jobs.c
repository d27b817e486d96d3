/* Lists of a matrix's rows, for programs that run jobs. */
#include <stdlib.h>
#include <string.h>

#include "base/term.h"
#include "cpython/cpython-internal.h"
#include "proc/proc.h"
#include "report/json.h"

/* GitHub's limit of a matrix. */
#define GITHUB_MAX 256

/* " WORD", quoted if a shell would see more than a word in it. */
static void add_word(struct buf *out, const char *word)
{
	CLEANUP_FREE char *quoted = proc_quote(word);
	bool plain = *word && strspn(word, LETTERS_AND_DIGITS "._+-/=:,@") == strlen(word);

	buf_addf(out, " %s", plain ? word : quoted);
}

static void add_argument(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	buf_addf(out, " --%s", name);
	add_word(out, value);
}

/* The arguments of 'solder build', without the output. */
static char *arguments(const struct cpython_row *row, const struct strv *common)
{
	struct cpython_request q = row->request;
	struct buf args = BUF_INIT;

	buf_adds(&args, q.version);
	add_argument(&args, "target", common ? row->of->target : q.target);
	for (size_t i = 0; common && i < row->of->settings.n; i += 2)
		add_argument(&args, row->of->settings.v[i], row->of->settings.v[i + 1]);
	for (size_t i = 0; common && i < common->n; i++)
		add_word(&args, common->v[i]);
	for (size_t i = 0; !common && i < N_REQUEST_OPTIONS; i++)
		add_argument(&args, request_options[i].name,
			*request_place(&q, request_options[i].name));
	for (size_t i = 0; !common && i < cpython_n_options; i++)
		add_argument(&args, cpython_option_table[i].name,
			cpython_option_get(&q.options, &cpython_option_table[i]));
	return buf_steal(&args);
}

json_t *cpython_matrix_list(const struct cpython_matrix *m, const struct strv *common)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n; i++) {
		const struct cpython_row *row = &m->rows[i];
		CLEANUP_FREE char *args = arguments(row, common);

		json_array_append_new(rows,
			JSON_OBJECT({"name", json_text(row->of->name)},
				{"version", json_text(row->of->version)},
				{"options", json_text(row->of->options)},
				{"target", json_text(row->request.target)},
				{"output", json_text(row->output)}, {"args", json_text(args)}));
	}
	return JSON_OBJECT({"include", rows});
}

/* ---- formats --------------------------------------------------------------------------------- */

/* A row's arguments with its output, in one line. */
static char *task(const struct cpython_row *row, const struct strv *common)
{
	CLEANUP_FREE char *args = arguments(row, common);
	struct buf line = BUF_INIT;

	buf_addf(&line, "%s -o", args);
	add_word(&line, row->output);
	return buf_steal(&line);
}

static char *dump(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	return text;
}

/* JSON is YAML in which nothing is read as anything else. */
static void add_gitlab_job(struct strv *lines, const char *name, const char *args, const char *tree)
{
	CLEANUP_FREE char *key = dump(json_pack("[s]", name));
	CLEANUP_FREE char *job = dump(JSON_OBJECT({"stage", json_string("build")},
		{"script", json_pack("[o]", json_sprintf("solder build %s", args))},
		{"artifacts", json_pack("{s:[s]}", "paths", tree)}));

	key[strlen(key) - 1] = '\0';
	strv_addf(lines, "%s: %s", key + 1, job);
}

static const char *const slurm_head[] = {
	"# Give more on the command line: sbatch --cpus-per-task 8 --exclusive FILE",
	"set -eu",
	"case $SLURM_ARRAY_TASK_ID in",
};
static const char *const slurm_tail[] = {
	"*) echo \"there is no row $SLURM_ARRAY_TASK_ID\" >&2; exit 64 ;;",
	"esac",
	"exec solder build ${SLURM_CPUS_PER_TASK:+--jobs \"$SLURM_CPUS_PER_TASK\"} \"$@\"",
};

static void add_lines(struct strv *lines, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		strv_add(lines, v[i]);
}

/* What comes before the jobs. */
static void add_head(struct strv *lines, const char *format, size_t n)
{
	if (!strcmp(format, "gitlab")) {
		strv_add(lines, "stages: [build]");
	} else if (!strcmp(format, "slurm")) {
		strv_add(lines, "#!/bin/sh");
		strv_add(lines, "#SBATCH --job-name=solder");
		strv_addf(lines, "#SBATCH --array=0-%zu", n - 1);
		strv_add(lines, "#SBATCH --output=%x-%A_%a.log");
		add_lines(lines, slurm_head, ARRAY_SIZE(slurm_head));
	}
}

static void add_job(struct strv *lines, const char *format, size_t i, const struct cpython_row *row,
	const char *args)
{
	if (!strcmp(format, "gitlab"))
		add_gitlab_job(lines, row->of->name, args, row->output);
	else if (!strcmp(format, "slurm"))
		strv_addf(lines, "%zu) set -- %s ;;", i, args);
	else
		strv_addf(lines, "solder build %s", args);
}

/* Lines that a terminal would not show as they are, nobody can check. */
static int check_plain(const struct cpython_row *row, const char *args, struct err *err)
{
	CLEANUP_BUF struct buf shown = BUF_INIT;

	buf_add_safe(&shown, args);
	return strcmp(shown.data, args) == 0
		       ? 0
		       : err_set(err, ERR_INPUT, "row '%s': a job cannot hold such characters: %s",
				 row->of->name, shown.data);
}

int cpython_matrix_jobs(const struct cpython_matrix *m, const char *format,
	const struct strv *common, struct strv *lines, struct err *err)
{
	bool github = !strcmp(format, "github");

	if (github && m->n > GITHUB_MAX) {
		err_set(err, ERR_INPUT, "%zu rows are more than the %d jobs of GitHub's matrices",
			m->n, GITHUB_MAX);
		return err_hint(err, "give each half of the versions a file, and a job");
	}
	add_head(lines, format, m->n);
	for (size_t i = 0; i < m->n; i++) {
		CLEANUP_FREE char *args = task(&m->rows[i], common);

		if (check_plain(&m->rows[i], args, err) < 0)
			return -1;
		if (!github)
			add_job(lines, format, i, &m->rows[i], args);
	}
	if (github) {
		CLEANUP_FREE char *line = dump(cpython_matrix_list(m, common));

		strv_add(lines, line);
	} else if (!strcmp(format, "slurm")) {
		add_lines(lines, slurm_tail, ARRAY_SIZE(slurm_tail));
	}
	return 0;
}
