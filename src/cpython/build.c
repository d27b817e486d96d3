/* From a request to a plan, and from a plan to a tree. */
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "base/data.h"
#include "base/file.h"
#include "proc/lock.h"
#include "proc/parallel.h"
#include "base/term.h"
#include "cpython/cpython-internal.h"
#include "farm/farm.h"
#include "report/json.h"

void cpython_request_defaults(struct cpython_request *request)
{
	*request = (struct cpython_request){
		.sources = "auto", .sandbox = "auto", .share.mode = "read", .jobs = processors()};
}

static int check_dual(const struct cpython_options *o, struct err *err)
{
	const char *option = !strcmp(o->pie, "no")      ? "pie"
			     : !strcmp(o->soname, "no") ? "soname"
							: NULL;

	if (!option || strcmp(o->link, "dual") != 0)
		return 0;
	err_set(err, ERR_USAGE, "--link dual excludes --%s no: the interpreter is a library, %s",
		option, !strcmp(option, "pie") ? "which lies anywhere" : "which has a name");
	return err_hint(err, "add --%s yes, or leave out --link dual", option);
}

static int check_request(const struct cpython_request *q, struct err *err)
{
	const struct cpython_options *o = &q->options;

	if (q->executor && !strstr(q->executor, "{dir}"))
		return err_set(err, ERR_USAGE,
			"--executor '%s' does not say {dir}, the folder that it takes elsewhere",
			q->executor);
	if (strcmp(o->train, "pgo") != 0 && strcmp(o->profile, "train") != 0 &&
		!strcmp(o->bolt, "no"))
		return err_set(err, ERR_USAGE, "--train goes with --profile train or --bolt");
	if (o->bolt_profile && !strcmp(o->bolt, "no"))
		return err_set(err, ERR_USAGE, "--bolt-profile goes with --bolt");
	if (cpython_check_abi(o, err) < 0 || check_dual(o, err) < 0)
		return -1;
	if (q->executor && q->launcher)
		return err_set(err, ERR_USAGE,
			"--executor and --launcher exclude each other: a worker compiles itself");
	for (size_t i = 0; i < cpython_n_options; i++) {
		const struct cpython_option *option = &cpython_option_table[i];
		const char *value = cpython_option_get(o, option);

		if (!strcmp(option->choices, "N") && !cpython_option_takes(option, value))
			return err_set(err, ERR_USAGE,
				"--%s: '%s' is not a whole number below 10^9", option->name, value);
	}
	return 0;
}

/* Opens the recipes, the cache and the downloader. */
static int open_sources(struct cpython_build *b, struct err *err)
{
	const struct cpython_request *q = &b->request;

	b->progress = q->progress ? q->progress
				  : progress_new(stderr, q->quiet ? PROGRESS_QUIET : PROGRESS_AUTO);
	if (data_folder("recipes", q->recipes, &b->recipes, err) < 0 ||
		cache_open(q->cache, &b->cache, err) < 0)
		return -1;
	b->fetcher = fetcher_new(&(struct fetch_options){.store = b->cache->sources,
		.offline = q->offline,
		.mirror = q->mirror,
		.progress = b->progress});
	return q->offline ? 0 : share_open(&b->request.share, b->progress, &b->share, err);
}

/* "auto" is BOLT where it is worth the time and all that it needs is there. */
static int settle_bolt(struct cpython_build *b, struct toolchain_needs *needs, struct err *err)
{
	struct cpython_options *o = &b->request.options;
	CLEANUP(cleanup_toolchain) struct toolchain *with = NULL;
	struct err why = ERR_INIT;

	if (strcmp(o->bolt, "auto") != 0)
		return 0;
	o->bolt = "no";
	/* BOLT's result is proven by running it. */
	if (needs->target || target_twin(b->target) || b->full->family != CC_CLANG ||
		!strcmp(o->profile, "none") || !strcmp(o->debug, "yes"))
		return 0;
	needs->bolt = true;
	if (toolchain_find(b->full->cc, needs, &with, &why) == 0) {
		o->bolt = "yes";
		with->passed = steal(&b->full->passed);
		toolchain_free(b->full);
		b->full = steal(&with);
		return 0;
	}
	if (why.code == ERR_INTERRUPTED) {
		*err = why;
		return -1;
	}
	progress_warn(b->progress, "without BOLT: %s", why.msg);
	return 0;
}

static int choose_compiler(struct cpython_build *b, struct err *err)
{
	struct cpython_options *o = &b->request.options;
	const struct target *target = target_is_crossed(b->target, o) ? b->target : NULL;
	const struct toolchain_needs nothing = {.target = target};
	struct toolchain_needs needs = {.target = target,
		.lto = strcmp(o->lto, "none"),
		.training = !strcmp(o->profile, "train"),
		.bolt = !strcmp(o->bolt, "yes")};

	if (toolchain_find(b->request.cc, &needs, &b->full, err) < 0 ||
		settle_bolt(b, &needs, err) < 0)
		return -1;
	if (target && cross_settle(b, err) < 0)
		return -1;
	if (b->full->passed)
		progress_warn(b->progress, "the best compiler here is %s: %s",
			path_base(b->full->cc), b->full->passed);
	/* Packages use the tools of a plain build, so that all kinds share them. */
	if (toolchain_find(b->full->cc, &nothing, &b->plain, err) < 0)
		return -1;
	musl_adopt(b->target, b->plain);
	if (musl_adopt(b->target, b->full) && musl_check(o, b->full, err) < 0)
		return -1;
	if (!strcmp(o->lto, "best"))
		o->lto = b->full->family == CC_GCC ? "full" : "thin";
	if (b->full->family == CC_GCC && !strcmp(o->lto, "thin")) {
		err_set(err, ERR_USAGE, "gcc has no thin LTO");
		return err_hint(err, "use --lto full, or a clang with --cc");
	}
	return sysroot_settle(o, b->glibc_said, b->full, b->native ? NULL : gnu_get_libc_version(),
		       err) < 0
		       ? -1
		       : cpython_check_fit(o, b->full, !b->native, err);
}

static char *output_of(const struct cpython_build *b)
{
	const struct cpython_options *o = &b->request.options;
	char *output;

	if (!b->request.output)
		return xasprintf("dist/cpython-%s-%s%s%s%s%s%s%s%s%s%s",
			b->sources.chosen[b->sources.n - 1].version, o->link,
			strcmp(o->freethreaded, "no") ? "-freethreaded" : "",
			strcmp(o->debug, "no") ? "-debug" : "",
			!strcmp(o->profile, "locked") ? ""
			: !strcmp(o->profile, "none") ? "-no-profile"
						      : "-own-profile",
			strcmp(o->lto, "none") ? "-lto" : "", strcmp(o->bolt, "no") ? "-bolt" : "",
			b->preset ? "-like-" : "", b->preset ? b->preset->name : "",
			b->target ? "-" : "", b->target ? b->target->name : "");
	output = path_absolute(b->request.output);
	/* For "-o dir/": otherwise what belongs next to it would be inside it. */
	for (size_t n = strlen(output); n > 1 && output[n - 1] == '/'; n--)
		output[n - 1] = '\0';
	return output;
}

int cpython_open(const struct cpython_request *request, struct cpython_build **ret, struct err *err)
{
	CLEANUP_CPYTHON_BUILD struct cpython_build *b = xcalloc(1, sizeof(*b));

	b->request = *request;
	if (open_sources(b, err) < 0 || cpython_settle_options(b, err) < 0 ||
		check_request(&b->request, err) < 0 ||
		sandbox_choose(request->sandbox, &b->sandbox, &b->sandbox_reason, err) < 0 ||
		choose_compiler(b, err) < 0 || launcher_check(b, err) < 0 ||
		sources_choose(b, err) < 0 ||
		cpython_check_version(&b->request.options, cpython_of(b), b->full, err) < 0 ||
		profile_choose(b, err) < 0 || bolt_choose(b, err) < 0 ||
		cpython_check_tools(&b->sources, err) < 0 || cpython_plan(b, err) < 0 ||
		plan_settle(&b->plan.plan, b->cache, err) < 0)
		return -1;
	b->output = output_of(b);
	b->elsewhere = (struct plan_elsewhere){.command = request->executor,
		.hand_out = farm_hand_out,
		.take_back = farm_take_back};
	*ret = steal(&b);
	return 0;
}

void cpython_close(struct cpython_build *b)
{
	if (!b)
		return;
	plan_release(&b->plan.plan);
	sources_release(&b->sources);
	profile_release(&b->profile);
	profile_release(&b->bolt_profile);
	share_free(b->share);
	fetcher_free(b->fetcher);
	toolchain_free(b->plain);
	toolchain_free(b->full);
	toolchain_free(b->native);
	cache_free(b->cache);
	if (!b->request.progress)
		progress_free(b->progress);
	preset_free(b->preset);
	free(b->recipes);
	free(b->output);
	free(b);
}

void cleanup_cpython_build(struct cpython_build **b)
{
	cpython_close(*b);
}

char *build_words(const struct cpython_build *b)
{
	return xasprintf("sources: %s (%s); compiler: %s; sandbox: %s; profile: %s%s%s%s%s",
		b->sources.lock->set, b->sources.reason, b->full->version, b->sandbox_reason,
		b->profile.words, b->profile.hint ? "; " : "",
		b->profile.hint ? b->profile.hint : "", b->bolt_profile.words ? "; for BOLT: " : "",
		b->bolt_profile.words ? b->bolt_profile.words : "");
}

void build_doubts(const struct cpython_build *b)
{
	struct err err = ERR_INIT;

	if (folder_trust_above(b->cache->dir, &err) < 0)
		progress_warn(b->progress, "others could replace the cache: %s", err.msg);
	else if (folder_trust_above(b->output, &err) < 0 ||
		 folder_trust(b->output, false, &err) < 0)
		progress_warn(b->progress, "others could change the distribution: %s", err.msg);
	for (size_t i = 0; i < b->plan.plan.n; i++) {
		const struct step *s = b->plan.plan.steps[i];

		if (s->damaged && !s->same)
			progress_warn(
				b->progress, "rebuilding %s (%s): %s", s->title, s->id, s->reason);
	}
}

int build_fetch(struct cpython_build *b, struct err *err)
{
	for (size_t i = 0; i < b->sources.n; i++) {
		const struct chosen *c = &b->sources.chosen[i];
		bool package = i + 1 < b->sources.n;
		CLEANUP_FREE char *tool = xasprintf(CROSS_TOOL "%s", c->recipe->name);
		struct step *users[] = {
			package ? plan_find(&b->plan.plan, c->recipe->name) : b->plan.compile,
			!package && b->profile.train ? b->plan.profile : NULL,
			plan_find(&b->plan.plan, tool)};

		for (size_t k = 0; k < ARRAY_SIZE(users); k++) {
			struct step *s = users[k];

			if (!s || !c->lock || s->same || s->cached || s->source ||
				sources_fetch(b->fetcher, c->lock, &s->source, err) == 0)
				continue;
			return s == b->plan.sysroot && b->plan.floor
				       ? err_hint(err,
						 "run 'solder fetch' while there is a network, or build with --glibc native")
				       : -1;
		}
	}
	return 0;
}

/* Builds with the same output take turns, even with different caches: the lock is next to the
 * output. Where files cannot be locked (NFS) they do not; each tree still appears as a whole. */
int build_finish(struct cpython_build *b, struct err *err)
{
	CLEANUP_FREE char *dir = path_dir(b->output), *text = NULL;
	CLEANUP_FREE char *path = xasprintf("%s.solder-lock", b->output);
	CLEANUP_FILE_LOCK struct file_lock *lock = NULL;
	CLEANUP_BUF struct buf all = BUF_INIT;
	char key[SHA256_HEX_SIZE];
	json_t *manifest;
	int got = -1;

	if (cpython_manifest(b, &manifest, err) < 0)
		return -1;
	text = json_dumps(manifest, JSON_INDENT(2));
	buf_addf(&all, "%s\n%s\n%s", text, b->plan.tree->id, b->plan.last->id);
	sha256_hex(all.data, all.len, key);
	if (make_dirs(dir, err) == 0 && lock_take(path, b->output, b->progress, &lock, err) >= 0)
		got = cpython_assemble(
			&b->plan, b->cache, b->output, key, manifest, b->progress, err);
	json_decref(manifest);
	return got;
}

/* Gives the steps their names for other machines; without them nothing is shared. */
static int name_steps(struct cpython_build *b, struct err *err)
{
	CLEANUP_FREE char *system = NULL;
	struct err failed = ERR_INIT;

	if (b->native) {
		share_stop(
			b->share, "a step of a build for another machine has one of two compilers");
		return 0;
	}
	if (system_identify(b->full, b->sandbox, &system, &failed) == 0) {
		plan_share(&b->plan.plan, system);
		return 0;
	}
	if (failed.code == ERR_INTERRUPTED) {
		*err = failed;
		return -1;
	}
	share_stop(b->share, "%s", failed.msg);
	return 0;
}

int build_take(struct cpython_build *b, struct err *err)
{
	struct plan_outlook o = plan_look(&b->plan.plan, b->request.jobs);

	if (!o.steps && !b->share)
		return 0;
	return name_steps(b, err) < 0 ? -1 : share_take(b->share, &b->plan.plan, b->cache, err);
}

int build_give(struct cpython_build *b, struct err *err)
{
	char received[32], sent[32];
	struct share_counts n;

	if (!b->share)
		return 0;
	if (share_give(b->share, &b->plan.plan, b->cache, err) < 0)
		return -1;
	n = share_counts(b->share);
	format_bytes(received, n.received);
	format_bytes(sent, n.sent);
	progress_say(b->progress, "the remote cache: %zu step%s taken (%s), %zu given (%s)",
		n.taken, plural(n.taken), received, n.given, sent);
	return 0;
}

struct plan_options build_plan_options(const struct cpython_build *b)
{
	return (struct plan_options){.jobs = b->request.jobs,
		.launcher = b->request.launcher,
		.farm_jobs = b->request.farm_jobs,
		.elsewhere = b->request.executor ? &b->elsewhere : NULL,
		.keep_work = b->request.keep_work,
		.progress = b->progress,
		.cache = b->cache,
		.sandbox = b->sandbox};
}

static int run_steps(struct cpython_build *b, struct plan_result *result, struct err *err)
{
	const struct plan_options po = build_plan_options(b);
	struct err failed = ERR_INIT;

	if (plan_run(&b->plan.plan, &po, result, err) == 0)
		return build_give(b, err);
	if (err->code != ERR_INTERRUPTED)
		build_give(b, &failed);
	return -1;
}

int cpython_make(struct cpython_build *b, struct plan_result *result, struct err *err)
{
	CLEANUP_FREE char *words = build_words(b);
	int got;

	if (musl_check_sandbox(b, err) < 0)
		return -1;
	progress_say(b->progress, "%s", words);
	build_doubts(b);
	if (cpython_check_output(b->output, err) < 0 || build_take(b, err) < 0 ||
		build_fetch(b, err) < 0 || run_steps(b, result, err) < 0 ||
		(got = build_finish(b, err)) < 0)
		return -1;
	progress_say(b->progress, got ? "'%s' is up to date" : "'%s' is ready", b->output);
	return 0;
}

int cpython_look(
	const struct cpython_request *request, struct cpython_outlook *ret, struct err *err)
{
	CLEANUP_CPYTHON_BUILD struct cpython_build *b = NULL;
	struct plan_outlook all;

	if (cpython_open(request, &b, err) < 0)
		return -1;
	all = plan_look(&b->plan.plan, b->request.jobs);
	*ret = (struct cpython_outlook){
		.steps = all.steps, .compiles = !b->plan.compile->cached, .estimate = all.left};
	return 0;
}

int cpython_build(const struct cpython_request *request, struct err *err)
{
	CLEANUP_CPYTHON_BUILD struct cpython_build *b = NULL;
	struct plan_result result;

	return cpython_open(request, &b, err) < 0 ? -1 : cpython_make(b, &result, err);
}

int cpython_fetch(
	const struct cpython_request *request, const char *from, json_t **ret, struct err *err)
{
	CLEANUP_CPYTHON_BUILD struct cpython_build *b = xcalloc(1, sizeof(*b));
	json_t *list;
	int failed = 0;

	b->request = *request;
	if (open_sources(b, err) < 0 || cpython_settle_options(b, err) < 0 ||
		(from && sources_import(b, from, err) < 0) || sources_choose(b, err) < 0)
		return -1;
	list = json_array();
	for (size_t i = 0; i < b->sources.n && failed == 0; i++) {
		const struct chosen *c = &b->sources.chosen[i];
		CLEANUP_FREE char *path = NULL;

		failed = c->lock ? sources_fetch(b->fetcher, c->lock, &path, err) : 0;
		if (path)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:s, s:s}", "package", c->recipe->name,
					      "version", c->version, "sha256", c->lock->sha256,
					      "path", path));
	}
	if (failed < 0) {
		json_decref(list);
		return -1;
	}
	*ret = json_pack("{s:s, s:o}", "set", b->sources.lock->set, "sources", list);
	return 0;
}

/* ---- before a build -------------------------------------------------------------------------- */

static const char *output_state(const struct cpython_build *b)
{
	struct err ignored = ERR_INIT;

	return !path_exists(b->output)                 ? "absent"
	       : dir_is_empty(b->output, &ignored) > 0 ? "empty"
						       : "replaced";
}

int cpython_outlook_print(const struct cpython_build *b, FILE *out, struct err *err)
{
	CLEANUP_FREE char *steps = plan_outlook_text(&b->plan.plan, b->request.jobs);
	CLEANUP_FREE char *patches = cpython_patch_words(cpython_of(b), &b->request.options);
	CLEANUP_STRV struct strv missing = STRV_INIT;
	CLEANUP_FREE char *list = NULL, *counted = NULL;
	const char *state = output_state(b);
	char size[32];

	if (cpython_check_output(b->output, err) < 0)
		return -1;
	for (size_t i = 0; i < b->sources.n; i++) {
		const struct chosen *c = &b->sources.chosen[i];

		if (!c->lock || sources_has(b->cache, c->lock))
			continue;
		format_bytes(size, c->lock->size);
		strv_addf(&missing, "%s %s (%s)", c->recipe->name, c->version, size);
	}
	list = strv_join(&missing, ", ");
	counted = xasprintf("%zu of %zu are not downloaded: %s", missing.n, b->sources.n, list);
	term_line(out, "%-10s %s (%s); %s", "sources", b->sources.lock->set, b->sources.reason,
		missing.n ? counted : "all are downloaded");
	term_line(out, "%-10s %s", "compiler", b->full->version);
	if (*b->plan.abiflags)
		term_line(out, "%-10s python%s%s: %s%s%s", "build", b->plan.series,
			b->plan.abiflags, *b->plan.abiflags == 't' ? "free-threaded" : "",
			!strcmp(b->plan.abiflags, "td") ? " and " : "",
			strchr(b->plan.abiflags, 'd') ? "debug" : "");
	term_line(out, "%-10s %s%s%s", "profile", b->profile.words, b->profile.hint ? "; " : "",
		b->profile.hint ? b->profile.hint : "");
	if (b->bolt_profile.words)
		term_line(out, "%-10s %s", "BOLT", b->bolt_profile.words);
	term_line(out, "%-10s %s", "patches", patches);
	term_line(out, "%-10s %s", "sandbox", b->sandbox_reason);
	term_line(out, "%-10s %s", "steps", steps);
	term_line(out, "%-10s '%s', %s", "output", b->output,
		!strcmp(state, "absent")  ? "which is not there yet"
		: !strcmp(state, "empty") ? "an empty folder"
					  : "a tree of solder, which would be replaced");
	return 0;
}

/* A time of 0 means unknown. */
static json_t *known_time(uint64_t ns)
{
	return ns ? json_integer((json_int_t)ns) : json_null();
}

/* A step of the graph. */
static json_t *step_json(const struct cpython_build *b, const struct step *s)
{
	CLEANUP_FREE char *tree = cache_tree(b->cache, s->id);
	json_t *needs = json_array(), *inputs = json_array();

	for (size_t i = 0; i < s->n_needs; i++)
		json_array_append_new(needs, json_string(s->needs[i]->name));
	for (size_t i = 0; i < s->inputs.n; i++)
		json_array_append_new(inputs, json_text(s->inputs.v[i]));
	return JSON_OBJECT({"name", json_string(s->name)}, {"id", json_string(s->id)},
		{"key", json_string(strrchr(s->id, '-') + 1)},
		{"shared", json_text(*s->shared ? s->shared : NULL)},
		{"title", json_text(s->title)}, {"state", json_string(s->cached ? "reuse" : "run")},
		{"reason", json_text(s->reason)},
		{"estimate_ns", s->cached ? json_integer(0) : known_time(s->estimate)},
		{"took_ns", known_time(s->estimate)}, {"needs", needs}, {"inputs", inputs},
		{"output", json_text(tree)}, {"elsewhere", json_boolean(!s->prepare)});
}

int cpython_outlook_json(struct cpython_build *b, json_t **ret, struct err *err)
{
	struct plan_outlook o = plan_look(&b->plan.plan, b->request.jobs);
	json_t *steps, *packages;
	uint64_t missing = 0;

	if (cpython_check_output(b->output, err) < 0 || name_steps(b, err) < 0)
		return -1;
	steps = json_array();
	packages = json_array();
	for (size_t i = 0; i < b->sources.n; i++) {
		const struct chosen *c = &b->sources.chosen[i];
		bool there = !c->lock || sources_has(b->cache, c->lock);

		missing += there ? 0 : c->lock->size;
		json_array_append_new(packages,
			json_pack("{s:s, s:s, s:s, s:o, s:b}", "name", c->recipe->name, "version",
				c->version, "sha256", c->lock ? c->lock->sha256 : c->source_digest,
				"size",
				c->lock ? json_integer((json_int_t)c->lock->size) : json_null(),
				"downloaded", there));
	}
	for (size_t i = 0; i < b->plan.plan.n; i++)
		json_array_append_new(steps, step_json(b, b->plan.plan.steps[i]));
	*ret = json_pack(
		"{s:{s:o, s:s}, s:{s:s, s:s, s:o}, s:s, s:s, s:s, s:s*, s:s, s:o, s:{s:i, s:i, s:i, s:o, s:I}}",
		"output", "path", json_text(b->output), "state", output_state(b), "sources", "set",
		b->sources.lock->set, "reason", b->sources.reason, "packages", packages, "compiler",
		b->full->version, "abiflags", b->plan.abiflags, "profile", b->profile.words,
		"bolt_profile", b->bolt_profile.words, "sandbox", b->sandbox_reason, "steps", steps,
		"totals", "run", (int)o.steps, "reuse", (int)(b->plan.plan.n - o.steps),
		"never_built", (int)o.unknown, "estimate_ns",
		o.steps && o.unknown ? json_null() : json_integer((json_int_t)o.left),
		"download_bytes", (json_int_t)missing);
	return 0;
}
