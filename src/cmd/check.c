/* solder check: tests whether anything breaks with this Python. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "check/check.h"
#include "cmd/cmd.h"
#include "pack/pack.h"

#define SHARDS_MAX 1000

struct values {
	struct strv rules, skip, probes;
	bool list_rules, markdown, all, json, all_probes, install_consumers;
	const char *html, *format, *baseline, *fail_on, *explain, *against;
	const char *with, *wheels, *wheels_like, *wheels_state, *shard, *glibc, *platform;
	struct strv merge;
	bool wheels_audit, own_tests, each;
	unsigned int jobs, disk, memory, seconds;
};

static void set_defaults(void *values)
{
	struct values *v = values;

	v->format = "text";
	v->fail_on = "warning";
}

static bool wants_probes(const struct values *v)
{
	return v->all_probes || v->probes.n;
}

static int check_usage(const struct values *v, const struct strv *args, struct err *err)
{
	if (v->markdown) {
		err_set(err, ERR_USAGE, "--markdown goes with --list-rules");
		return err_hint(err, "--html FILE writes findings as a page");
	}
	if (v->each && (!v->with || !ends_with(v->with, ".whl") || args->n))
		return err_set(err, ERR_USAGE,
			"--each takes the place of a Python, and goes with --with and a wheel");
	if (!args->n && !v->each) {
		err_set(err, ERR_USAGE, "'solder check' takes DIR|PYTHON|ARCHIVE|WHEEL");
		return err_hint(
			err, "name an interpreter, a prefix, an archive, or a command on PATH");
	}
	if (v->install_consumers && !wants_probes(v))
		return err_set(err, ERR_USAGE, "--install-consumers is about probes: add --probes");
	if (v->against && !wants_probes(v) && !v->wheels && !v->merge.n)
		return err_set(err, ERR_USAGE,
			"--against is about probes and wheels: add --probes or --wheels");
	if ((v->wheels_like || v->wheels_state || v->wheels_audit || v->own_tests || v->shard ||
		    v->jobs || v->disk || v->memory || v->seconds) &&
		!v->wheels)
		return err_set(err, ERR_USAGE,
			"--wheels-*, --own-tests, --shard, --jobs, --disk, --memory and --seconds are "
			"about wheels: add --wheels");
	if (v->merge.n && v->wheels)
		return err_set(err, ERR_USAGE, "--merge takes results of --wheels, and tries none");
	if (v->platform &&
		(!v->wheels || v->wheels_state || v->wheels_audit || v->shard || v->merge.n ||
			v->disk || v->memory || v->seconds || v->against || wants_probes(v)))
		return err_set(err, ERR_USAGE,
			"--platform is about --wheels, which it downloads and judges without running: "
			"it goes with --wheels-like, --jobs and what is about rules and reports");
	if (v->json && strcmp(v->format, "text") != 0 && strcmp(v->format, "json") != 0)
		return err_set(
			err, ERR_USAGE, "--json and --format %s exclude each other", v->format);
	for (size_t i = 0; i < v->skip.n; i++) {
		if (strv_has(&v->rules, v->skip.v[i]))
			return err_set(
				err, ERR_USAGE, "--rule and --skip both name '%s'", v->skip.v[i]);
	}
	if (check_rules_known(&v->rules, err) < 0 || check_rules_known(&v->skip, err) < 0 ||
		check_probes_known(&v->probes, err) < 0)
		return -1;
	if (v->glibc && (v->rules.n || v->skip.n || wants_probes(v) || v->wheels || v->against ||
				v->baseline || strcmp(v->format, "text") != 0))
		return err_set(err, ERR_USAGE,
			"--glibc is a check of its own: it goes with --all, --json, --html and "
			"--fail-on");
	if (v->with &&
		(v->rules.n || v->skip.n || wants_probes(v) || v->wheels || v->merge.n ||
			v->against || v->baseline || v->glibc || strcmp(v->format, "text") != 0))
		return err_set(err, ERR_USAGE,
			"--with is a check of its own: it goes with --each, --json and --html");
	return v->html ? cmd_check_output(v->html, err) : 0;
}

/* Reads "3/10". */
static int parse_shard(const char *text, unsigned int *shard, unsigned int *of, struct err *err)
{
	char *end = NULL;
	unsigned long n = 0, m = 0;

	if (!text)
		return 0;
	if (isdigit((unsigned char)*text))
		n = strtoul(text, &end, 10);
	if (end && *end == '/' && isdigit((unsigned char)end[1]))
		m = strtoul(end + 1, &end, 10);
	if (!n || n > m || m > SHARDS_MAX || *end)
		return err_set(err, ERR_USAGE, "--shard: '%s' is not I/N, part I of N, at most %d",
			text, SHARDS_MAX);
	*shard = (unsigned int)n;
	*of = (unsigned int)m;
	return 0;
}

static int add_wheels(
	const struct values *v, const struct python *dist, json_t *model, struct err *err)
{
	CLEANUP_FREE char *data = NULL, *state = NULL, *cache = NULL;
	struct progress *progress;
	int r;

	if (data_folder("wheels", NULL, &data, err) < 0)
		return -1;
	/* Downloads and results are kept next to the build cache. */
	if (!v->wheels_state && !(cache = user_cache("wheels are kept", err)))
		return err_hint(err, "name a folder with --wheels-state DIR");
	state = cache ? xasprintf("%s/wheels", cache) : xstrdup(v->wheels_state);
	struct check_wheel_options options = {.what = v->wheels,
		.against = v->against,
		.data_dir = data,
		.state_dir = state,
		.filter = v->wheels_like,
		.jobs = v->jobs,
		.disk = v->disk,
		.memory = v->memory,
		.seconds = v->seconds,
		.merge = &v->merge,
		.own_tests = v->own_tests,
		.audit = v->wheels_audit};

	if (parse_shard(v->shard, &options.shard, &options.of_shards, err) < 0)
		return -1;

	progress = progress_new(stderr, PROGRESS_AUTO);
	r = check_wheels(dist, &options, progress, model, err);
	progress_free(progress);
	return r;
}

static int add_probes(
	const struct values *v, const struct python *dist, json_t *model, struct err *err)
{
	CLEANUP_FREE char *probes_dir = NULL, *scratch = NULL;
	struct err ignored = ERR_INIT;
	struct progress *progress;
	int r;

	/* A rule reports that. */
	if (!dist->runs) {
		json_object_set_new(model, "probes_why",
			json_sprintf("the interpreter cannot be run: %s",
				dist->why_not ? dist->why_not : "no reason is known"));
		return 0;
	}
	if (data_folder("probes", NULL, &probes_dir, err) < 0 ||
		!(scratch = cmd_scratch_exec("check", err)))
		return -1;
	const struct check_probe_options options = {.only = &v->probes,
		.against = v->against,
		.probes_dir = probes_dir,
		.install_consumers = v->install_consumers,
		.scratch = scratch};

	progress = progress_new(stderr, PROGRESS_AUTO);
	r = check_probes(dist, &options, progress, model, err);
	progress_free(progress);
	if (tree_remove(scratch, r < 0 ? &ignored : err) < 0)
		return -1;
	return r;
}

/* `dist` is NULL for what check_foreign() found. */
static int print(
	const struct values *v, const struct python *dist, const json_t *model, struct err *err)
{
	if (v->json || !strcmp(v->format, "json")) {
		report_json("solder-check", model, stdout);
	} else if (strcmp(v->format, "text") != 0) {
		CLEANUP_BUF struct buf text = BUF_INIT;

		check_ci(model,
			!strcmp(v->format, "github")  ? CHECK_GITHUB
			: !strcmp(v->format, "sarif") ? CHECK_SARIF
						      : CHECK_JUNIT,
			&text);
		if (text.len)
			fwrite(text.data, 1, text.len, stdout);
	} else {
		CLEANUP_DOC struct doc *doc =
			dist ? check_page(dist, model, v->all) : check_foreign_page(model, v->all);

		cmd_print(doc);
	}
	if (v->html) {
		CLEANUP_DOC struct doc *page =
			dist ? check_page(dist, model, true) : check_foreign_page(model, true);

		return doc_save_html(page, v->html, err);
	}
	return 0;
}

/* Records the archive as the origin, not the folder that it was unpacked into. */
static void set_origin(struct python *dist, const char *archive, const char *verified_by)
{
	CLEANUP_STRV struct strv hops = dist->trail;

	dist->trail = (struct strv)STRV_INIT;
	if (verified_by)
		strv_addf(&dist->trail, "unpacked from '%s', which is what %s says", archive,
			verified_by);
	else
		strv_addf(&dist->trail,
			"unpacked from '%s', which was not verified: no SHA256SUMS in its folder "
			"names it",
			archive);
	for (size_t i = 0; i < hops.n; i++)
		strv_add(&dist->trail, hops.v[i]);
	free(dist->given);
	dist->given = xstrdup(archive);
}

static int exit_code(const struct values *v, const json_t *model)
{
	for (enum check_severity s = CHECK_ERROR; s <= CHECK_NOTE; s++) {
		if (!strcmp(v->fail_on, check_severity_name(s)))
			return check_found(model, s);
	}
	return 0;
}

/* `old`: the baseline; `archive`: the archive that `what` was unpacked from; `verified_by`: the
 * file with its digest. All three may be NULL. */
static int check(const struct values *v, const json_t *old, const char *what, const char *archive,
	const char *verified_by, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_PYTHON_FILES struct py_files files = {0};
	json_t *model;
	int result = -1;

	if (py_find(what, &dist, err) < 0)
		return -1;
	if (archive)
		set_origin(&dist, archive, verified_by);
	model = json_object();
	json_object_set_new(model, "python", py_json(&dist));
	if (py_files_read(&dist, &files, err) == 0 &&
		check_rules(&dist, &files, &v->rules, &v->skip, model, err) == 0 &&
		((!v->wheels && !v->merge.n) || add_wheels(v, &dist, model, err) == 0) &&
		(!wants_probes(v) || add_probes(v, &dist, model, err) == 0)) {
		if (old) {
			check_baseline(model, old);
			json_object_set_new(model, "baseline", json_string(v->baseline));
		}
		check_summarise(model);
		result = exit_code(v, model);
		if (print(v, &dist, model, err) < 0)
			result = -1;
	}
	json_decref(model);
	return result;
}

/* Checks an archive as shipped. Nothing may depend on its location, so the folder's name contains a
 * space. */
static int check_archive(
	const struct values *v, const json_t *old, const char *archive, struct err *err)
{
	CLEANUP_FREE char *scratch = cmd_scratch_exec("check", err);
	CLEANUP_FREE char *dir = NULL;
	struct err ignored = ERR_INIT;
	const char *said;
	int result = -1;

	if (!scratch)
		return -1;
	dir = xasprintf("%s/a place", scratch);
	if (pack_unpack(archive, NULL, dir, 1, NULL, &said, err) == 0) {
		CLEANUP_FREE char *install = xasprintf("%s/install", dir);

		/* Warn before running any of it, not only in the report. */
		if (!said) {
			struct progress *progress = progress_new(stderr, PROGRESS_AUTO);

			progress_warn(progress,
				"'%s' is not verified, since no SHA256SUMS in its folder names it; its "
				"programs are run with your rights",
				archive);
			progress_free(progress);
		}
		result = check(v, old, path_is_dir(install) ? install : dir, archive, said, err);
		if (result < 0)
			err_wrap(err, "checking '%s'", archive);
	}
	scratch_end(scratch, &ignored);
	return result;
}

static bool is_archive(const char *what)
{
	static const char *const ends[] = {".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar"};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (ends_with(what, ends[i]) && path_exists(what) && !path_is_dir(what))
			return true;
	}
	return false;
}

/* Says whether it would load with another C library; nothing of it is run. */
static int check_loads(const struct values *v, const char *what, struct err *err)
{
	CLEANUP_FREE char *scratch = cmd_scratch(NULL, "check", err);
	CLEANUP_DOC struct doc *doc = NULL, *page = NULL;
	json_t *model = json_object();
	struct err ignored = ERR_INIT;
	int result = -1;

	if (scratch && check_glibc(what, v->glibc, scratch, model, err) == 0) {
		result = check_nothing(model) ? 2 : exit_code(v, model);
		if (v->json)
			report_json("solder-check-glibc", model, stdout);
		else
			cmd_print(doc = check_glibc_page(model, v->all));
		if (v->html &&
			doc_save_html(page = check_glibc_page(model, true), v->html, err) < 0)
			result = -1;
	}
	json_decref(model);
	if (scratch)
		scratch_end(scratch, &ignored);
	return result;
}

static int judge_wheels(const struct values *v, const char *what,
	struct check_foreign_options *options, json_t *model, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_FREE char *data = NULL;
	struct progress *progress;
	int r;

	if (!v->platform)
		return check_foreign_file(what, options, model, err);
	if (py_find(what, &dist, err) < 0 || data_folder("wheels", NULL, &data, err) < 0)
		return -1;
	options->data_dir = data;
	progress = progress_new(stderr, PROGRESS_AUTO);
	r = check_foreign(&dist, options, progress, model, err);
	progress_free(progress);
	return r;
}

/* Judges wheels for another system, or one file of one; nothing of them is run. */
static int check_others(
	const struct values *v, const json_t *old, const char *what, struct err *err)
{
	CLEANUP_FREE char *scratch = cmd_scratch(NULL, "check", err);
	struct check_foreign_options options = {.platform = v->platform,
		.what = v->wheels,
		.filter = v->wheels_like,
		.scratch = scratch,
		.only = &v->rules,
		.skip = &v->skip,
		.jobs = v->jobs};
	json_t *model = json_object();
	struct err ignored = ERR_INIT;
	int result = -1;

	if (scratch && judge_wheels(v, what, &options, model, err) == 0) {
		if (old) {
			check_baseline(model, old);
			json_object_set_new(model, "baseline", json_string(v->baseline));
			check_summarise(model);
		}
		result = check_nothing(model) ? 2 : exit_code(v, model);
		if (print(v, NULL, model, err) < 0)
			result = -1;
	}
	json_decref(model);
	if (scratch)
		scratch_end(scratch, &ignored);
	return result;
}

/* Describes rules without checking anything. */
static int tell_rules(const struct values *v, struct err *err)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;

	if (v->list_rules && v->markdown) {
		check_rules_markdown(stdout);
	} else if (v->list_rules && (v->json || !strcmp(v->format, "json"))) {
		json_t *rows = json_array(), *model = json_pack("{s:o}", "rules", rows);

		check_rules_list(rows);
		report_json("solder-rules", model, stdout);
		json_decref(model);
	} else {
		CLEANUP_DOC struct doc *doc = NULL;

		if (!v->list_rules) {
			strv_add(&ids, v->explain);
			if (check_rules_known(&ids, err) < 0)
				return -1;
		}
		doc = v->list_rules ? check_rules_page() : check_rule_page(v->explain);
		cmd_print(doc);
	}
	return 0;
}

/* One wheel and one Python, or all that are at hand. */
static int check_pair(const struct values *v, const struct strv *args, struct err *err)
{
	CLEANUP_PYTHON struct python dist = {0};
	CLEANUP_FREE char *scratch = cmd_scratch(NULL, "check", err), *file = NULL;
	CLEANUP_DOC struct doc *doc = NULL, *page = NULL;
	json_t *model = json_object();
	struct err ignored = ERR_INIT;
	const json_t *item;
	int result = -1;
	size_t i;

	if (ends_with(v->with, ".whl"))
		file = xstrdup(v->with);
	if (scratch && (v->each || py_find(args->v[0], &dist, err) == 0) &&
		(file || check_with_download(&dist, v->with, scratch, &file, err) == 0) &&
		check_with(v->each ? NULL : &dist, file, scratch, model, err) == 0) {
		result = 0;
		json_array_foreach (json_object_get(model, "with"), i, item)
			result |= !strcmp(json_word(item, "verdict"), "fails");
		if (v->json)
			report_json("solder-check-with", model, stdout);
		else
			cmd_print(doc = check_with_page(model));
		if (v->html && doc_save_html(page = check_with_page(model), v->html, err) < 0)
			result = -1;
	}
	json_decref(model);
	if (scratch)
		scratch_end(scratch, &ignored);
	return result;
}

static int run_check(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	json_t *old = NULL;
	int result;

	if (v->list_rules || v->explain)
		return tell_rules(v, err);
	/* Before running anything. */
	if (check_usage(v, args, err) < 0 ||
		(v->baseline && check_baseline_read(v->baseline, &old, err) < 0))
		return -1;
	if (v->glibc)
		return check_loads(v, args->v[0], err);
	if (v->with)
		return check_pair(v, args, err);
	if (v->platform || (!v->wheels && !wants_probes(v) && check_foreign_is(args->v[0])))
		result = check_others(v, old, args->v[0], err);
	else if (is_archive(args->v[0]))
		result = check_archive(v, old, args->v[0], err);
	else
		result = check(v, old, args->v[0], NULL, NULL, err);
	json_decref(old);
	return result;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"rule", 0, OPT_LIST, "RULE", "check only this rule", AT(rules)},
	{"skip", 0, OPT_LIST, "RULE", "skip this rule", AT(skip)},
	{"probes", 0, OPT_FLAG, NULL, "compile and run the probes, too", AT(all_probes)},
	{"probe", 0, OPT_LIST, "PROBE", "run only this probe, or those of a test (T1 … T10)",
		AT(probes)},
	{"against", 0, OPT_STRING, "PYTHON", "compare probes and wheels with this one",
		AT(against)},
	{"install-consumers", 0, OPT_FLAG, NULL,
		"install what probes need from PyPI, into a scratch folder", AT(install_consumers)},
	{"wheels", 0, OPT_STRING, "DIR|LIST",
		"check these wheels, too: a folder, a file with names, top:N", AT(wheels)},
	{"wheels-like", 0, OPT_STRING, "TEXT", "check only wheels whose names contain TEXT",
		AT(wheels_like)},
	{"wheels-state", 0, OPT_STRING, "DIR",
		"keep downloads and results here ($XDG_CACHE_HOME/solder/wheels)",
		AT(wheels_state)},
	{"platform", 0, OPT_CHOICE,
		"macos-arm64|macos-x86_64|musllinux|manylinux-aarch64|win-amd64",
		"judge --wheels for this system by their files alone", AT(platform)},
	{"wheels-audit", 0, OPT_FLAG, NULL,
		"predict from the files of the wheels, and install and run nothing",
		AT(wheels_audit)},
	{"own-tests", 0, OPT_FLAG, NULL,
		"run the tests in the source distributions of the wheels, too, and compare",
		AT(own_tests)},
	{"jobs", 'j', OPT_COUNT, "N", "check N wheels at a time (as many as processors)", AT(jobs)},
	{"disk", 0, OPT_COUNT, "GIB",
		"remove each wheel when it is judged, and keep the folder below this", AT(disk)},
	{"memory", 0, OPT_COUNT, "GIB", "let no process of a wheel take more than this (8)",
		AT(memory)},
	{"seconds", 0, OPT_COUNT, "N", "let no process of a wheel run longer than this (300)",
		AT(seconds)},
	{"shard", 0, OPT_STRING, "I/N", "check only part I of N of the list", AT(shard)},
	{"merge", 0, OPT_LIST, "FILE",
		"take the wheels from the JSON of a shard; repeat it for all shards", AT(merge)},
	{"with", 0, OPT_STRING, "WHEEL|NAME",
		"say instead whether this wheel will work with the Python, and why not; by its "
		"files, without running it",
		AT(with)},
	{"each", 0, OPT_FLAG, NULL,
		"with --with: with every python3.N on PATH and every version of pyenv", AT(each)},
	{"glibc", 0, OPT_STRING, "VERSION",
		"say instead whether FILE, a folder or an archive would load with this GNU C "
		"library, and which functions use what is missing there",
		AT(glibc)},
	{"baseline", 0, OPT_STRING, "FILE",
		"ignore findings that are in this JSON of an earlier check", AT(baseline)},
	{"fail-on", 0, OPT_CHOICE, "error|warning|note|never",
		"exit with 1 on findings of this severity or worse (warning)", AT(fail_on)},
	{"explain", 0, OPT_STRING, "RULE", "explain a rule, and check nothing", AT(explain)},
	{"list-rules", 0, OPT_FLAG, NULL, "list the rules, and check nothing", AT(list_rules)},
	{"markdown", 0, OPT_FLAG, NULL, "with --list-rules: print the whole manual of the rules",
		AT(markdown)},
	{"all", 'a', OPT_FLAG, NULL, "list what passed, too", AT(all)},
	{"html", 0, OPT_STRING, "FILE", "write a page with everything, too", AT(html)},
	{"format", 0, OPT_CHOICE, "text|json|github|sarif|junit",
		"print annotations for GitHub, SARIF 2.1.0, or JUnit's XML instead of text",
		AT(format)},
	{"json", 0, OPT_FLAG, NULL, "the same as --format json", AT(json)},
};

const struct command cmd_check = {
	.name = "check",
	.summary = "say what breaks with a Python, by rules, probes and wheels",
	.args = "DIR|PYTHON|ARCHIVE|WHEEL",
	.about =
		"Looks at any Python installation (an interpreter, a prefix, a virtual "
		"environment, a name on\nPATH, or an archive, which is unpacked for that) and says "
		"what would break or cost its users.\nRules judge facts from its files and from "
		"what the interpreter says of itself.\n\n"
		"Programs of the installation are run, with your rights, also those of an archive: "
		"check what you\nwould use. Before it is unpacked, an archive is compared with "
		"SHA256SUMS in its folder.\n\n"
		"With --probes it also compiles small programs with the system's cc and runs them "
		"against this\nPython, in child processes with limits: extension modules, programs "
		"that embed Python, and the\ntools of others, of those that are installed.\n\n"
		"With --wheels it takes wheels from a folder, or has pip download the named ones "
		"(top:50: the\nfirst 50 of a list of the most used packages with extension "
		"modules), predicts from their files\nwhat will come of them, installs each with "
		"what it depends on, imports every extension module,\nand runs a short exercise "
		"where there is one, with this Python and with the one of --against\n(default: "
		"the shared counterpart that solder built beside it). The verdict is about the "
		"difference.\nA later run, or one that goes on after a kill, reuses the results that are "
		"there. --shard cuts\nthe list for several machines, and --merge puts their results "
		"together.\n\n"
		"With --platform it has pip download wheels for another system instead, and judges "
		"them by their\nfiles alone: what would come of them under a static, a shared and a "
		"framework interpreter. A wheel,\nor a file of macOS or Windows, may also be named "
		"in the place of a Python.\n\n"
		"With --with it applies no rules, but says in a sentence whether one wheel, or the "
		"newest of a\npackage, will work with this Python, and what in its tags and files "
		"says so (1: it will not).\n\n"
		"With --glibc VERSION it applies no rules, but says whether an ELF file, all files "
		"of a folder or\nwhat is in a wheel or another archive would load on a system with "
		"that GNU C library (1: not\nall of it would), and for every symbol that is missing "
		"there which functions use it. Nothing is\nrun.\n\n"
		"A rule that cannot be applied is \"not checked\", with the reason, and never "
		"counts as passed.\nErrors and warnings make the exit code 1; notes do not. "
		"--fail-on moves that line, and with\n--baseline only what is new counts.",
	.example = "solder check dist/cpython-3.13\nsolder check python3 --skip bind-now\n"
		   "solder check ~/.pyenv/versions/3.11.7 --html report.html\n"
		   "solder check dist/cpython --wheels top:50 --against dist/cpython-shared\n"
		   "solder check python3 --wheels top:50 --platform macos-arm64\n"
		   "solder check python3 --with numpy\n"
		   "solder check --each --with pkg-1.0-cp39-abi3-linux_x86_64.whl\n"
		   "solder check --glibc 2.17 dist/cpython-3.13\n"
		   "solder check python3 --json >known.json\n"
		   "solder check python3 --baseline known.json\n"
		   "solder check --list-rules",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = set_defaults,
	.max_args = 1,
	.run = run_check,
};
