/* Wheels for other systems: obtained by pip or named, judged in a process each, and put into the
 * model as rules with findings, and as wheels with predictions. Nothing of them is run. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "check/foreign-internal.h"
#include "proc/proc.h"

#define FINDINGS_MAX 1000 /* of one rule */
#define TOLD_MAX 3        /* reasons of one wheel */
/* Of one wheel, with its download; only one that was made for it needs as much. */
#define TIME_MS (40 * 60 * 1000)
#define DATA_MAX ((uint64_t)8 << 30)

/* What pip calls the platforms. Of macOS's tags it takes those of earlier versions, too; of the
 * others each is named. */
static const struct platform {
	const char *name, *tags;
	enum foreign_system system;
} platforms[] = {
	{"macos-arm64", "macosx_15_0_arm64", FOREIGN_MACOS},
	{"macos-x86_64", "macosx_15_0_x86_64", FOREIGN_MACOS},
	{"musllinux", "musllinux_1_2_x86_64 musllinux_1_1_x86_64", FOREIGN_LINUX},
	{"manylinux-aarch64",
		"manylinux_2_39_aarch64 manylinux_2_38_aarch64 manylinux_2_36_aarch64 "
		"manylinux_2_35_aarch64 manylinux_2_34_aarch64 manylinux_2_31_aarch64 "
		"manylinux_2_28_aarch64 manylinux_2_27_aarch64 manylinux_2_26_aarch64 "
		"manylinux_2_24_aarch64 manylinux_2_17_aarch64 manylinux2014_aarch64",
		FOREIGN_LINUX},
	{"win-amd64", "win_amd64", FOREIGN_WINDOWS},
};

static const char *const pythons[] = {"static", "shared", "framework"};

static const struct {
	const struct check_rule *rules;
	unsigned int pythons; /* those that there are */
} systems[] = {
	[FOREIGN_MACOS] = {rules_macho, FOREIGN_ALL},
	[FOREIGN_LINUX] = {rules_elf, FOREIGN_STATIC | FOREIGN_SHARED},
	[FOREIGN_WINDOWS] = {rules_pe, FOREIGN_SHARED},
};

struct foreign_job {
	const struct foreign_run *run;
	const struct wheel_item *item;
	struct wheel_child child;
	json_t *answer;
};

struct foreign_run {
	const struct check_foreign_options *options;
	struct wheel_list list;
	struct strv pip;
	const struct platform *platform; /* NULL: a wheel was named */
	const char *series;
	struct progress *progress;
	struct foreign_job *jobs;
	size_t next;
};

/* ---- one wheel, in a process of its own ------------------------------------------------------ */

/* Downloads a wheel: returns 1, 0 with the reason, or -1. */
static int obtain(const struct foreign_job *job, char **file, char **why, struct err *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/download", job->child.dir), *said = NULL;
	CLEANUP_STRV struct strv more = STRV_INIT, tags = STRV_INIT;
	int got;

	if (make_dirs(dir, err) < 0)
		return -1;
	strv_split(&more, "--implementation cp --python-version", " ");
	strv_add(&more, job->run->series);
	strv_split(&tags, job->run->platform->tags, " ");
	for (size_t i = 0; i < tags.n; i++) {
		strv_add(&more, "--platform");
		strv_add(&more, tags.v[i]);
	}
	got = pip_download(&job->run->pip, &more, job->item->requirement, dir, job->child.dir, file,
		&said, err);
	if (got == 0)
		*why = said ? xasprintf("pip: %s", said) : xstrdup("pip downloaded no wheel");
	return got;
}

/* The gravest of what is predicted, in words: each reason once. */
static char *reasons(const struct foreign_audit *audit, enum wheel_expected worst)
{
	CLEANUP_STRV struct strv all = STRV_INIT, told = STRV_INIT;

	for (size_t i = 0; i < FOREIGN_N_PYTHONS; i++) {
		for (size_t k = 0; audit->of[i].expected == worst && k < audit->of[i].because.n;
			k++) {
			if (!strv_has(&all, audit->of[i].because.v[k]))
				strv_add(&all, audit->of[i].because.v[k]);
		}
	}
	for (size_t i = 0; i < all.n && i < TOLD_MAX; i++)
		strv_add(&told, all.v[i]);
	if (all.n > TOLD_MAX)
		strv_addf(&told, "and %zu more", all.n - TOLD_MAX);
	return strv_join(&told, "; ");
}

static void add_verdict(const struct foreign_audit *audit, json_t *wheel)
{
	json_t *list = json_object();
	bool breaks = false, unsure = false;

	for (size_t i = 0; i < FOREIGN_N_PYTHONS; i++) {
		enum wheel_expected e = audit->of[i].expected;
		CLEANUP_FREE char *because = NULL;

		if (!(systems[audit->tags.system].pythons & 1u << i))
			continue;
		because = strv_join(&audit->of[i].because, "; ");
		breaks = breaks || e == WHEEL_BREAKS;
		unsure = unsure || e == WHEEL_UNSURE;
		json_object_set_new(list, pythons[i],
			json_pack("{s:s, s:o}", "expected", wheel_expected_word(e), "because",
				json_text(because)));
	}
	json_object_set_new(wheel, "predictions", list);
	if (breaks || unsure) {
		CLEANUP_FREE char *why = reasons(audit, breaks ? WHEEL_BREAKS : WHEEL_UNSURE);

		json_object_set_new(wheel, "why", json_text(why));
	}
	json_object_set_new(wheel, "verdict",
		json_string(check_verdict_word(breaks   ? CHECK_FAIL
					       : unsure ? CHECK_WARN
							: CHECK_PASS)));
}

static void not_checked(json_t *wheel, const char *why)
{
	json_object_set_new(wheel, "verdict", json_string(check_verdict_word(CHECK_NOT_CHECKED)));
	json_object_set_new(wheel, "why", json_text(why));
}

/* Judges a wheel, or one of its files alone. Problems of the file itself go into the verdict. */
static int judge_file(const char *file, const char *scratch, json_t *answer, struct err *err)
{
	CLEANUP(foreign_audit_release) struct foreign_audit audit = {.wheel = file};
	CLEANUP_FREE char *name = NULL, *version = NULL;
	json_t *wheel = json_object_get(answer, "wheel");
	bool archive = ends_with(file, ".whl");
	char hex[SHA256_HEX_SIZE];
	uint64_t size;

	if (sha256_file(file, hex, &size, err) < 0)
		return -1;
	json_object_set_new(wheel, "file", json_text(path_base(file)));
	json_object_set_new(wheel, "sha256", json_string(hex));
	json_object_set_new(wheel, "size", json_integer((json_int_t)size));
	if (!archive) {
		if (foreign_audit_file(&audit, file, err) < 0)
			return -1;
	} else {
		if (wheel_name_parse(file, &name, &version)) {
			json_object_set_new(wheel, "name", json_text(name));
			json_object_set_new(wheel, "version", json_text(version));
		}
		if (!foreign_tags_read(file, &audit.tags)) {
			not_checked(wheel,
				ends_with(file, "-any.whl")
					? "it is for every platform, and nothing in it is compiled"
					: "its name is for no platform that can be judged");
			return 0;
		}
		json_object_set_new(answer, "system", json_integer(audit.tags.system));
		if (foreign_audit_wheel(&audit, file, scratch, err) < 0) {
			if (err->code != ERR_INPUT)
				return -1;
			not_checked(wheel, err->msg);
			*err = (struct err)ERR_INIT;
			return 0;
		}
	}
	json_object_set_new(wheel, "files", json_integer((json_int_t)audit.n));
	json_object_set_new(wheel, "modules", json_integer((json_int_t)audit.modules));
	json_object_set_new(answer, "system", json_integer(audit.tags.system));
	json_object_set(answer, "findings", audit.findings);
	if (audit.n)
		add_verdict(&audit, wheel);
	else
		not_checked(wheel, "nothing in it is compiled");
	return 0;
}

static int check_in_child(void *ctx, struct err *err)
{
	const struct foreign_job *job = ctx;
	CLEANUP_FREE char *path = xasprintf("%s/" WHEEL_ANSWER, job->child.dir), *text = NULL;
	CLEANUP_FREE char *file = job->item->file ? xstrdup(job->item->file) : NULL, *why = NULL;
	json_t *answer = json_pack("{s:{s:o}}", "wheel", "name", json_text(job->item->name));
	int got = file ? 1 : obtain(job, &file, &why, err);

	if (got == 0)
		not_checked(json_object_get(answer, "wheel"), why);
	if (got == 1 && judge_file(file, job->child.dir, answer, err) < 0) {
		if (err->code == ERR_INTERRUPTED) {
			json_decref(answer);
			return -1;
		}
		not_checked(json_object_get(answer, "wheel"), err->msg);
	}
	text = json_dumps(answer, 0);
	json_decref(answer);
	return got < 0 ? -1 : file_write(path, text, strlen(text), 0644, err);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int start_wheel(void *ctx, struct proc **ret, void **job, struct err *err)
{
	struct foreign_run *r = ctx;
	struct foreign_job *j = &r->jobs[r->next];
	struct proc_spec spec = {.out = -1,
		.err = -1,
		.run = check_in_child,
		.ctx = j,
		.time_ms = TIME_MS,
		.limits = {.data = DATA_MAX}};

	if (r->next == r->list.n)
		return POOL_NO_MORE;
	j->run = r;
	j->item = &r->list.v[r->next];
	j->child.dir = xasprintf("%s/%zu", r->options->scratch, r->next);
	if (wheel_child_start(&j->child, &r->list, r->next, &spec, r->progress, ret, err) < 0)
		return -1;
	r->next++;
	*job = j;
	return POOL_STARTED;
}

static void drop_wheel(void *ctx, void *job)
{
	const struct foreign_run *r = ctx;
	const struct foreign_job *j = job;

	wheel_child_drop(&j->child, r->progress);
}

static int end_wheel(void *ctx, void *job, struct proc *proc, struct err *err)
{
	const struct foreign_run *r = ctx;
	struct foreign_job *j = job;
	struct err how;

	if (wheel_child_end(&j->child, proc, r->progress, &j->answer, &how, err) < 0)
		return -1;
	if (!json_is_object(json_object_get(j->answer, "wheel"))) {
		json_decref(j->answer);
		j->answer = json_pack("{s:{s:o}}", "wheel", "name", json_text(j->item->name));
		not_checked(json_object_get(j->answer, "wheel"),
			*how.msg ? how.msg : "the process that checked it gave no answer");
	}
	progress_end(r->progress, j->child.line,
		check_verdict_word(check_verdict_of(json_object_get(j->answer, "wheel"))));
	return tree_remove(j->child.dir, err);
}

/* Adds the answer's wheel to the model, and its findings to those of the rules. */
static void take_answer(const json_t *answer, json_t *model, json_t *found)
{
	json_t *wheel = json_object_get(answer, "wheel"), *finding;
	const char *file = check_text(wheel, "file");
	size_t i;

	json_array_append(check_list(model, "wheels"), wheel);
	json_array_foreach (json_object_get(answer, "findings"), i, finding) {
		const char *where = check_text(finding, "where");
		json_t *list = check_list(found, check_text(finding, "rule"));

		json_array_append_new(list,
			json_pack("{s:o, s:O}", "where",
				file && ends_with(file, ".whl") ? json_sprintf("%s/%s", file, where)
								: json_text(where),
				"what", json_object_get(finding, "what")));
	}
}

/* One element for each rule of the system. */
static void add_rules(const struct check_foreign_options *options, enum foreign_system system,
	bool checked, const json_t *found, json_t *model)
{
	json_t *list = check_list(model, "rules");

	for (const struct check_rule *rule = systems[system].rules; rule->id; rule++) {
		json_t *all = json_object_get(found, rule->id), *findings;
		size_t n = json_array_size(all);

		if (!rule_wanted(rule, options->only, options->skip))
			continue;
		findings = json_array();
		for (size_t i = 0; i < n && i < FINDINGS_MAX; i++)
			json_array_append(findings, json_array_get(all, i));
		json_array_append_new(
			list, rule_result(rule, findings, n > FINDINGS_MAX ? n - FINDINGS_MAX : 0,
				      n || checked ? NULL : "no wheel could be judged"));
	}
}

static void add_answers(struct foreign_run *r, const json_t *only, json_t *model)
{
	json_t *found = json_object(), *wheels = check_list(model, "wheels");
	json_t *system = r->platform ? json_integer(r->platform->system)
				     : json_incref(json_object_get(only, "system"));
	bool checked = false;

	for (size_t i = 0; i < r->list.n; i++) {
		if (r->jobs[i].answer)
			take_answer(r->jobs[i].answer, model, found);
	}
	if (only)
		take_answer(only, model, found);
	for (size_t i = 0; i < json_array_size(wheels); i++)
		checked =
			checked || check_verdict_of(json_array_get(wheels, i)) != CHECK_NOT_CHECKED;
	if (system)
		add_rules(r->options, (enum foreign_system)json_integer_value(system), checked,
			found, model);
	json_decref(system);
	json_decref(found);
	check_summarise(model);
}

bool check_foreign_is(const char *path)
{
	struct err ignored = ERR_INIT;
	char magic[8];
	ssize_t n;

	if (!path_exists(path) || path_is_dir(path))
		return false;
	CLEANUP_CLOSE int fd = file_open(path, &ignored);

	n = fd < 0 ? 0 : file_pread(fd, magic, sizeof(magic), 0);
	return ends_with(path, ".whl") ||
	       (n > 0 && (macho_is(magic, (size_t)n) || pe_is(magic, (size_t)n)));
}

int check_foreign_file(const char *path, const struct check_foreign_options *options, json_t *model,
	struct err *err)
{
	struct foreign_run r = {.options = options};
	json_t *answer = json_pack("{s:{s:o}}", "wheel", "name", json_text(path_base(path)));
	int result = judge_file(path, options->scratch, answer, err);

	json_object_set_new(model, "given", json_text(path));
	if (result == 0)
		add_answers(&r, answer, model);
	json_decref(answer);
	return result;
}

static int find_platform(const char *name, const struct platform **ret, struct err *err)
{
	const char *names[ARRAY_SIZE(platforms)];
	CLEANUP_STRV struct strv given = STRV_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(platforms); i++) {
		names[i] = platforms[i].name;
		if (!strcmp(name, names[i]))
			*ret = &platforms[i];
	}
	strv_add(&given, name);
	return check_ids_known("platform", &given, names, ARRAY_SIZE(names), ARRAY_SIZE(names),
		"there are macos-arm64, macos-x86_64, musllinux, manylinux-aarch64 and win-amd64",
		err);
}

int check_foreign(const struct python *dist, const struct check_foreign_options *options,
	struct progress *progress, json_t *model, struct err *err)
{
	const struct check_wheel_options list = {
		.what = options->what, .data_dir = options->data_dir, .filter = options->filter};
	struct foreign_run r = {.options = options, .series = dist->series, .progress = progress};
	struct proc_pool pool = {.jobs = options->jobs,
		.progress = progress,
		.start = start_wheel,
		.end = end_wheel,
		.drop = drop_wheel,
		.ctx = &r};
	static const char *const none[] = {NULL};
	int failed = -1;

	if (find_platform(options->platform, &r.platform, err) < 0 ||
		wheel_list_read(&list, &r.list, err) < 0)
		return -1;
	json_object_set_new(model, "given", json_text(options->what));
	json_object_set_new(model, "platform", json_string(options->platform));
	json_object_set_new(model, "series", json_text(dist->series));
	r.jobs = xcalloc(r.list.n, sizeof(*r.jobs));
	if (pip_find(dist->interpreter, none, &r.pip))
		failed = proc_pool_run(&pool, err);
	else
		err_set(err, ERR_UNSUPPORTED, "'%s' has no pip, which downloads wheels",
			dist->interpreter);
	add_answers(&r, NULL, model);
	for (size_t i = 0; i < r.list.n; i++) {
		free(r.jobs[i].child.dir);
		json_decref(r.jobs[i].answer);
	}
	free(r.jobs);
	strv_release(&r.pip);
	wheel_list_release(&r.list);
	return failed;
}
