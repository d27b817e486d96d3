/* Profiles (PGO): which one a build uses, how well it fits, and how it is kept for later builds. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/data.h"
#include "base/file.h"
#include "cpython/cpython-internal.h"
#include "tar/tar.h"

#define FIT_MAX 128
/* Of zstd: small, and seconds. */
#define LEVEL 19

static const char *const trainings[] = {"pgo", "extended", "own", "both"};

static struct locked_profile wanted_by(const struct cpython_build *b, const char *kind)
{
	const char *lto = !strcmp(kind, "bolt") ? b->request.options.lto : NULL;
	const char *abi = cpython_abiflags(&b->request.options);

	return (struct locked_profile){.kind = (char *)kind,
		.abi = *abi ? (char *)abi : NULL,
		.lto = (char *)lto,
		.version = (char *)cpython_of(b)->version,
		.compiler = (char *)toolchain_family(b->full),
		.release = b->full->release,
		.triple = b->full->triple};
}

bool profile_is_file(const char *path)
{
	return ends_with(path, ".profdata") || ends_with(path, ".profclangd");
}

static bool is_training(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(trainings); i++)
		if (!strcmp(word, trainings[i]))
			return true;
	return false;
}

int profile_locked(
	const struct cpython_build *b, const char *kind, struct chosen_profile *p, struct err *err)
{
	CLEANUP(cleanup_profiles) struct profiles *all = NULL;
	const struct locked_profile wanted = wanted_by(b, kind), *found;
	const struct target *twin = target_twin(b->target);

	if (profiles_load(b->recipes, &all, err) < 0)
		return -1;
	found = profiles_find(all, &wanted);
	/* clang counts what is in the source, before it makes code for a machine; and another C
	 * library is the same machine. */
	if (!found && (b->full->family == CC_CLANG || twin) && !strcmp(kind, "pgo")) {
		struct locked_profile foreign = wanted;

		foreign.triple = twin ? (char *)twin->triple : NULL;
		found = profiles_find(all, &foreign);
	}
	if (!found) {
		p->words = xasprintf("none is locked for CPython %s%s with %s %s%s%s on %s",
			wanted.version, wanted.abi ? wanted.abi : "", wanted.compiler,
			wanted.release, wanted.lto ? " and LTO " : "", wanted.lto ? wanted.lto : "",
			wanted.triple);
		return 0;
	}
	if (profiles_check(all, found, &p->source, err) < 0)
		return -1;
	snprintf(p->digest, sizeof(p->digest), "%s", found->content);
	p->words = xasprintf("the locked %s", found->file);
	if (strcmp(found->triple, wanted.triple) != 0) {
		free(p->words);
		p->words = xasprintf(
			"the locked %s, which serves %s, too", found->file, wanted.triple);
	}
	return 0;
}

int profile_given(
	const struct cpython_build *b, const char *given, struct chosen_profile *p, struct err *err)
{
	CLEANUP(cleanup_profiles) struct profiles *all = NULL;
	CLEANUP_CLOSE int fd = path_is_dir(given) ? -1 : file_open(given, err);

	if (!path_is_dir(given) && fd < 0)
		return err_wrap(err, "the profile");
	p->source = path_absolute(given);
	p->words = xasprintf("'%s'", given);
	if (path_is_dir(given))
		return tree_digest(p->source, p->digest, err);
	if (sha256_file(p->source, p->digest, NULL, err) < 0 ||
		profiles_load(b->recipes, &all, err) < 0)
		return -1;
	/* A locked one is the same step, by whatever name it is called. */
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->v[i].sha256, p->digest))
			snprintf(p->digest, sizeof(p->digest), "%s", all->v[i].content);
	return 0;
}

int profile_choose(struct cpython_build *b, struct err *err)
{
	const struct cpython_options *o = &b->request.options;
	CLEANUP_CLOSE int script = -1;

	if (!strcmp(o->debug, "yes")) {
		b->profile.words = xstrdup("none, since a debug build is not optimised");
		return 0;
	}
	if (!strcmp(o->profile, "locked")) {
		CLEANUP_FREE char *none = NULL;

		if (profile_locked(b, "pgo", &b->profile, err) < 0 || b->profile.source)
			return b->profile.source ? 0 : -1;
		none = b->profile.words;
		b->profile.words = xasprintf("none, since %s", none);
		b->profile.hint = "train one with --profile train";
		return 0;
	}
	if (!strcmp(o->profile, "none")) {
		b->profile.words = xstrdup("none, as asked for");
		return 0;
	}
	if (strcmp(o->profile, "train") != 0)
		return profile_given(b, o->profile, &b->profile, err);
	b->profile.train = true;
	if (!is_training(o->train) && (script = file_open(o->train, err)) < 0)
		return err_wrap(err, "the training script");
	b->profile.words = xasprintf("trained with %s", o->train);
	return 0;
}

void profile_release(struct chosen_profile *p)
{
	free(p->source);
	free(p->words);
	*p = (struct chosen_profile){0};
}

/* Adds our own programs, which are Python files in one folder. */
static int add_programs(struct step *s, struct err *err)
{
	CLEANUP_FREE char *dir = NULL;
	CLEANUP_STRV struct strv names = STRV_INIT;

	if (data_folder("training", NULL, &dir, err) < 0 || dir_list(dir, &names, err) < 0)
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, names.v[i]);
		CLEANUP_FREE char *name = xasprintf("training/%s", names.v[i]);

		if (ends_with(names.v[i], ".py"))
			step_file(s, path, name);
	}
	return 0;
}

int profile_add_training(const struct cpython_build *b, struct step *s, struct err *err)
{
	const char *train = b->request.options.train;

	if (!is_training(train)) {
		CLEANUP_FREE char *path = path_absolute(train);

		step_file(s, path, "train.py");
		strv_add(&s->env, "TRAIN=script");
		return 0;
	}
	strv_addf(&s->env, "TRAIN=%s", train);
	return !strcmp(train, "own") || !strcmp(train, "both") ? add_programs(s, err) : 0;
}

/* ---- a profile again ------------------------------------------------------------------------- */

char *profile_find(const char *recipes, const struct cache *cache, const char *step,
	const char *below, const char *digest, struct err *err)
{
	CLEANUP(cleanup_profiles) struct profiles *all = NULL;
	CLEANUP_STRV struct strv ids = STRV_INIT;
	char *path = NULL;

	if (profiles_load(recipes, &all, err) < 0)
		return NULL;
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->v[i].content, digest))
			return profiles_check(all, &all->v[i], &path, err) < 0 ? NULL : path;
	cache_entries(cache, step, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		CLEANUP_FREE char *tree = cache_tree(cache, ids.v[i]);
		CLEANUP_FREE char *folder = xasprintf("%s/%s", tree, below);
		struct err ignored = ERR_INIT;
		char hex[SHA256_HEX_SIZE];

		if (path_is_dir(folder) && tree_digest(folder, hex, &ignored) == 0 &&
			!strcmp(hex, digest))
			return steal(&folder);
	}
	return NULL;
}

int profile_fit(const struct cpython_build *b, bool *used, char **words, struct err *err)
{
	CLEANUP_FREE char *tree = cache_tree(b->cache, b->plan.compile->id);
	CLEANUP_FREE char *path = xasprintf("%s/profile-fit", tree);
	CLEANUP_BUF struct buf text = BUF_INIT;
	unsigned long matched, all;
	char word[16];

	*used = false;
	if (!b->plan.profile) {
		*words = xstrdup("none");
		return 0;
	}
	if (file_read(path, FIT_MAX, &text, err) < 0)
		return -1;
	if (sscanf(text.data, "%lu %lu %15s", &matched, &all, word) != 3)
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	*used = !strcmp(word, "used");
	*words = xasprintf("%s%lu of %lu functions match",
		*used ? "" : "not used, since it is of another source: only ", matched, all);
	return 0;
}

/* ---- keeping one ----------------------------------------------------------------------------- */

/* What the index says of a profile that is named so. */
static char *index_entry(const struct cpython_build *b, const char *kind, const char *file,
	const struct tar_result *r, const char *content)
{
	const struct locked_profile w = wanted_by(b, kind);
	const struct cpython_options *o = &b->request.options;
	const char *train = is_training(o->train) ? o->train : "a script";
	CLEANUP_BUF struct buf text = BUF_INIT;
	time_t now = time(NULL);
	char date[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	buf_addf(&text,
		"  - file: %s\n    kind: %s\n    cpython: %s\n    compiler: %s\n    release: '%s'\n"
		"    triple: %s\n",
		file, w.kind, w.version, w.compiler, w.release, w.triple);
	if (w.abi)
		buf_addf(&text, "    abi: %s\n", w.abi);
	if (w.lto)
		buf_addf(&text, "    lto: %s\n", w.lto);
	buf_addf(&text, "    size: %llu\n    sha256: %s\n    content: %s\n",
		(unsigned long long)r->size, r->hex, content);
	buf_addf(&text, "    training: %s\n    command: solder build %s%s --cc %s", train,
		w.version, w.abi ? " --freethreaded yes" : "", path_base(b->full->cc));
	if (w.lto)
		buf_addf(&text, " --lto %s --bolt yes --bolt-profile train", w.lto);
	else
		buf_adds(&text, " --profile train");
	buf_addf(&text, " --train %s\n    date: %s\n", train, date);
	return buf_steal(&text);
}

int cpython_save_profile(
	const struct cpython_build *b, bool of_bolt, const char *file, struct err *err)
{
	const struct step *s = of_bolt ? b->plan.bolt_profile : b->plan.profile;
	CLEANUP_TAR_LIST struct tar_list list = {0};
	const struct tar_options options = {.level = LEVEL};
	CLEANUP_FREE char *tree = NULL, *folder = NULL, *text = NULL, *entry = NULL;
	char content[SHA256_HEX_SIZE];
	struct tar_result r;

	tree = cache_tree(b->cache, s->id);
	folder = xasprintf("%s/%s", tree, of_bolt ? BOLT_FOLDER : "profile");
	entry = xasprintf("%s.yaml", file);
	if (tree_digest(folder, content, err) < 0 ||
		tar_list_add_tree(&list, folder, "profile", err) < 0 ||
		tar_write(file, &list, &options, &r, err) < 0)
		return -1;
	text = index_entry(b, of_bolt ? "bolt" : "pgo", path_base(file), &r, content);
	if (file_write(entry, text, strlen(text), 0644, err) < 0)
		return -1;
	progress_say(b->progress, "the profile%s is in '%s', and what the index says of it in '%s'",
		of_bolt ? " for BOLT" : "", file, entry);
	return 0;
}
