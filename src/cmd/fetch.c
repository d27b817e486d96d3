/* solder fetch: downloads a set's sources for building offline. */
#include "base/term.h"
#include "cmd/cmd.h"
#include "cpython/cpython.h"
#include "report/json.h"

struct values {
	struct cpython_request request;
	const char *from;
	bool json;
};

static void defaults(void *values)
{
	cpython_request_defaults(&((struct values *)values)->request);
}

static int fetch_run(const void *values, const struct strv *args, struct err *err)
{
	const struct values *v = values;
	struct cpython_request request = v->request;
	json_t *model = NULL, *source;
	size_t i;

	if ((args->n && cmd_parse_package(args->v[0], &request.version, err) < 0) ||
		cpython_fetch(&request, v->from, &model, err) < 0)
		return -1;
	if (v->json)
		report_json("solder-fetch", model, stdout);
	else
		json_array_foreach (json_object_get(model, "sources"), i, source)
			term_line(stdout, "%s", json_word(source, "path"));
	json_decref(model);
	return 0;
}

#define AT(field) offsetof(struct values, field)

static const struct opt opts[] = {
	{"sources", 0, OPT_CHOICE, "auto|upstream|debian", "take this set of locked sources",
		AT(request.sources)},
	{"mirror", 0, OPT_STRING, "URL", "download from this Debian mirror (the one that apt uses)",
		AT(request.mirror)},
	{"from", 0, OPT_STRING, "DIR", "take what this folder of downloaded files has, first",
		AT(from)},
	{"cache", 0, OPT_STRING, "DIR", "use this cache ($XDG_CACHE_HOME/solder)",
		AT(request.cache)},
	{"recipes", 0, OPT_STRING, "DIR", "take recipes from this folder", AT(request.recipes)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text", AT(json)},
};

const struct command cmd_fetch = {
	.name = "fetch",
	.summary = "download and verify all sources that a build needs",
	.args = "[[cpython@]VERSION]",
	.about =
		"Downloads the sources of CPython and of every library that it needs into the cache, verifies\n"
		"each by its locked SHA-256, and prints where they are. Afterwards 'solder build --offline'\n"
		"needs no network. Interrupted downloads resume.\n\n"
		"For a machine without a network, copy the printed files to it in one folder and name that\n"
		"with --from.",
	.example =
		"solder fetch\nsolder fetch cpython@3.11 --sources debian\nsolder fetch --from /media/usb/sources",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct values),
	.defaults = defaults,
	.max_args = 1,
	.run = fetch_run,
};
