/* solder inspect: facts about an ELF file, an archive, a folder or a Python, without judgement. */
#include <stddef.h>

#include "cmd/cmd.h"
#include "python/python.h"

struct inspect_values {
	struct py_inspect how;
	bool json;
	const char *html;
};

static int inspect_run(const void *values, const struct strv *args, struct err *err)
{
	const struct inspect_values *v = values;
	CLEANUP_DOC struct doc *doc = NULL;

	if (v->html && cmd_check_output(v->html, err) < 0)
		return -1;
	if (py_inspect(args->v[0], &v->how, v->json ? stdout : NULL, &doc, err) < 0)
		return -1;
	if (!v->json)
		cmd_print(doc);
	return v->html ? doc_save_html(doc, v->html, err) : 0;
}

static const struct opt inspect_opts[] = {
	{"file", 0, OPT_STRING, "PATTERN", "show the page of each file whose path matches",
		offsetof(struct inspect_values, how.file)},
	{"all", 0, OPT_FLAG, NULL, "show the page of every file",
		offsetof(struct inspect_values, how.all)},
	{"symbols", 0, OPT_FLAG, NULL, "list exported and undefined symbols on pages",
		offsetof(struct inspect_values, how.symbols)},
	{"code", 0, OPT_FLAG, NULL,
		"disassemble every file, not only the interpreter and libpython",
		offsetof(struct inspect_values, how.code)},
	{"alone", 0, OPT_FLAG, NULL,
		"look at the file or folder itself, not at the Python it belongs to",
		offsetof(struct inspect_values, how.alone)},
	{"no-run", 0, OPT_FLAG, NULL, "run nothing: take facts from files alone",
		offsetof(struct inspect_values, how.no_run)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text",
		offsetof(struct inspect_values, json)},
	{"html", 0, OPT_STRING, "FILE", "write a page for a browser, too",
		offsetof(struct inspect_values, html)},
};

const struct command cmd_inspect = {
	.name = "inspect",
	.summary = "show the facts of a Python, an ELF file, an archive or a folder",
	.args = "FILE|DIR|PYTHON",
	.about =
		"Facts without judgement. A Python is found from its interpreter, its prefix, a virtual\n"
		"environment, or a name on PATH; links, pyenv's shims and wrapper scripts are followed, and\n"
		"every step is told. Of a Python: how it is linked, which libpython the loader would map and\n"
		"why, and a table of its files. Of one ELF file or static library: a page with everything.\n"
		"Of any other folder: a table of the ELF files below it.\n\n"
		"The interpreter of a Python is run to ask what it is, and so is a script that starts one, with\n"
		"your rights, and with PATH, HOME and LD_LIBRARY_PATH as all of your environment. With\n"
		"--no-run nothing is run.\n\n"
		"A file that cannot be read is noted, and the rest goes on. With --json every fact of every\n"
		"file is printed, the names of all symbols included.\n\n"
		"PATTERN is a shell pattern for the whole path below the folder, or a part of it.",
	.example = "solder inspect python3\nsolder inspect dist/cpython --file libpython\n"
		   "solder inspect /usr/lib/x86_64-linux-gnu/libz.so.1\n"
		   "solder inspect --json dist/cpython | jq '.files[] | [.rel, .elf.glibc]'",
	.opts = inspect_opts,
	.n_opts = ARRAY_SIZE(inspect_opts),
	.values_size = sizeof(struct inspect_values),
	.min_args = 1,
	.max_args = 1,
	.run = inspect_run,
};
