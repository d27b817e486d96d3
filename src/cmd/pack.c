/* solder pack: turns a built distribution into archives that others install. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tar/tar.h"
#include "base/file.h"
#include "proc/parallel.h"
#include "base/term.h"
#include "cpython/cpython.h"
#include "cmd/cmd.h"
#include "pack/pack.h"
#include "report/json.h"
#include "study/study.h"
#include "report/report.h"

#define LEVEL_MAX 19
#define LEVEL_DEFAULT 6 /* measured in docs/pack.md */
#define LEVEL_VERIFY 3  /* the archives are compared, not kept */
#define GDB_SCRIPT "Tools/gdb/libpython.py"
#define GDB_SCRIPT_MAX ((size_t)4 << 20)

struct pack_values {
	const char *output, *cache, *base_url, *keep, *level_given, *sign, *password;
	bool index, verify, only_cpython, without_archive_library, cyclonedx, release, json;
	unsigned int jobs; /* 0: not given */
	unsigned long level;
};

/* Packs `dir` into `out`, with scratch files in TMPDIR. Refuses to ship or run anything that
 * differs from what was built. */
static int pack_tree(const struct pack_values *v, const char *dir, const char *out,
	unsigned int jobs, const struct cache *cache, struct progress *progress, json_t **result,
	struct err *err)
{
	CLEANUP_PACKAGE struct package *p = NULL;
	CLEANUP_FREE char *objects = NULL, *root = NULL, *source = NULL, *scratch = NULL;
	CLEANUP_FREE char *why = NULL;
	CLEANUP_BUF struct buf script = BUF_INIT;
	struct err ignored = ERR_INIT;
	int found = 0, with_gdb, failed, checked = cpython_check_tree(dir, &why, err);

	if (checked == 1) {
		err_set(err, ERR_INPUT, "'%s' is damaged: %s", dir, why);
		return err_hint(err, "'solder build' with its options and -o puts it right");
	}
	if (checked < 0 || pack_open(dir, &p, err) < 0)
		return -1;
	if (checked == 2)
		progress_say(progress,
			"'%s' has no share/solder/files: its files are taken as they are", dir);
	if (pack_libpython(p))
		found = cpython_find_compile(
			cache, pack_libpython(p), pack_build(p), &objects, &root, err);
	if (found < 0)
		return -1;
	if (!found) {
		progress_warn(progress,
			"no full archive: the cache '%s' no longer has the objects that '%s' was linked from",
			cache->dir, dir);
		progress_say(progress,
			"'solder build' with the options of this distribution makes them again; then pack what it builds");
	}
	/* CPython's gdb extension, from the downloaded source. */
	with_gdb = cpython_find_source(cache, pack_build(p), &source, err);
	if (with_gdb == 1)
		with_gdb = tar_member(source, GDB_SCRIPT, GDB_SCRIPT_MAX, &script, err);
	if (with_gdb < 0)
		return -1;
	if (!with_gdb)
		progress_warn(progress,
			"no libpython.py for gdb: the cache '%s' does not have the source of CPython that '%s' was built from",
			cache->dir, dir);
	scratch = cmd_scratch(NULL, "pack", err);
	if (!scratch)
		return -1;
	failed = pack_write(p,
		&(struct pack_write){.out = out,
			.build = objects,
			.build_root = root,
			.gdb_script = with_gdb ? script.data : NULL,
			.gdb_script_len = script.len,
			.scratch = scratch,
			.sign = v->sign,
			.password = v->password,
			.without_archive_library = v->without_archive_library,
			.cyclonedx = v->cyclonedx,
			.level = (int)v->level,
			.jobs = jobs,
			.progress = progress},
		result, err);
	scratch_end(scratch, &ignored);
	return failed;
}

static void print_comparison(const json_t *result)
{
	const json_t *d;
	size_t i;

	json_array_foreach (json_object_get(result, "differences"), i, d) {
		const char *section = json_word(d, "section");

		CLEANUP_BUF struct buf where = BUF_INIT;

		buf_adds(&where, "");
		if (json_object_get(d, "offset"))
			buf_addf(&where, ", from byte %lld%s%s%s: %s there, %s here",
				(long long)json_integer_value(json_object_get(d, "offset")),
				section ? " (in " : "", section ? section : "", section ? ")" : "",
				json_word(d, "first"), json_word(d, "second"));
		term_line(
			stdout, "%s: %s%s", json_word(d, "path"), json_word(d, "what"), where.data);
	}
	term_line(stdout, "%s", json_word(result, "verdict"));
}

struct packing {
	struct pack_values values;
	struct progress *progress;
};

static int pack_to_compare(void *ctx, const char *dir, const char *out, unsigned int jobs,
	const struct cache *cache, json_t **result, struct err *err)
{
	const struct packing *p = ctx;

	return pack_tree(&p->values, dir, out, jobs, cache, p->progress, result, err);
}

static int verify(const struct pack_values *v, const char *dir, const struct cache *cache,
	struct progress *progress, json_t **result, struct err *err)
{
	struct packing packing = {*v, progress};
	struct study_verify how = {.dir = dir,
		.cache = cache,
		.only_cpython = v->only_cpython,
		/* Deliberately not the default of builds, one per processor. */
		.jobs = v->jobs ? v->jobs : processors() + 1,
		.pack = pack_to_compare,
		.ctx = &packing};
	CLEANUP_FREE char *scratch = NULL;
	struct err ignored = ERR_INIT;
	int differs;

	if (v->keep && dir_is_empty(v->keep, &ignored) == 0) {
		err_set(err, ERR_USAGE, "--keep: '%s' is not empty", v->keep);
		return err_hint(err, "what an earlier build left there would be used again");
	}
	how.scratch = scratch = v->keep ? path_absolute(v->keep) : cmd_scratch(NULL, "pack", err);
	if (!scratch)
		return -1;
	packing.values.level = LEVEL_VERIFY;
	differs = study_verify(&how, progress, result, err);
	if (!v->keep)
		tree_remove(scratch, &ignored);
	return differs;
}

static int pack(const struct pack_values *v, const char *dir, struct progress *progress,
	json_t **result, struct err *err)
{
	CLEANUP(cleanup_cache) struct cache *cache = NULL;

	if (v->index)
		return pack_index(dir, v->base_url, progress, result, err);
	if (cache_open_to_read(v->cache, &cache, err) < 0)
		return -1;
	if (v->verify)
		return verify(v, dir, cache, progress, result, err);
	return pack_tree(v, dir, v->output ? v->output : ".", v->jobs ? v->jobs : processors(),
		cache, progress, result, err);
}

/* Rejects options that would be ignored. */
static int check_mode(const struct pack_values *v, struct err *err)
{
	const struct {
		const char *name;
		bool given, pack, index, verify;
	} table[] = {{"output", v->output, true, false, false},
		{"without-archive-library", v->without_archive_library, true, false, true},
		{"cyclonedx", v->cyclonedx, true, false, true},
		{"level", v->level_given, true, false, false},
		{"release", v->release, true, false, false}, {"sign", v->sign, true, false, false},
		{"password-file", v->password, true, false, false},
		{"jobs", v->jobs, true, false, true}, {"base-url", v->base_url, false, true, false},
		{"only-cpython", v->only_cpython, false, false, true},
		{"keep", v->keep, false, false, true}, {"cache", v->cache, true, false, true}};
	const char *mode = v->index ? "--index" : v->verify ? "--verify-reproducible" : NULL;

	if (v->index && v->verify)
		return err_set(
			err, ERR_USAGE, "--index and --verify-reproducible exclude each other");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!table[i].given || (v->index           ? table[i].index
					       : v->verify ? table[i].verify
							   : table[i].pack))
			continue;
		if (!table[i].pack)
			return err_set(err, ERR_USAGE, "--%s goes with %s", table[i].name,
				table[i].index ? "--index" : "--verify-reproducible");
		return err_set(err, ERR_USAGE, "--%s does not go with %s", table[i].name, mode);
	}
	return 0;
}

/* True for the URL of a folder; "?" or "#" would put the file names in the wrong part. */
static bool is_url(const char *text)
{
	size_t n = strspn(text, LETTERS_AND_DIGITS "+.-");

	if (!n || strncmp(text + n, "://", 3) != 0 || !text[n + 3] || strpbrk(text, "?#"))
		return false;
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return false;
	}
	return true;
}

static int check_values(struct pack_values *v, struct err *err)
{
	char *end = NULL;

	if (check_mode(v, err) < 0)
		return -1;
	if (v->base_url && !is_url(v->base_url)) {
		err_set(err, ERR_USAGE, "--base-url: '%s' is not a URL", v->base_url);
		return err_hint(
			err, "write it with its scheme, https://…, without blanks, '?' and '#'");
	}
	if (v->password && !v->sign)
		return err_set(err, ERR_USAGE, "--password-file goes with --sign");
	if (v->release && v->level_given)
		return err_set(err, ERR_USAGE, "--release and --level exclude each other");
	v->level = v->level_given ? strtoul(v->level_given, &end, 10)
		   : v->release   ? LEVEL_MAX
				  : LEVEL_DEFAULT;
	if (v->level < 1 || v->level > LEVEL_MAX || (end && *end) ||
		(v->level_given && !isdigit((unsigned char)*v->level_given)))
		return err_set(err, ERR_USAGE, "--level takes a number from 1 to %d, not '%s'",
			LEVEL_MAX, v->level_given);
	return 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	struct pack_values settled = *(const struct pack_values *)values, *v = &settled;
	CLEANUP_DOC struct doc *doc = NULL;
	struct progress *progress;
	json_t *result = NULL;
	int code;

	if (check_values(v, err) < 0)
		return -1;
	progress = progress_new(stderr, PROGRESS_AUTO);
	code = pack(v, args->v[0], progress, &result, err);
	progress_free(progress);
	if (code >= 0 && v->json && v->index) {
		/* A list has no room for the format's keys. */
		json_t *model = json_pack("{s:O}", "entries", result);

		report_json("solder-pack-index", model, stdout);
		json_decref(model);
	} else if (code >= 0 && v->json) {
		report_json(v->verify ? "solder-pack-comparison" : "solder-pack", result, stdout);
	} else if (code >= 0 && v->index) {
		pack_index_print(result, stdout);
	} else if (code >= 0 && v->verify) {
		print_comparison(result);
	} else if (code >= 0) {
		doc = pack_page(result);
		cmd_print(doc);
	}
	json_decref(result);
	return code;
}

#define AT(field) offsetof(struct pack_values, field)

static const struct opt opts[] = {
	{"output", 'o', OPT_STRING, "DIR", "put the archives here (the current folder)",
		AT(output)},
	{"without-archive-library", 0, OPT_FLAG, NULL,
		"leave libpython*.a out of the small archives", AT(without_archive_library)},
	{"cyclonedx", 0, OPT_FLAG, NULL, "write the bill of materials for CycloneDX, too",
		AT(cyclonedx)},
	{"level", 0, OPT_STRING, "N", "compress at level N, 1 to 19 (6); gzip at most 9",
		AT(level_given)},
	{"release", 0, OPT_FLAG, NULL,
		"compress as much as possible (level 19), which takes minutes", AT(release)},
	{"sign", 0, OPT_STRING, "KEY", "sign SHA256SUMS with the secret key in this file",
		AT(sign)},
	{"password-file", 0, OPT_STRING, "FILE",
		"with --sign: read the key's password from this file", AT(password)},
	{"jobs", 'j', OPT_COUNT, "N", "use N threads (all processors; to build again: one more)",
		AT(jobs)},
	{"index", 0, OPT_FLAG, NULL, "write downloads.json for uv into a folder of archives",
		AT(index)},
	{"base-url", 0, OPT_STRING, "URL", "with --index: the URL that serves the folder",
		AT(base_url)},
	{"verify-reproducible", 0, OPT_FLAG, NULL, "build again elsewhere and compare byte by byte",
		AT(verify)},
	{"only-cpython", 0, OPT_FLAG, NULL,
		"with --verify-reproducible: take the other packages from the cache",
		AT(only_cpython)},
	{"keep", 0, OPT_STRING, "DIR", "with --verify-reproducible: build there and keep it",
		AT(keep)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache of builds ($XDG_CACHE_HOME/solder)",
		AT(cache)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_pack = {
	.name = "pack",
	.summary = "write archives that uv, pip's users and embedders take unchanged",
	.args = "DIR",
	.about = "Packs a distribution of 'solder build' as python-build-standalone names and "
		 "arranges it: a full\narchive with objects, build information and licences; "
		 "install_only, with libpython's archive\nlibrary, licences and a bill of "
		 "materials; the same stripped; and what was stripped, by\nbuild-id, for "
		 "debuggers. SHA256SUMS names them all; with --sign, minisign and signify verify "
		 "it, and keys are\nof "
		 "theirs or Ed25519 in PEM.\n\nThe same tree gives the same bytes, "
		 "whatever the machine, the time and the number of jobs.\n\nThe interpreter of "
		 "DIR is run, with your rights and without your environment, to say what\n"
		 "PYTHON.json holds; --verify-reproducible runs the programs of a build.\n\n"
		 "With --index, DIR is "
		 "a folder of such archives, which becomes a mirror for uv:\n"
		 "UV_PYTHON_DOWNLOADS_JSON_URL=DIR/downloads.json. What the file has of others "
		 "stays.\n\nWith --verify-reproducible, the distribution is built again from the "
		 "recorded inputs, in another\nfolder, with another number of jobs, and both are "
		 "compared; differences make the exit code 1.",
	.example =
		"solder pack dist/cpython-3.13.15-static -o packed\nsolder pack --index packed\n"
		"solder pack --release --sign release.key dist/cpython-3.13.15-static -o packed\n"
		"solder pack --verify-reproducible dist/cpython-3.13.15-static",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct pack_values),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
