/* solder cache: what the cache of finished steps has, whether it is whole, and less of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/progress.h"
#include "plan/cache.h"
#include "cmd/cmd.h"
#include "report/report.h"

#define DAY_S 86400

struct values {
	const char *cache, *older_than, *max_size;
	bool damaged, record, dry_run, json;
};

/* What an action works with. */
struct caching {
	const struct values *v;
	const struct cache *cache;
	struct progress *progress;
	time_t now;
	json_t *result;
};

/* An entry, for the eye. */
struct entry {
	char *id;
	uint64_t size;
	time_t used;
};

struct entries {
	struct entry *v;
	size_t n;
};

static void entries_release(struct entries *e)
{
	for (size_t i = 0; i < e->n; i++)
		free(e->v[i].id);
	free(e->v);
}

struct sum {
	uint64_t size, files;
};

/* Files with several names are counted for each: what is removed may be the last of them. */
static int add_size(void *ctx, const struct tree_entry *e, struct err *err)
{
	struct sum *sum = ctx;

	(void)err;
	sum->size += (uint64_t)e->st->st_blocks * 512;
	sum->files += !S_ISDIR(e->st->st_mode);
	return 0;
}

static int measure(const char *path, struct sum *sum, struct err *err)
{
	*sum = (struct sum){0};
	return path_is_dir(path) ? tree_walk(path, add_size, sum, err) : 0;
}

static int is_used_later(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->used != y->used ? (x->used < y->used ? -1 : 1) : strcmp(x->id, y->id);
}

/* All entries, those that were not used for longest first. */
static int look(const struct caching *c, struct entries *ret, struct err *err)
{
	CLEANUP_STRV struct strv ids = STRV_INIT;

	cache_entries(c->cache, "", &ids);
	ret->v = xcalloc(ids.n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *path = cache_entry(c->cache, ids.v[i]);
		struct stat st;
		struct sum sum;

		if (measure(path, &sum, err) < 0)
			return -1;
		if (stat(path, &st) < 0)
			continue;
		ret->v[ret->n++] = (struct entry){xstrdup(ids.v[i]), sum.size, st.st_mtime};
	}
	sort_array(ret->v, ret->n, sizeof(*ret->v), is_used_later);
	return 0;
}

static json_t *describe(const struct caching *c, const struct entry *e)
{
	CLEANUP_FREE char *title = cache_title(c->cache, e->id);
	json_t *j = json_object();

	json_object_set_new(j, "id", json_string(e->id));
	json_object_set_new(j, "title", json_string(title));
	json_object_set_new(j, "size", json_integer((json_int_t)e->size));
	json_object_set_new(j, "last_used", json_integer((json_int_t)e->used));
	return j;
}

static void add_cells(const json_t *e, const char *last, time_t now, struct doc *doc)
{
	json_int_t used = json_integer_value(json_object_get(e, "last_used"));
	uint64_t ago = now > used ? (uint64_t)(now - used) : 0;
	char size[32], age[32];
	const char *const cells[] = {cmd_text(e, "id"), cmd_text(e, "title"), size, age, last};

	format_bytes(size, (uint64_t)json_integer_value(json_object_get(e, "size")));
	if (ago < 2 * DAY_S)
		format_duration(age, ago * 1000000000u);
	else
		snprintf(age, sizeof(age), "%llu days", (unsigned long long)(ago / DAY_S));
	doc_row(doc, cells);
}

static const struct doc_column columns[] = {
	{"entry", 0}, {"what", 0}, {"size", DOC_RIGHT}, {"unused for", DOC_RIGHT}, {"state", 0}};

static int do_size(struct caching *c, struct err *err)
{
	static const char *const parts[] = {"store", "sources", "logs", "work"};
	json_t *list = json_object();
	uint64_t total = 0;

	json_object_set_new(c->result, "parts", list);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", c->cache->dir, parts[i]);
		struct sum sum;

		if (measure(path, &sum, err) < 0)
			return -1;
		json_object_set_new(list, parts[i],
			json_pack("{s:I, s:I}", "size", (json_int_t)sum.size, "files",
				(json_int_t)sum.files));
		total += sum.size;
	}
	json_object_set_new(c->result, "size", json_integer((json_int_t)total));
	return 0;
}

static void print_size(const struct caching *c)
{
	static const struct doc_column parts[] = {
		{"part", 0}, {"size", DOC_RIGHT}, {"files", DOC_RIGHT}};
	CLEANUP_DOC struct doc *doc = doc_new("solder cache");
	const char *name;
	char size[32];
	json_t *part;

	doc_fact(doc, "cache", c->cache->dir);
	format_bytes(size, (uint64_t)json_integer_value(json_object_get(c->result, "size")));
	doc_fact(doc, "size", size);
	doc_table(doc, NULL, parts, ARRAY_SIZE(parts));
	json_object_foreach (json_object_get(c->result, "parts"), name, part) {
		char bytes[32], files[32];
		const char *const cells[] = {name, bytes, files};

		format_bytes(bytes, (uint64_t)json_integer_value(json_object_get(part, "size")));
		snprintf(files, sizeof(files), "%lld",
			(long long)json_integer_value(json_object_get(part, "files")));
		doc_row(doc, cells);
	}
	cmd_print(doc);
}

/* Whether entries are whole: by a look (list), or byte by byte (verify). Returns how many are not,
 * or -1. */
static int examine(struct caching *c, bool all, struct err *err)
{
	CLEANUP(entries_release) struct entries e = {0};
	json_t *list = json_array();
	int broken = 0, line = -1;

	json_object_set_new(c->result, "entries", list);
	if (look(c, &e, err) < 0)
		return -1;
	if (all)
		line = progress_start(c->progress, "verify", 0);
	for (size_t i = 0; i < e.n; i++) {
		json_t *j = describe(c, &e.v[i]);
		CLEANUP_FREE char *why = NULL;
		int got;

		json_array_append_new(list, j);
		if (all && c->v->record && cache_record(c->cache, e.v[i].id, err) < 0)
			return -1;
		got = cache_check(c->cache, e.v[i].id, all, &why, err);
		if (got < 0)
			return -1;
		broken += got;
		json_object_set_new(j, "whole", json_boolean(!got));
		if (why)
			json_object_set_new(j, "why", json_string(why));
		if (all)
			progress_count(c->progress, line, i + 1, e.n);
	}
	if (all)
		progress_end(c->progress, line, broken ? "damaged" : "whole");
	return broken;
}

static void print_entries(const struct caching *c)
{
	CLEANUP_DOC struct doc *doc = doc_new("solder cache");
	size_t i, broken = 0, unknown = 0;
	const json_t *e;

	doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (json_object_get(c->result, "entries"), i, e) {
		const char *why = cmd_text(e, "why");

		broken += why != NULL;
		unknown += why && !strcmp(why, CACHE_NO_RECORD);
		add_cells(e, why ? why : "whole", c->now, doc);
	}
	if (!i)
		doc_text(doc, "'%s' has no entries", c->cache->dir);
	if (broken)
		doc_text(doc,
			"%zu of %zu cannot be used. 'solder build' rebuilds what it needs of "
			"them; 'solder cache prune --damaged' removes them.",
			broken, i);
	if (unknown)
		doc_text(doc, "Entries of an older solder have no record; 'solder cache verify "
			      "--record' takes them as they are.");
	cmd_print(doc);
}

/* A number of days, or of bytes with K, M or G. */
static int parse_number(
	const char *option, const char *text, bool bytes, uint64_t *ret, struct err *err)
{
	char *end;
	unsigned int shift = 0;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (bytes && *end && strchr("KMG", *end) && end > text) {
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30;
		end++;
	}
	if (*text < '0' || *text > '9' || *end || errno || *ret > UINT64_MAX >> (shift + 17))
		return err_set(err, ERR_USAGE, "%s: '%s' is not a number of %s", option, text,
			bytes ? "bytes (with K, M or G)" : "days");
	*ret <<= shift;
	return 0;
}

/* Whether an entry is to go; NULL: not. The total is of what stays. */
static const char *reason_to_go(
	struct caching *c, const struct entry *e, uint64_t days, uint64_t most, uint64_t total)
{
	if (c->v->damaged) {
		CLEANUP_FREE char *why = NULL;
		struct err ignored = ERR_INIT;

		if (cache_check(c->cache, e->id, true, &why, &ignored) == 1)
			return "damaged";
	}
	if (c->v->older_than && c->now - e->used >= (time_t)(days * DAY_S))
		return "old";
	return c->v->max_size && total > most ? "too much" : NULL;
}

static int do_prune(struct caching *c, struct err *err)
{
	CLEANUP(entries_release) struct entries e = {0};
	uint64_t days = 0, most = 0, total = 0, freed = 0;
	json_t *list = json_array();

	json_object_set_new(c->result, "removed", list);
	if (!c->v->damaged && !c->v->older_than && !c->v->max_size) {
		err_set(err, ERR_USAGE, "prune: which entries?");
		return err_hint(err, "say --damaged, --older-than DAYS or --max-size SIZE");
	}
	if ((c->v->older_than &&
		    parse_number("--older-than", c->v->older_than, false, &days, err) < 0) ||
		(c->v->max_size &&
			parse_number("--max-size", c->v->max_size, true, &most, err) < 0) ||
		look(c, &e, err) < 0)
		return -1;
	for (size_t i = 0; i < e.n; i++)
		total += e.v[i].size;
	for (size_t i = 0; i < e.n; i++) {
		const char *why = reason_to_go(c, &e.v[i], days, most, total);
		json_t *j;
		int got = 0;

		if (!why)
			continue;
		j = describe(c, &e.v[i]);
		if (!c->v->dry_run)
			got = cache_remove(c->cache, e.v[i].id, err);
		json_object_set_new(j, "why", json_string(why));
		json_object_set_new(j, "in_use", json_boolean(got == 1));
		json_array_append_new(list, j);
		if (got < 0)
			return -1;
		if (got == 0) {
			total -= e.v[i].size;
			freed += e.v[i].size;
		}
	}
	json_object_set_new(c->result, "freed", json_integer((json_int_t)freed));
	json_object_set_new(c->result, "left", json_integer((json_int_t)total));
	json_object_set_new(c->result, "dry_run", json_boolean(c->v->dry_run));
	return 0;
}

static void print_removed(const struct caching *c)
{
	CLEANUP_DOC struct doc *doc = doc_new("solder cache");
	const json_t *list = json_object_get(c->result, "removed"), *e;
	char freed[32], left[32];
	size_t i;

	if (json_array_size(list))
		doc_table(doc, NULL, columns, ARRAY_SIZE(columns));
	json_array_foreach (list, i, e) {
		bool used = json_is_true(json_object_get(e, "in_use"));
		CLEANUP_FREE char *state = xasprintf("%s: %s", cmd_text(e, "why"),
			used            ? "kept, a build uses it"
			: c->v->dry_run ? "would be removed"
					: "removed");

		add_cells(e, state, c->now, doc);
	}
	format_bytes(freed, (uint64_t)json_integer_value(json_object_get(c->result, "freed")));
	format_bytes(left, (uint64_t)json_integer_value(json_object_get(c->result, "left")));
	doc_text(doc, "%s %s; %s left", freed, c->v->dry_run ? "would be freed" : "freed", left);
	cmd_print(doc);
}

static int act(struct caching *c, const char *action, struct err *err)
{
	int got;

	if (!strcmp(action, "size"))
		got = do_size(c, err);
	else if (!strcmp(action, "prune"))
		got = do_prune(c, err);
	else
		got = examine(c, !strcmp(action, "verify"), err);
	if (got < 0)
		return -1;
	if (c->v->json)
		report_json("solder-cache", c->result, stdout);
	else if (!strcmp(action, "size"))
		print_size(c);
	else if (!strcmp(action, "prune"))
		print_removed(c);
	else
		print_entries(c);
	/* A damaged entry is a finding of who asked for it. */
	return !strcmp(action, "verify") && got > 0;
}

/* Options that would be ignored are mistakes. */
static int check_options(const struct values *v, const char *action, struct err *err)
{
	static const char *const actions[] = {"size", "list", "verify", "prune"};
	const struct {
		const char *name, *action;
		bool given;
	} table[] = {{"--older-than", "prune", v->older_than}, {"--max-size", "prune", v->max_size},
		{"--damaged", "prune", v->damaged}, {"--dry-run", "prune", v->dry_run},
		{"--record", "verify", v->record}};
	bool known = false;

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		known |= !strcmp(action, actions[i]);
	if (!known) {
		err_set(err, ERR_USAGE, "'%s' is not a command of 'solder cache'", action);
		return err_hint(err, "it is one of size, list, verify and prune");
	}
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].given && strcmp(action, table[i].action) != 0)
			return err_set(
				err, ERR_USAGE, "%s goes with %s", table[i].name, table[i].action);
	}
	return 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	const char *action = args->n ? args->v[0] : "size";
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	struct caching c = {.v = v, .now = time(NULL)};
	bool changes = (!strcmp(action, "prune") && !v->dry_run) || v->record;
	int got;

	if (check_options(v, action, err) < 0 ||
		(changes ? cache_open(v->cache, &cache, err)
			 : cache_open_to_read(v->cache, &cache, err)) < 0)
		return -1;
	c.cache = cache;
	c.result = json_object();
	json_object_set_new(c.result, "cache", json_string(cache->dir));
	c.progress = progress_new(stderr, PROGRESS_AUTO);
	got = act(&c, action, err);
	progress_free(c.progress);
	json_decref(c.result);
	return got;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"older-than", 0, OPT_STRING, "DAYS", "prune: remove what was not used for DAYS",
		AT(older_than)},
	{"max-size", 0, OPT_STRING, "SIZE",
		"prune: remove the least recently used until SIZE (500M, 10G) is left",
		AT(max_size)},
	{"damaged", 0, OPT_FLAG, NULL, "prune: remove what is not as its step left it",
		AT(damaged)},
	{"dry-run", 'n', OPT_FLAG, NULL, "prune: say what would be removed, and stop", AT(dry_run)},
	{"record", 0, OPT_FLAG, NULL,
		"verify: accept entries of an older solder, which have no record", AT(record)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)", AT(cache)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_cache = {
	.name = "cache",
	.summary = "say what the cache of builds has, verify it, remove what is old",
	.args = "[size|list|verify|prune]",
	.about = "size     how much each part takes (the default)\n"
		 "list     the finished steps: what, how much, not used for how long, and whole by "
		 "a "
		 "look\n"
		 "verify   the same, but every file is read and compared with its recorded digest\n"
		 "prune    removes finished steps; which, the options say. What a running build "
		 "uses stays\n\n"
		 "A build looks at each step's files before it uses them (kind, mode, size, time, "
		 "inode), and\nmakes the step again if one differs; pack reads the objects that it "
		 "ships. A damaged entry makes\nverify's exit code 1.\n\nThe sources stay: without "
		 "them nothing can be built offline. A cache that another user owns or\ncan write "
		 "is refused.",
	.example = "solder cache list\nsolder cache verify\n"
		   "solder cache prune --older-than 90 --max-size 20G -n",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.max_args = 1,
	.run = run,
};
