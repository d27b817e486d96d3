/* solder build: from locked sources to a relocatable distribution. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"
#include "python/python.h"

struct values {
	struct cpython_request request;
	const char *save_profile, *save_bolt_profile, *matrix;
	bool why, dry_run, plan, json, matrix_list, keep_going;
};

static void defaults(void *values)
{
	struct cpython_request *request = &((struct values *)values)->request;

	cpython_request_defaults(request);
	request->share.url = getenv("SOLDER_REMOTE_CACHE");
}

/* Which profile it is, before what its step said of it. */
static void add_profile(json_t *distribution, const char *key, const struct chosen_profile *p,
	const struct step *step)
{
	const char *said = json_string_value(json_object_get(distribution, key));
	const char *more = p->hint ? p->hint : step ? said : NULL;

	if (p->words)
		json_object_set_new(distribution, key,
			json_sprintf("%s%s%s", p->words, more ? "; " : "", more ? more : ""));
}

static int save_profiles(const struct values *v, const struct cpython_build *b, struct err *err)
{
	return (v->save_profile && cpython_save_profile(b, false, v->save_profile, err) < 0) ||
			       (v->save_bolt_profile &&
				       cpython_save_profile(b, true, v->save_bolt_profile, err) < 0)
		       ? -1
		       : 0;
}

static int print_summary(const struct values *v, const struct cpython_build *b,
	const struct plan_result *r, uint64_t start, struct err *err)
{
	json_t *model, *d, *steps = json_array();

	if (py_artifacts_json(b->output, &model, err) < 0) {
		json_decref(steps);
		return -1;
	}
	d = json_object_get(model, "distribution");
	json_object_set_new(
		d, "sources", json_sprintf("%s (%s)", b->sources.lock->set, b->sources.reason));
	json_object_set_new(d, "sandbox", json_string(b->sandbox_reason));
	add_profile(d, "profile", &b->profile, b->plan.profile);
	add_profile(d, "bolt", &b->bolt_profile, b->plan.bolt_profile);
	for (size_t i = 0; i < b->plan.plan.n; i++) {
		const struct step *s = b->plan.plan.steps[i];

		json_array_append_new(steps,
			json_pack("{s:s, s:s, s:s, s:s, s:b, s:I}", "name", s->name, "id", s->id,
				"title", s->title, "reason", s->reason, "remote", s->remote,
				"took_ns", (json_int_t)cache_took(b->cache, s->id)));
	}
	json_object_set_new(model, "build",
		json_pack("{s:I, s:I, s:I, s:I, s:o}", "took_ns", (json_int_t)(clock_ns() - start),
			"largest_process", (json_int_t)r->largest, "run", (json_int_t)r->run,
			"reused", (json_int_t)r->reused, "steps", steps));
	if (v->json)
		report_json("solder-build", model, stdout);
	else
		report_summary(model, stdout);
	json_decref(model);
	return 0;
}

static int run_matrix(const struct values *v, const struct strv *args, struct err *err)
{
	const struct cmd_matrix_run c = {.file = v->matrix,
		.list = v->matrix_list,
		.keep_going = v->keep_going,
		.why = v->why,
		.dry_run = v->dry_run || v->plan,
		.json = v->json || v->plan};

	if (args->n)
		return err_set(err, ERR_USAGE,
			"'%s' is given, and the versions are those of the matrix", args->v[0]);
	if (v->save_profile || v->save_bolt_profile)
		return err_set(err, ERR_USAGE,
			"%s keeps one profile, and a matrix may have several",
			v->save_profile ? "--save-profile" : "--save-bolt-profile");
	return cmd_build_matrix(&c, &v->request, err);
}

int cmd_build_common(const struct strv *words, struct cpython_request *ret, struct err *err)
{
	struct values v = {0};
	CLEANUP_STRV struct strv args = STRV_INIT;
	static char *none[] = {NULL};
	int got = opt_parse(&cmd_build, words->n ? words->v : none, &v, &args, err);

	if (got < 0)
		return -1;
	if (args.n)
		return err_set(
			err, ERR_USAGE, "'%s': the versions are those of the matrix", args.v[0]);
	if (got > 0 || v.request.output || v.save_profile || v.save_bolt_profile || v.matrix ||
		v.matrix_list || v.keep_going)
		return err_set(err, ERR_USAGE, "%s makes no sense for every row",
			got > 0               ? "--help"
			: v.request.output    ? "--output"
			: v.save_profile      ? "--save-profile"
			: v.save_bolt_profile ? "--save-bolt-profile"
			: v.matrix            ? "--matrix"
			: v.matrix_list       ? "--matrix-list"
					      : "--keep-going");
	*ret = v.request;
	return 0;
}

static int build_run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	struct cpython_request request = v->request;
	CLEANUP_CPYTHON_BUILD struct cpython_build *b = NULL;
	struct plan_result result;
	uint64_t start = clock_ns();
	json_t *outlook;

	if (request.target && !strcmp(request.target, "list"))
		return cmd_list_targets(v->json, err);
	if (v->matrix)
		return run_matrix(v, args, err);
	if (v->matrix_list || v->keep_going)
		return err_set(err, ERR_USAGE, "%s goes with --matrix",
			v->matrix_list ? "--matrix-list" : "--keep-going");
	if ((args->n && cmd_parse_package(args->v[0], &request.version, err) < 0) ||
		cpython_open(&request, &b, err) < 0)
		return -1;
	if (v->save_profile && !b->plan.profile)
		return err_set(err, ERR_USAGE, "there will be no profile to keep in '%s'",
			v->save_profile);
	if (v->save_bolt_profile && !b->plan.bolt_profile)
		return err_set(err, ERR_USAGE,
			"--save-bolt-profile goes with --bolt, and there will be no BOLT");
	if (v->plan || (v->dry_run && v->json)) {
		if (cpython_outlook_json(b, &outlook, err) < 0)
			return -1;
		report_json("solder-build-plan", outlook, stdout);
		json_decref(outlook);
		return 0;
	}
	if (v->why || v->dry_run)
		plan_explain(&b->plan.plan, v->json ? stderr : stdout);
	if (v->dry_run)
		return cpython_outlook_print(b, stdout, err);
	if (cpython_make(b, &result, err) < 0 || save_profiles(v, b, err) < 0)
		return -1;
	return print_summary(v, b, &result, start, err);
}

#define AT(field) offsetof(struct values, field)
#define ROW(field, name, variable, kind, choices, also, standard, compiles, always, help)          \
	{name, 0, OPT_##kind, choices also, help, AT(request.options.field)},

static const struct opt opts[] = {
	CPYTHON_OPTIONS_OF_WHAT(ROW){"target", 0, OPT_STRING, "NAME",
		"build for a machine such as x86_64_v3-unknown-linux-gnu; 'list': say which there are",
		AT(request.target)},
	{"cc", 0, OPT_STRING, "NAME", "compile with gcc, clang-19, a path, or 'best'",
		AT(request.cc)},
	{"like", 0, OPT_STRING, "NAME",
		"build as another project does: see 'solder list presets'; options that are given "
		"count more",
		AT(request.like)},
	{"hardening", 0, OPT_CHOICE, CPYTHON_HARDENING,
		"standard: --protector weak, --clash yes, --fortify 2; full: strong, yes, 3, and "
		"--cet yes; single options count more",
		AT(request.hardening)},
	CPYTHON_OPTIONS_OF_HOW(ROW){"profile", 0, OPT_STRING, "none|locked|train|FILE",
		"optimise by a profile (PGO): the recipe's, a new one, or this file or folder",
		AT(request.options.profile)},
	{"train", 0, OPT_STRING, "pgo|extended|own|both|SCRIPT",
		"train with CPython's tests, all of them, solder's programs, own and pgo, or SCRIPT",
		AT(request.options.train)},
	{"bolt-profile", 0, OPT_STRING, "train|FILE",
		"train a profile for BOLT, or use this one (the recipe's, if it has one)",
		AT(request.options.bolt_profile)},
	{"save-profile", 0, OPT_STRING, "FILE", "write the profile to this .tar.zst",
		AT(save_profile)},
	{"save-bolt-profile", 0, OPT_STRING, "FILE", "write BOLT's profile to this .tar.zst",
		AT(save_bolt_profile)},
	{"matrix", 0, OPT_STRING, "FILE",
		"build each version with each set of options that FILE lists, all at once",
		AT(matrix)},
	{"matrix-list", 0, OPT_FLAG, NULL, "only print the rows of the matrix, as JSON for a CI",
		AT(matrix_list)},
	{"keep-going", 0, OPT_FLAG, NULL, "go on with the other rows when one fails",
		AT(keep_going)},
	{"output", 'o', OPT_STRING, "DIR",
		"put the distribution here (dist/cpython-VERSION-...), or below here those of a "
		"matrix (dist)",
		AT(request.output)},
	{"jobs", 'j', OPT_COUNT, "N", "run N jobs at a time, over all steps (all processors)",
		AT(request.jobs)},
	{"sources", 0, OPT_CHOICE, "auto|upstream|debian", "take this set of locked sources",
		AT(request.sources)},
	{"source", 0, OPT_STRING, "PATH", "build this CPython: a source folder or tarball",
		AT(request.source)},
	{"mirror", 0, OPT_STRING, "URL", "download from this Debian mirror (the one that apt uses)",
		AT(request.mirror)},
	{"offline", 0, OPT_FLAG, NULL, "download nothing", AT(request.offline)},
	{"sandbox", 0, OPT_CHOICE, "auto|bwrap|none", "isolate build steps from network and system",
		AT(request.sandbox)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)",
		AT(request.cache)},
	{"remote-cache", 0, OPT_STRING, "URL", "take steps from this server ($SOLDER_REMOTE_CACHE)",
		AT(request.share.url)},
	{"remote-cache-mode", 0, OPT_CHOICE, SHARE_MODES,
		"take its steps, give it those made here, or both", AT(request.share.mode)},
	{"remote-cache-key", 0, OPT_STRING, "KEY",
		"to read: believe only what this public key signed; to write: sign with this "
		"secret key",
		AT(request.share.key)},
	{"password-file", 0, OPT_STRING, "FILE", "read the key's password from this file",
		AT(request.share.password)},
	{"remote-cache-netrc", 0, OPT_STRING, "FILE",
		"take user and password for it from this file (~/.netrc)", AT(request.share.netrc)},
	{"remote-cache-cert", 0, OPT_STRING, "FILE",
		"show it this certificate, in PEM with its key", AT(request.share.certificate)},
	{"remote-cache-stall", 0, OPT_COUNT, "N",
		"go on without it when nothing comes for N seconds (10)",
		AT(request.share.stall_s)},
	{"launcher", 0, OPT_STRING, "distcc|icecc|recc|ccache|CMD",
		"let compiles go through this; links, LTO, training and BOLT stay here",
		AT(request.launcher)},
	{"executor", 0, OPT_STRING, "COMMAND",
		"let this take steps elsewhere: {dir} is a step's folder, for 'solder step' there",
		AT(request.executor)},
	{"farm-jobs", 0, OPT_COUNT, "N",
		"have N compiles by --launcher, or steps by --executor, at a time, beside --jobs "
		"here (they are among these)",
		AT(request.farm_jobs)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder", AT(request.recipes)},
	{"why", 0, OPT_FLAG, NULL, "say for each step whether it runs, and why", AT(why)},
	{"dry-run", 'n', OPT_FLAG, NULL, "the same and what else there would be, and stop",
		AT(dry_run)},
	{"plan", 0, OPT_FLAG, NULL, "the same as --dry-run --json: print the graph of the steps",
		AT(plan)},
	{"keep-work", 0, OPT_FLAG, NULL, "keep the folder of a step that fails",
		AT(request.keep_work)},
	{"json", 0, OPT_FLAG, NULL, "print the summary, or with --dry-run the plan, as JSON",
		AT(json)},
};

const struct command cmd_build = {
	.name = "build",
	.summary = "build a distribution: static interpreter, libpython.so and libpython.a",
	.args = "[[cpython@]VERSION]",
	.about =
		"Builds CPython and the libraries it needs from locked sources, compiles it once, and links it\n"
		"into an interpreter that carries libpython, a shared and a static library. VERSION is a\n"
		"series (3.13, the default: its newest locked version that can be had) or exact (3.13.5).\n\n"
		"Finished steps are kept in the cache; an interrupted build goes on from the last one.\n\n"
		"The result can be moved anywhere. A distribution of ours that stands at the output is\n"
		"replaced as a whole; of one that was built the same way, the files that are damaged are.\n\n"
		"With --remote-cache, steps that are not in the cache are taken from a server that has them,\n"
		"and with --remote-cache-mode readwrite it is given those that it lacks. Whatever goes wrong\n"
		"there, the build goes on without it. docs/scale.md says how to set one up, and whom to trust.\n\n"
		"Builds with the same output, or that make the same step, take turns; after SOLDER_LOCK_TIMEOUT\n"
		"seconds of waiting, one gives up and says for whom it waited.\n\n"
		"With --matrix, the rows of a file are built as one: what they share once, what is ready side\n"
		"by side, each into a folder of its name. docs/builds.md describes the file.",
	.example =
		"solder build\nsolder build 3.11 -o python311\n"
		"solder build --profile train --lto thin --cc clang-19\nsolder build --link shared --why\n"
		"solder build --like fedora --hardening none\nsolder build --matrix matrix.yaml --keep-going",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.max_args = 1,
	.run = build_run,
};
