/* solder cache: lists, verifies and prunes the cache of finished steps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/progress.h"
#include "cmd/cmd.h"
#include "plan/cache.h"
#include "report/json.h"

#define DAY_S 86400

struct values {
	const char *cache, *older_than, *max_size;
	bool damaged, record, dry_run, json;
};

/* State of an action; its result goes into both model and document. */
struct cache_answer {
	const struct values *v;
	const struct cache *cache;
	json_t *model;
	struct doc *doc;
};

static json_t *add_item(
	struct cache_answer *c, json_t *list, const struct cache_item *e, const char *state)
{
	time_t now = time(NULL);
	uint64_t ago = now > e->used ? (uint64_t)(now - e->used) : 0;
	char size[32], age[32];
	const char *const cells[] = {e->id, e->title, size, age, state};
	json_t *j = json_pack("{s:s, s:o, s:I, s:I}", "id", e->id, "title", json_text(e->title),
		"size", (json_int_t)e->size, "last_used", (json_int_t)e->used);

	format_bytes(size, e->size);
	if (ago < 2 * DAY_S)
		format_duration(age, ago * 1000000000u);
	else
		snprintf(age, sizeof(age), "%llu days", (unsigned long long)(ago / DAY_S));
	doc_row(c->doc, cells);
	json_array_append_new(list, j);
	return j;
}

static void start_table(struct cache_answer *c)
{
	static const struct doc_column columns[] = {{"entry", 0}, {"what", 0}, {"size", DOC_RIGHT},
		{"unused for", DOC_RIGHT}, {"state", 0}};

	doc_table(c->doc, NULL, columns, ARRAY_SIZE(columns));
}

static int cache_size(struct cache_answer *c, struct err *err)
{
	static const struct doc_column columns[] = {
		{"part", 0}, {"size", DOC_RIGHT}, {"files", DOC_RIGHT}};
	struct cache_part parts[CACHE_N_PARTS];
	json_t *list = json_object();
	uint64_t total = 0;
	char size[32], files[32];

	json_object_set_new(c->model, "parts", list);
	if (cache_measure(c->cache, parts, err) < 0)
		return -1;
	for (size_t i = 0; i < CACHE_N_PARTS; i++)
		total += parts[i].size;
	json_object_set_new(c->model, "size", json_integer((json_int_t)total));
	doc_fact(c->doc, "cache", c->cache->dir);
	format_bytes(size, total);
	doc_fact(c->doc, "size", size);
	doc_table(c->doc, NULL, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < CACHE_N_PARTS; i++) {
		const char *const cells[] = {parts[i].name, size, files};

		format_bytes(size, parts[i].size);
		snprintf(files, sizeof(files), "%llu", (unsigned long long)parts[i].files);
		doc_row(c->doc, cells);
		json_object_set_new(list, parts[i].name,
			json_pack("{s:I, s:I}", "size", (json_int_t)parts[i].size, "files",
				(json_int_t)parts[i].files));
	}
	return 0;
}

/* Checks entries, either quickly or byte by byte. Returns how many are damaged, or -1. */
static int examine_all(struct cache_answer *c, bool all, struct progress *progress, struct err *err)
{
	CLEANUP(cache_items_release) struct cache_items e = {0};
	int line = all ? progress_start(progress, "verify", 0) : -1;
	json_t *list = json_array();
	size_t broken = 0, unknown = 0;

	json_object_set_new(c->model, "entries", list);
	if (cache_list(c->cache, &e, err) < 0)
		return -1;
	start_table(c);
	for (size_t i = 0; i < e.n; i++) {
		CLEANUP_FREE char *why = NULL;
		json_t *j;
		int got;

		if (all && c->v->record && cache_record(c->cache, e.v[i].id, err) < 0)
			return -1;
		got = cache_check(c->cache, e.v[i].id, all, &why, err);
		if (got < 0)
			return -1;
		broken += got != 0;
		unknown += got == 2;
		j = add_item(c, list, &e.v[i], why ? why : "whole");
		json_object_set_new(j, "whole", json_boolean(!got));
		if (why)
			json_object_set_new(j, "why", json_string(why));
		if (all)
			progress_count(progress, line, i + 1, e.n);
	}
	progress_end(progress, line, broken ? "damaged" : "whole");
	if (!e.n)
		doc_text(c->doc, "'%s' has no entries", c->cache->dir);
	if (broken)
		doc_text(c->doc,
			"%zu of %zu cannot be used. 'solder build' rebuilds what it needs of them; 'solder cache prune --damaged' removes them.",
			broken, e.n);
	if (unknown)
		doc_text(c->doc,
			"Entries of an older solder have no record; 'solder cache verify --record' takes them as they are.");
	return broken > 0;
}

static int cache_examine(struct cache_answer *c, bool all, struct err *err)
{
	struct progress *progress = progress_new(stderr, PROGRESS_AUTO);
	int got = examine_all(c, all, progress, err);

	progress_free(progress);
	return got;
}

/* Parses a number of days, or of bytes with K, M or G. */
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

static int prune_cache(struct cache_answer *c, struct err *err)
{
	const struct values *v = c->v;
	CLEANUP(cache_items_release) struct cache_items e = {0};
	struct cache_limits limits = {.damaged = v->damaged,
		.by_age = v->older_than,
		.by_size = v->max_size,
		.dry_run = v->dry_run};
	uint64_t days = 0, freed = 0, left = 0;
	json_t *list = json_array();
	char freed_text[32], left_text[32];

	json_object_set_new(c->model, "removed", list);
	if (!v->damaged && !v->older_than && !v->max_size) {
		err_set(err, ERR_USAGE, "prune: which entries?");
		return err_hint(err, "use --damaged, --older-than DAYS or --max-size SIZE");
	}
	if ((v->older_than && parse_number("--older-than", v->older_than, false, &days, err) < 0) ||
		(v->max_size &&
			parse_number("--max-size", v->max_size, true, &limits.most, err) < 0))
		return -1;
	limits.before = time(NULL) - (time_t)(days * DAY_S);
	if (cache_list(c->cache, &e, err) < 0 || cache_prune(c->cache, &limits, &e, err) < 0)
		return -1;
	for (size_t i = 0; i < e.n; i++) {
		const struct cache_item *item = &e.v[i];
		CLEANUP_FREE char *state = NULL;
		json_t *j;

		*(item->why && !item->in_use ? &freed : &left) += item->size;
		if (!item->why)
			continue;
		if (!json_array_size(list))
			start_table(c);
		state = xasprintf("%s: %s", item->why,
			item->in_use ? "kept, a build uses it"
			: v->dry_run ? "would be removed"
				     : "removed");
		j = add_item(c, list, item, state);
		json_object_set_new(j, "why", json_string(item->why));
		json_object_set_new(j, "in_use", json_boolean(item->in_use));
	}
	json_object_set_new(c->model, "freed", json_integer((json_int_t)freed));
	json_object_set_new(c->model, "left", json_integer((json_int_t)left));
	json_object_set_new(c->model, "dry_run", json_boolean(v->dry_run));
	format_bytes(freed_text, freed);
	format_bytes(left_text, left);
	doc_text(c->doc, "%s %s; %s left", freed_text, v->dry_run ? "would be freed" : "freed",
		left_text);
	return 0;
}

/* Rejects options that would be ignored. */
static int check_options(const struct values *v, const char *action, struct err *err)
{
	const struct {
		const char *name, *action;
		bool given;
	} table[] = {{"--older-than", "prune", v->older_than}, {"--max-size", "prune", v->max_size},
		{"--damaged", "prune", v->damaged}, {"--dry-run", "prune", v->dry_run},
		{"--record", "verify", v->record}};

	if (strcmp(action, "size") && strcmp(action, "list") && strcmp(action, "verify") &&
		strcmp(action, "prune")) {
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

static int cache_run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	const char *action = args->n ? args->v[0] : "size";
	bool prune = !strcmp(action, "prune"), verify = !strcmp(action, "verify");
	CLEANUP(cleanup_cache) struct cache *cache = NULL;
	CLEANUP_DOC struct doc *doc = doc_new("solder cache");
	struct cache_answer c = {.v = v, .doc = doc};
	int got;

	if (check_options(v, action, err) < 0 ||
		((prune && !v->dry_run) || v->record
				? cache_open(v->cache, &cache, err)
				: cache_open_to_read(v->cache, &cache, err)) < 0)
		return -1;
	c.cache = cache;
	c.model = json_pack("{s:o}", "cache", json_text(cache->dir));
	got = prune                     ? prune_cache(&c, err)
	      : !strcmp(action, "size") ? cache_size(&c, err)
					: cache_examine(&c, verify, err);
	if (got >= 0 && v->json)
		report_json("solder-cache", c.model, stdout);
	else if (got >= 0)
		cmd_print(doc);
	json_decref(c.model);
	/* A damaged entry is a finding only if the user asked for verification. */
	return got > 0 ? verify : got;
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
	.about =
		"size     how much each part takes (the default)\n"
		"list     the finished steps: what, how much, not used for how long, and whole by a look\n"
		"verify   the same, but every file is read and compared with its recorded digest\n"
		"prune    removes finished steps; which, the options say. What a running build uses stays\n\n"
		"A build looks at each step's files before it uses them (kind, mode, size, time, inode), and\n"
		"makes the step again if one differs; pack reads the objects that it ships. A damaged entry makes\n"
		"verify's exit code 1.\n\n"
		"The sources stay: without them nothing can be built offline. A cache that another user owns or\n"
		"can write is refused.",
	.example = "solder cache list\nsolder cache verify\n"
		   "solder cache prune --older-than 90 --max-size 20G -n",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.max_args = 1,
	.run = cache_run,
};
