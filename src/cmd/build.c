/* solder build: from locked sources to a relocatable distribution. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/parallel.h"
#include "base/term.h"
#include "base/trust.h"
#include "cpython/sources.h"
#include "cmd/build-internal.h"
#include "cmd/cmd.h"
#include "python/python.h"
#include "report/report.h"

void cmd_build_defaults(void *values)
{
	struct build_values *v = values;

	cpython_defaults(&v->cpython);
	v->sources = "auto";
	v->sandbox = "auto";
	v->jobs = processors();
}

/* Everything that one build holds. */
struct build {
	const struct build_values *v;
	struct cpython_options cpython; /* settled */
	const char *wanted;             /* version or series; NULL: the default */
	struct progress *progress;
	struct cache *cache;
	char *recipes, *store;
	struct fetcher *fetcher;
	struct sources sources;
	struct toolchain *plain, *full;
	struct cpython_plan plan;
	enum sandbox sandbox;
	const char *sandbox_reason;
	char *output;
	uint64_t start;
};

static void release(struct build *b)
{
	plan_release(&b->plan.plan);
	sources_release(&b->sources);
	fetcher_free(b->fetcher);
	toolchain_free(b->plain);
	toolchain_free(b->full);
	cache_free(b->cache);
	progress_free(b->progress);
	free(b->recipes);
	free(b->store);
	free(b->output);
}

static int check_options(const struct build_values *v, struct err *err)
{
	CLEANUP_CLOSE int train = v->cpython.train ? file_open(v->cpython.train, err) : -1;

	if (v->cpython.train && train < 0)
		return err_wrap(err, "the training script");
	if (v->cpython.profile && !path_is_dir(v->cpython.profile))
		return err_set(err, ERR_USAGE, "there is no folder '%s'", v->cpython.profile);
	if ((v->cpython.train || v->cpython.profile) && strcmp(v->cpython.opt, "pgo"))
		return err_set(err, ERR_USAGE, "--train and --profile go with --opt pgo");
	if (!cpython_option_takes(cpython_find_option("shuffle"), v->cpython.shuffle))
		return err_set(err, ERR_USAGE, "--shuffle: '%s' is not a whole number below 10^9",
			v->cpython.shuffle);
	return 0;
}

static int open_all(struct build *b, struct err *err)
{
	const struct build_values *v = b->v;
	struct toolchain_needs needs = {
		.lto = strcmp(v->cpython.lto, "none"), .pgo = !strcmp(v->cpython.opt, "pgo")};
	struct toolchain_needs nothing = {0};

	b->progress = progress_new(stderr, v->quiet ? PROGRESS_QUIET : PROGRESS_AUTO);
	if (cmd_folder("recipes", v->recipes, &b->recipes, err) < 0 ||
		cache_open(v->cache, &b->cache, err) < 0 ||
		sandbox_choose(v->sandbox, &b->sandbox, &b->sandbox_reason, err) < 0 ||
		toolchain_find(v->cc, &needs, &b->full, err) < 0)
		return -1;
	/* The packages' tools are those of a plain build, so that all kinds share them. */
	if (toolchain_find(b->full->cc, &nothing, &b->plain, err) < 0)
		return -1;
	if (!strcmp(b->cpython.lto, "best"))
		b->cpython.lto = b->full->family == CC_GCC ? "full" : "thin";
	if (b->full->family == CC_GCC && !strcmp(b->cpython.lto, "thin")) {
		err_set(err, ERR_USAGE, "gcc has no thin LTO");
		return err_hint(err, "use --lto full, or a clang with --cc");
	}
	b->store = cache_sources(b->cache);
	b->fetcher = fetcher_new(&(struct fetch_options){.store = b->store,
		.offline = v->offline,
		.mirror = v->mirror,
		.progress = b->progress});
	return 0;
}

static int make_plan(struct build *b, struct err *err)
{
	const struct build_values *v = b->v;
	struct sources_options so = {.recipes = b->recipes,
		.set = v->sources,
		.wanted = b->wanted,
		.source = v->source,
		.offline = v->offline,
		.cache = b->cache,
		.fetcher = b->fetcher,
		.progress = b->progress};

	if (sources_choose(&so, &b->sources, err) < 0 ||
		cpython_check_tools(b->sources.chosen, b->sources.n, err) < 0 ||
		cpython_plan(&b->cpython, b->sources.chosen, b->sources.n, b->plain, b->full,
			&b->plan, err) < 0 ||
		plan_settle(&b->plan.plan, b->cache, err) < 0)
		return -1;
	if (v->output)
		b->output = path_absolute(v->output);
	else
		b->output = xasprintf("dist/cpython-%s-%s%s%s",
			b->sources.chosen[b->sources.n - 1].version, b->cpython.link,
			strcmp(b->cpython.opt, "none") ? "-pgo" : "",
			strcmp(b->cpython.lto, "none") ? "-lto" : "");
	/* "-o dir/": what stands beside it would else be in it. */
	for (size_t n = strlen(b->output); n > 1 && b->output[n - 1] == '/'; n--)
		b->output[n - 1] = '\0';
	return 0;
}

/* What `solder pack --verify-reproducible` needs to build the same again. A profile is known by its
 * content: a trained one and the same one given are the same input. */
static int record_options(const struct build *b, json_t *j, struct err *err)
{
	const struct cpython_options *o = &b->cpython;
	const struct step *profile = plan_find(&b->plan.plan, "cpython-profile");

	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];

		json_object_set_new(j, option->name, json_string(cpython_option_get(o, option)));
	}
	json_object_set_new(j, "cc", json_string(path_base(b->full->cc)));
	json_object_set_new(j, "sources", json_string(b->sources.lock->set));
	json_object_set_new(j, "own_source", json_boolean(b->v->source != NULL));
	if (profile) {
		CLEANUP_FREE char *tree = cache_tree(b->cache, profile->id);
		CLEANUP_FREE char *dir = xasprintf("%s/profile", tree);
		char hex[SHA256_HEX_SIZE];

		if (tree_digest(dir, hex, err) < 0)
			return -1;
		json_object_set_new(j, "profile", json_string(hex));
	}
	return 0;
}

/* What the distribution says about itself; a function of the inputs alone, so that the same ones
 * give the same bytes. */
static json_t *manifest(const struct build *b, json_t *options)
{
	const struct cpython_options *o = &b->cpython;
	const struct chosen *cpython = &b->sources.chosen[b->sources.n - 1];
	json_t *m = json_object(), *d = json_object(), *packages = json_array();
	CLEANUP_BUF struct buf how = BUF_INIT;

	buf_addf(&how, "-O3, PGO %s, LTO %s, PIE %s", strcmp(o->opt, "none") ? "yes" : "no", o->lto,
		o->pie);
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];

		if (!option->always && !cpython_option_is_default(o, option))
			buf_addf(&how, ", %s %s", option->name, cpython_option_get(o, option));
	}

	json_object_set_new(m, "series", json_string(b->plan.series));
	json_object_set_new(d, "python", json_string(cpython->version));
	json_object_set_new(d, "link", json_string(o->link));
	json_object_set_new(d, "optimisation", json_string(how.data));
	json_object_set_new(d, "tls", json_string(o->tls));
	json_object_set_new(d, "compiler", json_string(b->full->version));
	if (b->full->linker)
		json_object_set_new(d, "linker", json_string(b->full->linker));
	json_object_set_new(d, "triple", json_string(b->full->triple));
	json_object_set_new(m, "distribution", d);
	json_object_set_new(m, "options", options);
	for (size_t i = 0; i < b->sources.n; i++) {
		const struct chosen *c = &b->sources.chosen[i];
		json_t *p = json_object();

		json_object_set_new(p, "name", json_string(c->recipe->name));
		json_object_set_new(p, "version", json_string(c->version));
		json_object_set_new(p, "licence", json_string(c->recipe->licence));
		json_object_set_new(
			p, "sha256", json_string(c->lock ? c->lock->sha256 : c->source_digest));
		json_object_set_new(p, "source",
			json_string(c->lock ? c->lock->urls.v[0] : "given by the user"));
		json_array_append_new(packages, p);
	}
	json_object_set_new(m, "packages", packages);
	return m;
}

/* Builds with the same output take turns, also with different caches: the lock is beside it. Where
 * files cannot be locked (NFS), without: each tree still appears as a whole. */
static int lock_output(struct build *b, struct file_lock **lock, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(b->output);
	CLEANUP_FREE char *path = xasprintf("%s.solder-lock", b->output);

	return make_dirs(dir, err) < 0 ? -1 : lock_take(path, b->output, b->progress, lock, err);
}

/* What others could put in our way is said; the cache itself is refused if it is not ours. */
static void say_others(const struct build *b)
{
	struct err err = ERR_INIT;

	if (folder_trust_above(b->cache->dir, &err) < 0)
		progress_warn(b->progress, "others could replace the cache: %s", err.msg);
	else if (folder_trust_above(b->output, &err) < 0 ||
		 folder_trust(b->output, false, &err) < 0)
		progress_warn(b->progress, "others could change the distribution: %s", err.msg);
}

static void say_damaged(const struct build *b)
{
	for (size_t i = 0; i < b->plan.plan.n; i++) {
		const struct step *s = b->plan.plan.steps[i];

		if (s->damaged)
			progress_warn(
				b->progress, "rebuilding %s (%s): %s", s->title, s->id, s->reason);
	}
}

static int assemble(struct build *b, bool *current, struct err *err)
{
	json_t *options = json_object(), *m = manifest(b, options);
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;
	CLEANUP_BUF struct buf all = BUF_INIT;
	char key[SHA256_HEX_SIZE];
	int got = record_options(b, options, err);

	text = json_dumps(m, JSON_INDENT(2));
	json_decref(m);
	if (got < 0)
		return -1;
	buf_addf(&all, "%s\n%s\n%s", text, b->plan.tree->id, b->plan.link->id);
	sha256_hex(all.data, all.len, key);
	if (lock_output(b, &lock, err) < 0)
		return -1;
	got = cpython_assemble(&b->plan, b->cache, b->output, key, text, b->progress, err);
	*current = got == 1;
	return got < 0 ? -1 : 0;
}

static void add_steps(const struct build *b, json_t *build)
{
	json_t *steps = json_array();

	for (size_t i = 0; i < b->plan.plan.n; i++) {
		const struct step *s = b->plan.plan.steps[i];
		json_t *step = json_object();

		json_object_set_new(step, "name", json_string(s->name));
		json_object_set_new(step, "id", json_string(s->id));
		json_object_set_new(step, "title", json_string(s->title));
		json_object_set_new(step, "reason", json_string(s->reason));
		json_object_set_new(
			step, "took_ns", json_integer((json_int_t)cache_took(b->cache, s->id)));
		json_array_append_new(steps, step);
	}
	json_object_set_new(build, "steps", steps);
}

static int print_summary(const struct build *b, const struct plan_result *r, struct err *err)
{
	CLEANUP_FREE char *sources = xasprintf("%s (%s)", b->sources.lock->set, b->sources.reason);
	json_t *model, *build, *d;

	if (py_artifacts_json(b->output, &model, err) < 0)
		return -1;
	d = json_object_get(model, "distribution");
	json_object_set_new(d, "sources", json_string(sources));
	json_object_set_new(d, "sandbox", json_string(b->sandbox_reason));
	build = json_object();
	json_object_set_new(build, "took_ns", json_integer((json_int_t)(clock_ns() - b->start)));
	json_object_set_new(build, "run", json_integer((json_int_t)r->run));
	json_object_set_new(build, "reused", json_integer((json_int_t)r->reused));
	add_steps(b, build);
	json_object_set_new(model, "build", build);
	if (b->v->json)
		report_json("solder-build", model, stdout);
	else
		report_summary(model, stdout);
	json_decref(model);
	return 0;
}

static int prepare(struct build *b, struct err *err)
{
	if (check_options(b->v, err) < 0 || open_all(b, err) < 0)
		return -1;
	return make_plan(b, err);
}

static int make(struct build *b, struct plan_result *result, struct err *err)
{
	struct plan_options po = {.jobs = b->v->jobs,
		.keep_work = b->v->keep_work,
		.progress = b->progress,
		.cache = b->cache,
		.sandbox = b->sandbox};
	bool current;

	progress_say(b->progress, "sources: %s (%s); compiler: %s; sandbox: %s",
		b->sources.lock->set, b->sources.reason, b->full->version, b->sandbox_reason);
	say_others(b);
	say_damaged(b);
	if (cpython_check_output(b->output, err) < 0 ||
		sources_fetch(&b->plan.plan, b->fetcher, err) < 0 ||
		plan_run(&b->plan.plan, &po, result, err) < 0 || assemble(b, &current, err) < 0)
		return -1;
	progress_say(b->progress, current ? "'%s' is up to date" : "'%s' is ready", b->output);
	return 0;
}

/* "2 of 9 are to be downloaded: zlib 1.3.1 (1.3 MiB), …" */
static char *show_missing(const struct build *b)
{
	CLEANUP_STRV struct strv missing = STRV_INIT;
	CLEANUP_FREE char *list = NULL;
	char size[32];

	for (size_t i = 0; i < b->sources.n; i++) {
		const struct chosen *c = &b->sources.chosen[i];

		if (!c->lock || sources_is_stored(b->cache, c->lock))
			continue;
		format_bytes(size, c->lock->size);
		strv_addf(&missing, "%s %s (%s)", c->recipe->name, c->version, size);
	}
	if (!missing.n)
		return xstrdup("all are downloaded");
	list = strv_join(&missing, ", ");
	return xasprintf("%zu of %zu are not downloaded: %s", missing.n, b->sources.n, list);
}

/* --dry-run, behind the steps: what would be taken, how long it would last, and what is where the
 * result would go. What would stop the build stops it here. */
static int show_outlook(const struct build *b, FILE *out, struct err *err)
{
	CLEANUP_FREE char *steps = plan_outlook_text(&b->plan.plan, b->v->jobs);
	CLEANUP_FREE char *missing = show_missing(b);
	struct err ignored = ERR_INIT;
	bool there = path_exists(b->output);

	if (cpython_check_output(b->output, err) < 0)
		return -1;
	term_line(out, "%-10s %s (%s); %s", "sources", b->sources.lock->set, b->sources.reason,
		missing);
	term_line(out, "%-10s %s", "compiler", b->full->version);
	term_line(out, "%-10s %s", "sandbox", b->sandbox_reason);
	term_line(out, "%-10s %s", "steps", steps);
	term_line(out, "%-10s '%s', %s", "output", b->output,
		!there ? "which is not there yet"
		: dir_is_empty(b->output, &ignored) > 0
			? "an empty folder"
			: "a tree of solder, which would be replaced");
	return 0;
}

static struct build_outlook look(const struct build *b)
{
	struct plan_outlook all = plan_look(&b->plan.plan, b->v->jobs);

	return (struct build_outlook){
		.steps = all.steps, .compiles = !b->plan.compile->cached, .estimate = all.left};
}

int cmd_build_tree(const struct build_values *values, const char *wanted,
	struct build_outlook *outlook, struct err *err)
{
	CLEANUP(release)
	struct build b = {.v = values, .cpython = values->cpython, .wanted = wanted};
	struct plan_result result;

	b.start = clock_ns();
	if (prepare(&b, err) < 0)
		return -1;
	if (outlook)
		*outlook = look(&b);
	return values->dry_run || !values->output ? 0 : make(&b, &result, err);
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct build_values *v = values;
	CLEANUP(release)
	struct build b = {.v = v, .cpython = v->cpython, .start = clock_ns()};
	struct plan_result result;

	if ((args->n && cmd_parse_package(args->v[0], &b.wanted, err) < 0) || prepare(&b, err) < 0)
		return -1;
	if (v->why || v->dry_run)
		plan_explain(&b.plan.plan, v->json ? stderr : stdout);
	if (v->dry_run)
		return show_outlook(&b, v->json ? stderr : stdout, err);
	return make(&b, &result, err) < 0 ? -1 : print_summary(&b, &result, err);
}

#define AT(field) offsetof(struct build_values, field)

static const struct opt opts[] = {
	{"link", 0, OPT_CHOICE, "static|shared", "put libpython into the interpreter, or beside it",
		AT(cpython.link)},
	{"opt", 0, OPT_CHOICE, "none|pgo", "optimise by a profile (PGO)", AT(cpython.opt)},
	{"lto", 0, OPT_CHOICE, "none|thin|full|best",
		"optimise at link time; best: thin with clang, full with gcc", AT(cpython.lto)},
	{"cc", 0, OPT_STRING, "NAME", "compile with gcc, clang-19, a path, or 'best'", AT(cc)},
	{"tls", 0, OPT_CHOICE, "initial-exec|global-dynamic|desc",
		"set the TLS model of libpython.so", AT(cpython.tls)},
	{"pie", 0, OPT_CHOICE, "yes|no", "link a position-independent interpreter",
		AT(cpython.pie)},
	{"interposition", 0, OPT_CHOICE, "no|yes",
		"no: calls to exported functions may be inlined (-fno-semantic-interposition)",
		AT(cpython.interposition)},
	{"plt", 0, OPT_CHOICE, "yes|no", "no: calls go through the GOT (-fno-plt)",
		AT(cpython.plt)},
	{"visibility", 0, OPT_CHOICE, "hidden|default",
		"set the visibility of symbols that CPython does not export",
		AT(cpython.visibility)},
	{"symbolic", 0, OPT_CHOICE, "yes|no",
		"libpython.so calls its own functions directly (-Bsymbolic-functions)",
		AT(cpython.symbolic)},
	{"bind", 0, OPT_CHOICE, "now|lazy",
		"look up functions of other files at start, or when called", AT(cpython.bind)},
	{"shuffle", 0, OPT_STRING, "N", "link libpython's objects in another order (0: their own)",
		AT(cpython.shuffle)},
	{"train", 0, OPT_STRING, "SCRIPT", "train the profile with this Python script",
		AT(cpython.train)},
	{"profile", 0, OPT_STRING, "DIR", "use this profile instead of training one",
		AT(cpython.profile)},
	{"output", 'o', OPT_STRING, "DIR", "put the distribution here (dist/cpython-VERSION-...)",
		AT(output)},
	{"jobs", 'j', OPT_COUNT, "N", "run N jobs at a time, over all steps (all processors)",
		AT(jobs)},
	{"sources", 0, OPT_CHOICE, "auto|upstream|debian", "take this set of locked sources",
		AT(sources)},
	{"source", 0, OPT_STRING, "PATH", "build this CPython: a source folder or tarball",
		AT(source)},
	{"mirror", 0, OPT_STRING, "URL", "download from this Debian mirror (the one that apt uses)",
		AT(mirror)},
	{"offline", 0, OPT_FLAG, NULL, "download nothing", AT(offline)},
	{"sandbox", 0, OPT_CHOICE, "auto|bwrap|none", "isolate build steps from network and system",
		AT(sandbox)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)", AT(cache)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder", AT(recipes)},
	{"why", 0, OPT_FLAG, NULL, "say for each step whether it runs, and why", AT(why)},
	{"dry-run", 'n', OPT_FLAG, NULL, "the same and what else there would be, and stop",
		AT(dry_run)},
	{"keep-work", 0, OPT_FLAG, NULL, "keep the folder of a step that fails", AT(keep_work)},
	{"json", 0, OPT_FLAG, NULL, "print the summary as JSON", AT(json)},
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
		"Builds with the same output, or that make the same step, take turns; after SOLDER_LOCK_TIMEOUT\n"
		"seconds of waiting, one gives up and says for whom it waited.",
	.example =
		"solder build\nsolder build 3.11 -o python311\n"
		"solder build --opt pgo --lto thin --cc clang-19\nsolder build --link shared --why",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct build_values),
	.defaults = cmd_build_defaults,
	.max_args = 1,
	.run = run,
};
