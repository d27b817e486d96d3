#include "packing.h"

void packing_setup(struct packing *f, const char *root)
{
	*f = (struct packing){.tree = xasprintf("%s/tree", root),
		.out = xasprintf("%s/out", root),
		.scratch = xasprintf("%s/tmp", root)};
	scratch_file(root, "tree/lib/python3.13/os.py", "pass", 0644);
	free(scratch_shell(root, "mkdir tmp"));
	f->p = (struct package){.dir = f->tree,
		.build = json_pack("{s: {}, s: []}", "distribution", "packages"),
		.says = json_object(),
		.triple = (char *)"x86_64-unknown-linux-gnu",
		.opts = (char *)"noopt",
		.flavour = (char *)"",
		.name = (char *)"cpython-3.13.15+20260805-x86_64-unknown-linux-gnu",
		.lib_rel = (char *)"lib/python3.13"};
	f->o = (struct pack_write){.out = f->out, .scratch = f->scratch, .level = 1, .jobs = 2};
}

void packing_release(struct packing *f)
{
	json_decref(f->p.build);
	json_decref(f->p.says);
	free(f->tree);
	free(f->out);
	free(f->scratch);
}

json_t *packing_write(struct packing *f)
{
	json_t *result = NULL;

	if (pack_write(&f->p, &f->o, &result, &f->err) < 0)
		fail_msg("%s", f->err.msg);
	return result;
}

void packing_refused(struct packing *f, const char *message)
{
	json_t *result = NULL;

	assert_int_equal(pack_write(&f->p, &f->o, &result, &f->err), -1);
	assert_null(result);
	if (!strstr(f->err.msg, message))
		fail_msg("'%s' does not say '%s'", f->err.msg, message);
}
