/* solder unpack: extracts an archive safely. */
#include <stdlib.h>

#include "tar/tar.h"
#include "base/file.h"
#include "base/progress.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"
#include "report/json.h"
#include "pack/pack.h"

struct values {
	const char *sha256, *verify;
	unsigned int strip, max_gib;
	bool json;
};

#define GIB_DEFAULT 4

static void defaults(void *values)
{
	((struct values *)values)->max_gib = GIB_DEFAULT;
}

/* Trees that programs can be linked with are told where they lie. */
static int place_trees(const char *dir, struct err *err)
{
	static const char *const trees[] = {"", "/python", "/python/install"};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		CLEANUP_FREE char *tree = xasprintf("%s%s", dir, trees[i]);
		CLEANUP_FREE char *manifest = xasprintf("%s/share/solder/build.json", tree);

		if (path_exists(manifest) && cpython_place(tree, err) < 0)
			return -1;
	}
	return 0;
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	struct tar_limits limits = TAR_LIMITS_DEFAULT;
	struct progress *progress;
	const char *said = "the signed SHA256SUMS";
	int failed;

	if (v->sha256 && v->verify)
		return err_set(err, ERR_USAGE, "--sha256 and --verify exclude each other");
	limits.max_bytes = (uint64_t)v->max_gib << 30;
	if (v->verify)
		failed = pack_unpack_signed(
			args->v[0], v->verify, args->v[1], (int)v->strip, &limits, err);
	else
		failed = pack_unpack(
			args->v[0], v->sha256, args->v[1], (int)v->strip, &limits, &said, err);
	if (failed < 0 || place_trees(args->v[1], err) < 0)
		return -1;
	progress = progress_new(stderr, PROGRESS_AUTO);
	if (said)
		progress_say(progress, "'%s' is what %s says", args->v[0], said);
	else
		progress_say(progress,
			"'%s' was not verified: no SHA256SUMS in its folder names it", args->v[0]);
	progress_free(progress);
	if (v->json) {
		json_t *model = json_pack("{s:o, s:o, s:s?}", "archive", json_text(args->v[0]),
			"folder", json_text(args->v[1]), "verified_by", said);

		report_json("solder-unpack", model, stdout);
		json_decref(model);
	}
	return 0;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"sha256", 0, OPT_STRING, "HEX", "require this digest of the archive", AT(sha256)},
	{"verify", 0, OPT_STRING, "KEY",
		"require a signature by this public key (a file, or 'RW…')", AT(verify)},
	{"strip", 0, OPT_COUNT, "N", "drop N leading folders of each path", AT(strip)},
	{"max-gib", 0, OPT_COUNT, "N", "refuse an archive that unpacks to more than N GiB (4)",
		AT(max_gib)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_unpack = {
	.name = "unpack",
	.summary = "unpack an archive into a new folder, and trust nothing in it",
	.args = "ARCHIVE DIR",
	.about = "Unpacks tar (plain, or with gzip, bzip2, xz or zstd) and zip archives into a new "
		 "or empty\nfolder. Before, the archive is compared with the digest given, or with "
		 "SHA256SUMS in its\nfolder; with --verify, that file must be signed, in "
		 "SHA256SUMS.sig beside it. Whatever the\narchive says, nothing is written outside "
		 "DIR; one that is damaged, hostile or too large is\nrefused, and nothing of it is "
		 "left.",
	.example = "solder unpack cpython-*-install_only.tar.gz py",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
