/* Any text as the description of a step, and of its result: what is taken stays in the folder, and
 * written again it reads the same.
 *
 * Source: src/farm/order.c
 */
#include "fuzz.h"

#include "farm/farm-internal.h"

static void check_file(const struct order_file *f)
{
	fuzz_check(!f->name || (f->name[0] != '/' && strncmp(f->name, "..", 2) != 0 &&
				       !strstr(f->name, "/../") && strlen(f->sha256) == 64));
}

static void check_order(const struct order *o)
{
	fuzz_check(!strchr(o->id, '/') && o->id[0] != '.' && strlen(o->id) < 96);
	check_file(&o->script_file);
	check_file(&o->source);
	check_file(&o->recipe);
	for (size_t i = 0; i < o->n_trees; i++) {
		check_file(&o->trees[i]);
		fuzz_check(!strncmp(o->trees[i].name, INPUTS, strlen(INPUTS)) &&
			   !strchr(o->trees[i].name + strlen(INPUTS), '/'));
	}
	for (size_t i = 0; i < o->env.n; i++)
		fuzz_check(strchr(o->env.v[i], '=') > o->env.v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	CLEANUP_ORDER struct order *o = NULL, *again = NULL;
	CLEANUP_RESULT struct result r = {0};
	struct err err = ERR_INIT;

	if (order_parse(text, size, &o, &err) == 0) {
		json_t *root = order_json(o);
		char *first = json_dumps(root, 0), *second;

		json_decref(root);
		check_order(o);
		fuzz_check(order_parse(first, strlen(first), &again, &err) == 0);
		root = order_json(again);
		second = json_dumps(root, 0);
		json_decref(root);
		fuzz_check(!strcmp(first, second));
		free(first);
		free(second);
	} else {
		fuzz_check_err(&err);
	}
	if (result_parse(text, size, &r, &err) == 0)
		fuzz_check(r.output_size && strlen(r.output_sha256) == 64);
	return 0;
}
