/* solder matrix: the rows of a matrix, as jobs for a CI or a scheduler. */
#include <stddef.h>

#include "base/term.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"

#define WORDS_MAX 64

struct matrix_values {
	const char *format, *output;
};

static int matrix_run(const void *values, const struct strv *args, struct err *err)
{
	const struct matrix_values *v = values;
	CLEANUP(cleanup_cpython_matrix) struct cpython_matrix *m = NULL;
	CLEANUP_STRV struct strv common = STRV_INIT, lines = STRV_INIT;
	struct cpython_request base;

	if (!v->format) {
		err_set(err, ERR_USAGE, "what are the jobs for?");
		return err_hint(err, "--format %s", CPYTHON_JOBS);
	}
	for (size_t i = 1; i < args->n; i++)
		strv_add(&common, args->v[i]);
	if (cmd_build_common(&common, &base, err) < 0)
		return -1;
	base.output = v->output;
	if (cpython_matrix_load(&base, args->v[0], &m, err) < 0 ||
		cpython_matrix_jobs(m, v->format, &common, &lines, err) < 0)
		return -1;
	for (size_t i = 0; i < lines.n; i++)
		term_line(stdout, "%s", lines.v[i]);
	return 0;
}

static const struct opt opts[] = {
	{"format", 0, OPT_CHOICE, CPYTHON_JOBS, "write jobs for this one (required)",
		offsetof(struct matrix_values, format)},
	{"output", 'o', OPT_STRING, "DIR", "have the jobs put their trees below here (dist)",
		offsetof(struct matrix_values, output)},
};

const struct command cmd_matrix = {
	.name = "matrix",
	.summary = "list the builds of a matrix as jobs for a CI or a scheduler",
	.args = "FILE [-- OPTION...]",
	.about =
		"Writes the rows of FILE, as 'solder build --matrix' takes it, as jobs that each run one\n"
		"'solder build'. OPTIONs, options of 'solder build', are in each job.\n\n"
		"github    one line of JSON: the 'matrix' of a job, by fromJSON\n"
		"gitlab    a child pipeline in YAML\n"
		"slurm     a script for sbatch: an array with a task for each row\n"
		"parallel  a command in each line, for GNU parallel\n\n"
		"Jobs do not wait for each other. With --remote-cache among the OPTIONs (or\n"
		"SOLDER_REMOTE_CACHE where they run) a step that one row has made is there for the others.\n"
		"docs/scale.md shows each format at work, and docs/github-actions.yaml is a whole workflow.",
	.example = "solder matrix matrix.yaml --format github\n"
		   "solder matrix matrix.yaml --format slurm >rows.sh && sbatch rows.sh\n"
		   "solder matrix matrix.yaml --format parallel -- --cc gcc | parallel -j 2",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct matrix_values),
	.min_args = 1,
	.max_args = WORDS_MAX,
	.run = matrix_run,
};
