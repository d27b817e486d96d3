/* The engine of rules: shared helpers, and the application of the tables. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "check/check-internal.h"

/* Maximum number of listed findings per rule; the rest are counted. */
#define FINDINGS_MAX 100
#define TEXT_MAX ((size_t)1 << 20)
#define RULES_MAX 256

static const struct {
	const char *title;
	const struct check_rule *rules;
} groups[] = {
	{"Symbols", rules_symbols},
	{"Loading", rules_loading},
	{"Hardening", rules_hardening},
	{"Static library", rules_archive},
	{"What describes the installation", rules_paths},
	{"Layout", rules_layout},
	{"Starting", rules_start},
	{"Build", rules_build},
	{"Wheels for macOS", rules_macho},
	{"Wheels for Linux", rules_elf},
	{"Wheels for Windows", rules_pe},
};

const struct check_rule *check_rule_at(size_t i)
{
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		for (const struct check_rule *rule = groups[g].rules; rule->id; rule++) {
			if (i-- == 0)
				return rule;
		}
	}
	return NULL;
}

const struct check_rule *check_rule_find(const char *id)
{
	const struct check_rule *rule;

	for (size_t i = 0; (rule = check_rule_at(i)); i++) {
		if (!strcmp(rule->id, id))
			return rule;
	}
	return NULL;
}

const char *check_severity_name(enum check_severity severity)
{
	static const char *const names[] = {"error", "warning", "note"};

	return names[severity];
}

int check_rules_known(const struct strv *ids, struct err *err)
{
	const char *names[RULES_MAX];
	const struct check_rule *rule;
	size_t n = 0;

	while (n < RULES_MAX && (rule = check_rule_at(n)))
		names[n++] = rule->id;
	return check_ids_known(
		"rule", ids, names, n, n, "'solder check --list-rules' lists them", err);
}

bool rule_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

bool rule_path_below(const char *path, const char *dir)
{
	CLEANUP_FREE char *real = realpath(path, NULL), *real_dir = realpath(dir, NULL);
	size_t n;

	path = real ? real : path;
	dir = real_dir ? real_dir : dir;
	n = strlen(dir);
	while (n && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

bool rule_read_text(const char *path, struct buf *out)
{
	struct err ignored = ERR_INIT;

	return file_read(path, TEXT_MAX, out, &ignored) == 0 && out->data;
}

const char *rule_short(const struct rule_run *r, const char *path)
{
	const char *prefix = r->dist->prefix;
	const char *rel = prefix && strlen(prefix) > 1 ? py_below(prefix, path) : NULL;

	return rel && *rel ? rel : path;
}

const struct py_file *rule_next(const struct rule_run *r, unsigned int roles, size_t *i)
{
	while (*i < r->files->n) {
		const struct py_file *f = &r->files->v[(*i)++];

		if ((roles & ROLE(f->role)) && !f->site && !f->problem && !f->facts.debug_only &&
			f->facts.kind != ELF_KIND_OBJECT)
			return f;
	}
	return NULL;
}

char *rule_sysconfig_data(const struct python *d)
{
	const char *multiarch = py_config(d, "MULTIARCH");

	if (!d->stdlib)
		return NULL;
	return xasprintf("%s/_sysconfigdata_%s_linux_%s.py", d->stdlib,
		d->abiflags ? d->abiflags : "", multiarch ? multiarch : "");
}

void rule_find(struct rule_run *r, const char *where, const char *fmt, ...)
{
	CLEANUP_FREE char *what = NULL;
	va_list ap;

	if (json_array_size(r->findings) >= FINDINGS_MAX) {
		r->more++;
		return;
	}
	va_start(ap, fmt);
	what = xvasprintf(fmt, ap);
	va_end(ap);
	/* Names in files need not be UTF-8. */
	json_array_append_new(
		r->findings, json_pack("{s:o*, s:o}", "where",
				     rule_short(r, where) ? json_text(rule_short(r, where)) : NULL,
				     "what", json_text(what)));
}

void rule_unchecked(struct rule_run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->why)
		return;
	va_start(ap, fmt);
	r->why = xvasprintf(fmt, ap);
	va_end(ap);
}

/* Records why a rule does not apply to this installation, if so. */
static void check_needs(struct rule_run *r, unsigned int needs)
{
	const struct python *d = r->dist;
	const struct py_file *f = r->interpreter;
	const char *other = py_other_implementation(d);

	if (other && !(needs & ANY_PYTHON))
		rule_unchecked(r, "this is %s, and the rule is CPython's", other);
	if ((needs & NEEDS_RUN) && !py_runs(d))
		rule_unchecked(r, "needs an interpreter that runs: %s",
			d->why_not ? d->why_not : "this one does not");
	if ((needs & NEEDS_RELOCATABLE) && !r->relocatable)
		rule_unchecked(r, "for distributions that can be moved; this one was built for %s",
			r->built_for ? r->built_for : "one place");
	if ((needs & NEEDS_OWN_PREFIX) && d->system)
		rule_unchecked(r, "'%s' is shared with other software", d->prefix);
	if ((needs & NEEDS_STATIC) && d->link != PY_LINK_STATIC)
		rule_unchecked(r,
			"for interpreters that carry libpython; this one's link mode is %s",
			py_link_name(d->link));
	if ((needs & NEEDS_SHARED) && d->link != PY_LINK_SHARED)
		rule_unchecked(r,
			"for interpreters that need libpython; this one's link mode is %s",
			py_link_name(d->link));
	if ((needs & NEEDS_LIBRARY) && !r->library)
		rule_unchecked(r, "no shared libpython ships");
	if ((needs & NEEDS_ARCHIVE) && !d->libpython_static)
		rule_unchecked(r, "no static libpython ships");
	if ((needs & (NEEDS_STATIC | NEEDS_FILE | NEEDS_LOADER)) && !f)
		rule_unchecked(r, "needs an interpreter that can be read");
}

json_t *rule_result(const struct check_rule *rule, json_t *findings, size_t more, const char *why)
{
	static const enum check_verdict broken[] = {CHECK_FAIL, CHECK_WARN, CHECK_REMARK};
	bool found = json_array_size(findings) > 0;
	enum check_verdict verdict = found ? broken[rule->severity]
				     : why ? CHECK_NOT_CHECKED
					   : CHECK_PASS;
	json_t *result =
		json_pack("{s:s, s:s, s:s, s:s, s:s*, s:o*, s:o}", "id", rule->id, "severity",
			check_severity_name(rule->severity), "verdict", check_verdict_word(verdict),
			"reason", rule->reason, "todo", found ? rule->todo : NULL, "why",
			why ? json_text(why) : NULL, "findings", findings);

	if (more)
		json_object_set_new(result, "more", json_integer((json_int_t)more));
	return result;
}

bool rule_wanted(const struct check_rule *rule, const struct strv *only, const struct strv *skip)
{
	return (!only || !only->n || strv_has(only, rule->id)) &&
	       (!skip || !strv_has(skip, rule->id));
}

static json_t *apply_rule(const struct check_rule *rule, struct rule_run *r)
{
	const struct py_file *f;
	json_t *result;

	r->findings = json_array();
	r->more = 0;
	check_needs(r, rule->needs);
	if (!r->why && rule->apply)
		rule->apply(r);
	else if (!r->why)
		for (size_t i = 0; (f = rule_next(r, rule->roles, &i));)
			rule->on_file(r, f);
	result = rule_result(rule, r->findings, r->more, r->why);
	free(steal(&r->why));
	return result;
}

/* Finds the files that most rules need. */
static void run_init(struct rule_run *r, const struct python *d, const struct py_files *files)
{
	CLEANUP_FREE char *manifest = xasprintf("%s/share/solder/build.json", d->prefix);
	CLEANUP_FREE char *data = rule_sysconfig_data(d);
	CLEANUP_BUF struct buf text = BUF_INIT;
	static const char mark[] = "'prefix': '";
	const char *built = data && rule_read_text(data, &text) ? strstr(text.data, mark) : NULL;

	*r = (struct rule_run){.dist = d, .files = files};
	for (size_t i = 0; i < files->n; i++) {
		const struct py_file *f = &files->v[i];

		if (f->problem)
			continue;
		if (d->interpreter && !r->interpreter && !strcmp(f->path, d->interpreter))
			r->interpreter = f;
		if (d->libpython_shared && !r->library && !strcmp(f->path, d->libpython_shared))
			r->library = f;
	}
	/* The value in the text of the sysconfig data, before any code there changes it. */
	if (built)
		r->built_for = xstrndup(built + strlen(mark), strcspn(built + strlen(mark), "'"));
	r->relocatable = path_exists(manifest) ||
			 (!d->system && r->built_for && !rule_same_file(r->built_for, d->prefix));
}

int check_rules(const struct python *dist, const struct py_files *files, const struct strv *only,
	const struct strv *skip, json_t *model, struct err *err)
{
	const struct check_rule *rule;
	struct rule_run r;
	json_t *list;

	if (check_rules_known(only, err) < 0 || check_rules_known(skip, err) < 0)
		return -1;
	list = check_list(model, "rules");
	run_init(&r, dist, files);
	for (size_t i = 0; (rule = check_rule_at(i)); i++) {
		if ((rule->needs & OF_WHEELS) || !rule_wanted(rule, only, skip))
			continue;
		json_array_append_new(list, apply_rule(rule, &r));
		/* Programs killed by the interrupt would become findings. */
		if (interrupt_check(err) < 0)
			break;
	}
	free(r.built_for);
	return interrupt_check(err);
}

void check_rules_list(json_t *list)
{
	const struct check_rule *rule;

	for (size_t i = 0; (rule = check_rule_at(i)); i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "id", rule->id, "severity",
				      check_severity_name(rule->severity), "reason", rule->reason));
}

/* Prints paragraphs with lines of at most 100 columns. */
static void put_wrapped(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (column && column + 1 + n > 100) {
			fputc('\n', out);
			column = 0;
		} else if (column) {
			fputc(' ', out);
			column++;
		}
		fwrite(text, 1, n, out);
		column += n;
		text += n;
		if (!strncmp(text, "\n\n", 2)) {
			fputs("\n\n", out);
			column = 0;
			text += 2;
		} else if (*text) {
			text++;
		}
	}
	fputs("\n\n", out);
}

static void put_rule(FILE *out, const struct check_rule *rule)
{
	static const struct {
		unsigned int bit;
		const char *text;
	} needs[] = {
		{NEEDS_RUN, "an interpreter that runs here"},
		{NEEDS_RELOCATABLE, "a distribution that can be moved"},
		{NEEDS_OWN_PREFIX, "a prefix of its own (not /usr)"},
		{NEEDS_FILE, "an interpreter that can be read"},
		{NEEDS_LOADER, "a loader whose search order is known"},
		{NEEDS_STATIC, "a static interpreter"},
		{NEEDS_SHARED, "a shared interpreter"},
		{NEEDS_LIBRARY, "a shared libpython"},
		{NEEDS_ARCHIVE, "a static libpython"},
	};
	CLEANUP_STRV struct strv list = STRV_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (rule->needs & needs[i].bit)
			strv_add(&list, needs[i].text);
	}
	fprintf(out, "### %s\n\n", rule->id);
	buf_addf(&text, "**%s**: %s.", check_severity_name(rule->severity), rule->reason);
	text.data[2] = (char)(text.data[2] - 'a' + 'A');
	put_wrapped(out, text.data);
	put_wrapped(out, rule->about);
	buf_clear(&text);
	buf_addf(&text, "*What to do:* %s.", rule->todo);
	put_wrapped(out, text.data);
	if (list.n) {
		CLEANUP_FREE char *joined = strv_join(&list, ", ");

		buf_clear(&text);
		buf_addf(&text, "*Needs* %s; otherwise not checked.", joined);
		put_wrapped(out, text.data);
	}
}

void check_rules_markdown(FILE *out)
{
	fputs("# Rules\n\n", out);
	put_wrapped(out,
		"What `solder check` holds an installation against. This page is written by "
		"`solder check --list-rules --markdown`; a test keeps it so.\n\n"
		"An error breaks someone, a warning costs someone, a note is worth knowing. Only "
		"errors and warnings make `solder check` exit with 1. A rule that cannot be "
		"applied is *not checked*, with the reason, and never counts as passed. What was "
		"installed into site-packages is not looked at, but by one-openmp: see `--wheels`.\n\n"
		"The rules are CPython's. To what says that it is another implementation (PyPy, "
		"GraalPy) only those are applied that are the loader's: readable, runs, machine, "
		"needed-found, search-paths, glibc, static-tls, one-openmp.\n\n"
		"The rules about wheels for macOS, Linux and Windows are applied to wheels alone: "
		"`solder check FILE.whl`, and `--wheels` with `--platform`.");
	for (size_t g = 0; g < ARRAY_SIZE(groups); g++) {
		fprintf(out, "## %s\n\n", groups[g].title);
		for (const struct check_rule *rule = groups[g].rules; rule->id; rule++)
			put_rule(out, rule);
	}
}
