/* Any JSON as what an interpreter says of itself, and as what is kept of how it was built: facts
 * and the JSON files of an archive come of it, or a refusal. The input is one object with the
 * members "says", "packed" and "build".
 *
 * Source: src/python/ask.c src/pack/python-json.c src/pack/cyclonedx.c
 */
#include "fuzz.h"

#include "python/ask.c"
#include "pack/pack-internal.h"

static void facts(const char *text, size_t n)
{
	const struct buf answer = {(char *)text, n, n + 1};
	struct python dist = {.given = xstrdup("python"), .interpreter = xstrdup("/python")};

	py_take_answer(&dist, &answer);
	if (dist.runs) {
		json_t *model = py_json(&dist);

		fuzz_check(dist.version && dist.series && dist.abiflags);
		py_config(&dist, "SOABI");
		json_decref(model);
	} else {
		fuzz_check(dist.why_not != NULL && !dist.runs);
	}
	py_release(&dist);
}

static void fill(struct tar_list *list)
{
	static const char object[] = "x";

	tar_list_add_bytes(list, object, 1, "python/build/Modules/a.o");
	tar_list_add_bytes(list, object, 1, "python/build/Modules/b.o");
	tar_list_add_bytes(list, object, 1, "python/licenses/zlib/LICENSE");
	tar_list_add_symlink(
		list, "x.so", "python/install/lib/python3.13/lib-dynload/zlib.cpython-313.so");
}

static void texts(json_t *all)
{
	struct package p = {.dir = (char *)"/dev", /* a folder without any of its files */
		.epoch = 0,
		.triple = (char *)"x86_64-unknown-linux-gnu",
		.opts = (char *)"pgo+lto",
		.flavour = (char *)"",
		.name = (char *)"cpython",
		.lib_rel = (char *)"lib/python3.13",
		.config_rel = (char *)"lib/python3.13/config",
		.build = json_object_get(all, "build")};
	CLEANUP_TAR_LIST struct tar_list list = {0};
	CLEANUP_FREE char *text = NULL, *packed = NULL;
	struct err err = ERR_INIT;
	json_t *spdx = NULL;

	packed = json_dumps(json_object_get(all, "packed"), JSON_ENCODE_ANY);
	if (!packed || !json_is_object(p.build))
		return;
	p.dist.series = (char *)"3.13";
	p.dist.interpreter = (char *)"/python";
	fill(&list);
	if (package_answer(&p, packed, strlen(packed), &err) < 0) {
		fuzz_check_err(&err);
		json_decref(p.says);
		return;
	}
	text = python_json(&p, &list, &err);
	fuzz_check(text && *text == '{');
	if (package_spdx(&p, &list, "python", &spdx, &err) == 0)
		json_decref(package_cyclonedx(spdx));
	else
		fuzz_check_err(&err);
	json_decref(spdx);
	json_decref(p.says);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *all = json_loadb((const char *)data, size, 0, NULL);
	json_t *says = json_object_get(all, "says");
	char *text = says ? json_dumps(says, JSON_ENCODE_ANY) : xstrndup((const char *)data, size);

	facts(text, strlen(text));
	free(text);
	texts(all);
	json_decref(all);
	return 0;
}
