/* solder inspect: what an ELF file, an archive, a folder or a Python is, without judgement. */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cmd/cmd.h"
#include "cmd/inspect-internal.h"

#define ARCHIVE_MAGIC "!<arch>\n"
#define THIN_MAGIC "!<thin>\n"

int inspect_show(const struct doc *doc, const struct inspect_options *o, struct err *err)
{
	if (!o->json)
		cmd_print(doc);
	return o->html ? doc_save_html(doc, o->html, err) : 0;
}

static int add_library(
	json_t *list, const struct py_chain *chain, size_t n, const char *needed, struct err *err)
{
	CLEANUP_FREE char *found = NULL, *why = NULL;
	json_t *o;

	if (py_loader_find(chain, n, needed, &found, &why, err) < 0)
		return -1;
	o = json_object();
	json_object_set_new(o, "needed", py_text_json(needed));
	json_object_set_new(o, "found", py_text_json(found));
	json_object_set_new(o, "why", py_text_json(why));
	json_array_append_new(list, o);
	return 0;
}

int inspect_fill(struct inspect_item *item, const struct py_chain *python, struct err *err)
{
	const struct elf_facts *f = &item->file.facts;
	const struct py_chain self = {item->file.path, f};
	const struct py_chain chain[] = {python ? *python : self, self};
	bool alone = !python || !strcmp(python->path, item->file.path);
	struct err failed = ERR_INIT;

	item->libraries = json_array();
	if (item->file.problem)
		return 0;
	for (size_t i = 0; i < f->n_needed; i++) {
		if (add_library(item->libraries, chain, alone ? 1 : 2, f->needed[i], err) < 0)
			return -1;
	}
	if (!item->wants_code)
		return 0;
	item->has_code = code_counts_read(item->file.path, &item->code, &failed) == 0;
	if (!item->has_code)
		item->code_problem = xstrdup(failed.msg);
	return 0;
}

void inspect_release(struct inspect_item *item)
{
	free(item->file.path);
	free(item->file.rel);
	free(item->file.problem);
	elf_facts_release(&item->file.facts);
	free(item->code_problem);
	json_decref(item->libraries);
	*item = (struct inspect_item){0};
}

json_t *inspect_json(const struct inspect_item *item)
{
	json_t *o = py_file_json(&item->file);

	if (item->libraries)
		json_object_set(o, "libraries", item->libraries);
	json_object_set_new(o, "code", item->has_code ? py_code_json(&item->code) : json_null());
	json_object_set_new(o, "code_problem", py_text_json(item->code_problem));
	return o;
}

static int inspect_file(const char *path, const struct inspect_options *o, struct err *err)
{
	CLEANUP(inspect_release) struct inspect_item item = {.wants_code = true};
	CLEANUP_FREE char *title = xasprintf("solder inspect: %s", path);
	CLEANUP_DOC struct doc *doc = doc_new(title);
	json_t *model;

	item.file.path = path_absolute(path);
	item.file.rel = xstrdup(path);
	if (!py_file_read(NULL, &item.file) || item.file.problem)
		return err_set(err, ERR_INPUT, "%s",
			item.file.problem ? item.file.problem : "the file changed meanwhile");
	if (inspect_fill(&item, NULL, err) < 0)
		return -1;
	if (o->json) {
		model = json_pack("{s:o}", "file", inspect_json(&item));
		report_json("solder-inspect", model, stdout);
		json_decref(model);
	}
	inspect_page(doc, &item, o->symbols);
	return inspect_show(doc, o, err);
}

static int inspect_archive(
	const char *path, const struct stat *st, const struct inspect_options *o, struct err *err)
{
	CLEANUP_FREE char *title = xasprintf("solder inspect: %s", path);
	CLEANUP_DOC struct doc *doc = doc_new(title);
	CLEANUP_FREE char *full = path_absolute(path);
	struct archive_facts facts;
	json_t *model, *archive;

	if (archive_facts_read(path, &facts, err) < 0)
		return -1;
	if (o->json) {
		archive = py_archive_json(&facts);
		json_object_set_new(archive, "path", py_text_json(full));
		json_object_set_new(archive, "size", json_integer((json_int_t)st->st_size));
		model = json_pack("{s:o}", "archive", archive);
		report_json("solder-inspect", model, stdout);
		json_decref(model);
	}
	doc_fact(doc, "file", full);
	inspect_archive_page(doc, (uint64_t)st->st_size, &facts);
	return inspect_show(doc, o, err);
}

/* Up to `size` bytes from the beginning. */
static int read_head(const char *path, char *head, size_t size, size_t *len, struct err *err)
{
	CLEANUP_CLOSE int fd = file_open(path, err);
	ssize_t n = fd < 0 ? -1 : read(fd, head, size);

	if (fd < 0)
		return -1;
	if (n < 0)
		return err_sys(err, "cannot read '%s'", path);
	*len = (size_t)n;
	return 0;
}

static int starts_python(const char *path, bool *ret, struct err *err)
{
	CLEANUP_ELF_FACTS struct elf_facts facts = {0};

	if (elf_facts_read(path, &facts, err) < 0)
		return -1;
	*ret = py_is_interpreter(path, &facts);
	return 0;
}

/* By content, not by name. */
static int inspect_regular(
	const char *path, const struct stat *st, const struct inspect_options *o, struct err *err)
{
	bool python = false;
	char head[16];
	size_t len = 0;

	if (read_head(path, head, sizeof(head), &len, err) < 0)
		return -1;
	if (len >= 8 && (!memcmp(head, ARCHIVE_MAGIC, 8) || !memcmp(head, THIN_MAGIC, 8)))
		return inspect_archive(path, st, o, err);
	if (len >= 4 && !memcmp(head, "\177ELF", 4)) {
		if (!o->alone && starts_python(path, &python, err) < 0)
			return -1;
		return python ? inspect_python(path, o, err) : inspect_file(path, o, err);
	}
	if (len >= 2 && !memcmp(head, "#!", 2) && !o->alone)
		return inspect_python(path, o, err);
	err_set(err, ERR_INPUT, "'%s' is neither an ELF file nor a static library%s", path,
		len ? "" : ": it is empty");
	return err_hint(err, "name an ELF file, a static library, a folder, or a Python");
}

static int run(const void *values, const struct strv *args, struct err *err)
{
	const struct inspect_options *o = values;
	const char *what = args->v[0];
	CLEANUP_FREE char *cfg = xasprintf("%s/pyvenv.cfg", what);
	struct stat st;

	if (o->html && cmd_check_output(o->html, err) < 0)
		return -1;
	/* What is not here may be on PATH; a dangling link is explained hop by hop. */
	if (stat(what, &st) < 0)
		return inspect_python(what, o, err);
	if (S_ISDIR(st.st_mode))
		return !o->alone && (py_has_python(what) || path_exists(cfg))
			       ? inspect_python(what, o, err)
			       : inspect_folder(what, o, err);
	if (S_ISREG(st.st_mode))
		return inspect_regular(what, &st, o, err);
	return err_set(err, ERR_INPUT, "'%s' is neither a file nor a folder", what);
}

static const struct opt opts[] = {
	{"file", 0, OPT_STRING, "PATTERN", "show the page of each file whose path matches",
		offsetof(struct inspect_options, file)},
	{"all", 0, OPT_FLAG, NULL, "show the page of every file",
		offsetof(struct inspect_options, all)},
	{"symbols", 0, OPT_FLAG, NULL, "list exported and undefined symbols on pages",
		offsetof(struct inspect_options, symbols)},
	{"code", 0, OPT_FLAG, NULL,
		"disassemble every file, not only the interpreter and libpython",
		offsetof(struct inspect_options, code)},
	{"alone", 0, OPT_FLAG, NULL,
		"look at the file or folder itself, not at the Python it belongs to",
		offsetof(struct inspect_options, alone)},
	{"no-run", 0, OPT_FLAG, NULL, "run nothing: take facts from files alone",
		offsetof(struct inspect_options, no_run)},
	{"json", 0, OPT_FLAG, NULL, "print JSON instead of text",
		offsetof(struct inspect_options, json)},
	{"html", 0, OPT_STRING, "FILE", "write a page for a browser, too",
		offsetof(struct inspect_options, html)},
};

const struct command cmd_inspect = {
	.name = "inspect",
	.summary = "show the facts of a Python, an ELF file, an archive or a folder",
	.args = "FILE|DIR|PYTHON",
	.about =
		"Facts without judgement. A Python is found from its interpreter, its prefix, a "
		"virtual\nenvironment, or a name on PATH; links, pyenv's shims and wrapper scripts "
		"are followed, and\nevery step is told. Of a Python: how it is linked, which "
		"libpython the loader would map and\nwhy, and a table of its files. Of one ELF "
		"file or static library: a page with everything.\nOf any other folder: a table of "
		"the ELF files below it.\n\n"
		"The interpreter of a Python is run to ask what it is, and so is a script that "
		"starts one, with\nyour rights, and with PATH, HOME and LD_LIBRARY_PATH as all of "
		"your environment. With\n--no-run nothing is run.\n\n"
		"A file that cannot be read is noted, and the rest goes on. With --json every fact "
		"of every\nfile is printed, the names of all symbols included.\n\n"
		"PATTERN is a shell pattern for the whole path below the folder, or a part of it.",
	.example = "solder inspect python3\nsolder inspect dist/cpython --file libpython\n"
		   "solder inspect /usr/lib/x86_64-linux-gnu/libz.so.1\n"
		   "solder inspect --json dist/cpython | jq '.files[] | [.rel, .elf.glibc]'",
	.opts = opts,
	.n_opts = ARRAY_SIZE(opts),
	.values_size = sizeof(struct inspect_options),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
