/* solder show: describes a built distribution from its own files. */
#include <stddef.h>

#include "cmd/cmd.h"
#include "python/python.h"

struct show_values {
	bool json;
};

static int show_run(const void *values, const struct strv *args, struct err *err)
{
	const struct show_values *v = values;
	json_t *model;

	if (py_artifacts_json(args->v[0], &model, err) < 0)
		return -1;
	if (v->json)
		report_json("solder-show", model, stdout);
	else
		report_summary(model, stdout);
	json_decref(model);
	return 0;
}

static const struct opt show_opts[] = {
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text",
		offsetof(struct show_values, json)},
};

const struct command cmd_show = {
	.name = "show",
	.summary = "say what a built distribution is, from its files",
	.args = "DIR",
	.about =
		"Reads the three artifacts of a distribution that solder built (the interpreter, the shared and\n"
		"the static library) and prints size, kind, link mode, TLS model, exported symbols, glibc\n"
		"version needed and DT_NEEDED of each.\n\n"
		"The TLS model is what the dynamic relocations show. Nothing is run: all of it is read from files.",
	.example = "solder show dist/cpython\nsolder show --json dist/cpython | jq .artifacts",
	.opts = show_opts,
	.n_opts = ARRAY_SIZE(show_opts),
	.values_size = sizeof(struct show_values),
	.min_args = 1,
	.max_args = 1,
	.run = show_run,
};
