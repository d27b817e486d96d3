/* Reads a tree's description of itself, and names its archives. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/below.h"
#include "base/embed.h"
#include "base/file.h"
#include "pack/pack-internal.h"
#include "proc/proc.h"
#include "report/json.h"

#define BUILD_FILE "share/solder/build.json"
#define BUILD_MAX ((size_t)4 << 20)
#define ASK_MS 60000
#define ANSWER_MAX ((size_t)4 << 20)

/* Asks the interpreter for the facts in PYTHON.json. */
EMBED(pack_question, "src/pack/ask.py");

char *package_path(const struct package *p, const char *rel)
{
	return xasprintf("%s/%s", p->dir, rel);
}

const char *package_text(const json_t *object, const char *key)
{
	const char *text = json_word(object, key);

	return text ? text : "";
}

char *package_module(const char *path)
{
	const char *base = path_base(path);

	return xstrndup(base, strcspn(base, "."));
}

char *package_test_folder(const struct package *p, const char *test)
{
	char *path = xasprintf("%s/%s", p->lib_rel, test);

	for (char *c = path + strlen(p->lib_rel); *c; c++)
		*c = *c == '.' ? '/' : *c;
	return path;
}

/* Trees built before the date was recorded have it in their files' times. */
static int read_epoch(struct package *p, const struct stat *build_file, struct err *err)
{
	const json_t *epoch = json_object_get(p->build, "source_date_epoch");
	struct tm tm;
	time_t t;

	p->epoch =
		json_is_integer(epoch) ? json_integer_value(epoch) : (int64_t)build_file->st_mtime;
	t = (time_t)p->epoch;
	if (p->epoch < 0 || !gmtime_r(&t, &tm) || tm.tm_year > 8000)
		return err_set(err, ERR_INPUT, "'%s/" BUILD_FILE "' has an invalid date", p->dir);
	strftime(p->date, sizeof(p->date), "%Y%m%d", &tm);
	strftime(p->created, sizeof(p->created), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return 0;
}

static int read_build(struct package *p, struct err *err)
{
	CLEANUP_FREE char *path = package_path(p, BUILD_FILE);
	CLEANUP_FOLDER struct folder top = FOLDER_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *triple;
	struct stat st;
	int there;

	if (folder_open(p->dir, &top, err) < 0)
		return -1;
	there = stat_below(&top, BUILD_FILE, &st, err);
	if (!there) {
		err_set(err, ERR_INPUT, "'%s' holds no distribution of 'solder build'", p->dir);
		return err_hint(err, "it has no " BUILD_FILE);
	}
	if (there < 0 || file_read_below(&top, BUILD_FILE, BUILD_MAX, &text, err) < 0)
		return -1;
	p->build = json_loadb(text.data, text.len, 0, NULL);
	triple = package_text(json_object_get(p->build, "distribution"), "triple");
	/* The triple "x86_64-linux-gnu" becomes part of file names. */
	if (!json_is_array(json_object_get(p->build, "packages")) || !strchr(triple, '-') ||
		*triple == '-' || triple[strspn(triple, LETTERS_AND_DIGITS "_-")])
		return err_set(err, ERR_INPUT, "'%s' is damaged", path);
	return read_epoch(p, &st, err);
}

int package_answer(struct package *p, const char *text, size_t len, struct err *err)
{
	const json_t *builtins, *name;
	bool sound;
	size_t i;

	p->says = json_loadb(text, len, 0, NULL);
	builtins = json_object_get(p->says, "builtins");
	sound = json_is_array(builtins);
	json_array_foreach (builtins, i, name)
		sound = sound && json_is_string(name);
	return sound ? 0
		     : err_set(err, ERR_INPUT, "'%s' gives no valid answer about itself",
			       p->dist.interpreter);
}

/* Queries sys and sysconfig of the interpreter itself. */
static int ask_interpreter(struct package *p, struct err *err)
{
	CLEANUP_STRV struct strv env = STRV_INIT;
	CLEANUP_BUF struct buf answer = BUF_INIT;
	const struct py_program program = {.interpreter = p->dist.interpreter,
		.options = PY_ISOLATED,
		.code = pack_question,
		.env = &env,
		.max_output = ANSWER_MAX,
		.limit_ms = ASK_MS};

	/* LD_LIBRARY_PATH does not belong to the tree. */
	proc_ask_environment(false, &env);
	if (py_run(&program, &answer, err) < 0)
		return err_wrap(err, "asking '%s' about itself", p->dist.interpreter);
	return package_answer(p, answer.data ? answer.data : "", answer.len, err);
}

static void name_options(struct package *p)
{
	const char *how = package_text(json_object_get(p->build, "distribution"), "optimisation");
	const char *flags = package_text(p->says, "abiflags"), *kind = strstr(how, "LTO ");
	bool freethreaded = strchr(flags, 't'), debug = strchr(flags, 'd');
	bool pgo = strstr(how, "PGO yes"), lto = kind && strncmp(kind, "LTO none", 8) != 0;
	CLEANUP_STRV struct strv parts = STRV_INIT;

	p->flavour = xasprintf("%s%s", freethreaded ? "freethreaded-" : "", debug ? "debug-" : "");
	if (freethreaded)
		strv_add(&parts, "freethreaded");
	if (debug)
		strv_add(&parts, "debug");
	if (pgo)
		strv_add(&parts, "pgo");
	if (lto)
		strv_add(&parts, "lto");
	if (!pgo && !lto && !debug)
		strv_add(&parts, "noopt");
	p->opts = strv_join(&parts, "+");
}

static void find_tests(struct package *p)
{
	static const char *const known[] = {"ctypes.test", "distutils.tests", "idlelib.idle_test",
		"lib2to3.tests", "sqlite3.test", "test", "tkinter.test", "unittest.test"};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		CLEANUP_FREE char *rel = package_test_folder(p, known[i]);
		CLEANUP_FREE char *path = package_path(p, rel);

		if (path_is_dir(path))
			strv_add(&p->tests, known[i]);
	}
}

int package_find_config(struct package *p, struct err *err)
{
	const char *libpl = package_text(json_object_get(p->says, "python_config_vars"), "LIBPL");
	CLEANUP_FOLDER struct folder top = FOLDER_INIT, config = FOLDER_INIT;

	if (folder_open(p->dir, &top, err) < 0)
		return -1;
	if (strncmp(libpl, "/install/", 9) != 0 ||
		folder_open_below(&top, libpl + 9, &config, err) < 0)
		return err_set(err, ERR_INPUT,
			"cannot pack '%s': its sysconfig says that LIBPL is '%s', which is not in "
			"it",
			p->dir, libpl);
	free(p->config_rel);
	p->config_rel = xstrdup(libpl + 9);
	return 0;
}

char *package_triple(const struct package *p)
{
	const char *target = json_word(json_object_get(p->build, "options"), "target");
	const char *triple = package_text(json_object_get(p->build, "distribution"), "triple");
	size_t n = strcspn(triple, "-");

	if (target && !target[strspn(target, LETTERS_AND_DIGITS "_-")])
		return xstrdup(target);
	return strncmp(triple + n, "-linux-", 7)
		       ? xstrdup(triple)
		       : xasprintf("%.*s-unknown%s", (int)n, triple, triple + n);
}

static int open_package(struct package *p, struct err *err)
{
	if (read_build(p, err) < 0 || py_find(p->dir, &p->dist, err) < 0)
		return -1;
	if (!py_runs(&p->dist))
		return err_set(err, ERR_UNSUPPORTED,
			"cannot pack '%s': its interpreter does not run here: %s", p->dir,
			p->dist.why_not ? p->dist.why_not : "no reason is known");
	if (strcmp(p->dist.prefix, p->dir) != 0)
		return err_set(err, ERR_INPUT, "'%s' is not the prefix of its interpreter, '%s' is",
			p->dir, p->dist.prefix);
	if (ask_interpreter(p, err) < 0 || package_find_config(p, err) < 0 ||
		py_files_read(&p->dist, &p->files, err) < 0)
		return -1;
	for (size_t i = 0; i < p->files.n; i++) {
		if (p->files.v[i].unread)
			return err_set(err, ERR_ENVIRONMENT, "cannot pack '%s': %s",
				p->files.v[i].path, p->files.v[i].problem);
	}
	p->triple = package_triple(p);
	p->name = xasprintf(
		"cpython-%s+%s-%s", package_text(p->says, "python_version"), p->date, p->triple);
	p->lib_rel = xasprintf("lib/python%s%s", p->dist.series,
		strchr(package_text(p->says, "abiflags"), 't') ? "t" : "");
	name_options(p);
	find_tests(p);
	return 0;
}

int pack_open(const char *dir, struct package **ret, struct err *err)
{
	struct package *p = xcalloc(1, sizeof(*p));

	p->dir = realpath(dir, NULL);
	if (!p->dir || !path_is_dir(p->dir))
		err_set(err, ERR_INPUT, "there is no folder '%s'", dir);
	else if (open_package(p, err) == 0) {
		*ret = p;
		return 0;
	}
	pack_free(p);
	return -1;
}

void pack_free(struct package *p)
{
	if (!p)
		return;
	py_files_release(&p->files);
	py_release(&p->dist);
	json_decref(p->build);
	json_decref(p->says);
	strv_release(&p->tests);
	free(p->dir);
	free(p->triple);
	free(p->opts);
	free(p->flavour);
	free(p->name);
	free(p->lib_rel);
	free(p->config_rel);
	free(p);
}

void cleanup_package(struct package **p)
{
	pack_free(*p);
}

const char *pack_libpython(const struct package *p)
{
	return p->dist.libpython_shared;
}

const json_t *pack_build(const struct package *p)
{
	return p->build;
}

const char *const *package_libraries(const char *module)
{
	/* X11's libraries and what draws fonts are inside of Tk. */
#define IN_TK                                                                                      \
	"tk", "libx11", "libxcb", "libxau", "libxrender", "libxft", "fontconfig", "freetype",      \
		"libpng", "expat", "zlib", "zlib-ng", "xtrans", NULL
	static const char *const tcl[] = {"tcl", "zlib", "zlib-ng", NULL}, *const tk[] = {IN_TK},
				 *const tkinter[] = {"tcl", IN_TK};
	static const char *const
		openssl[] = {"openssl", NULL},
		*const sqlite[] = {"sqlite", NULL}, *const zlib[] = {"zlib", "zlib-ng", NULL},
		*const bzip2[] = {"bzip2", NULL}, *const xz[] = {"xz", NULL},
		*const zstd[] = {"zstd", NULL}, *const bdb[] = {"bdb", NULL},
		*const ncurses[] = {"ncurses", NULL}, *const edit[] = {"libedit", "ncurses", NULL},
		*const ffi[] = {"libffi", NULL}, *const decimal[] = {"mpdecimal", NULL},
		*const uuid[] = {"libuuid", NULL}, *const expat[] = {"expat", NULL};
	static const struct {
		const char *module;
		const char *const *packages;
	} table[] = {{"_bz2", bzip2}, {"_ctypes", ffi}, {"_curses", ncurses},
		{"_curses_panel", ncurses}, {"_dbm", bdb}, {"_decimal", decimal},
		{"_hashlib", openssl}, {"_lzma", xz}, {"_sqlite3", sqlite}, {"_ssl", openssl},
		{"_tkinter", tkinter}, {"_uuid", uuid}, {"_zstd", zstd}, {"binascii", zlib},
		{"libtcl9", tcl}, {"libtcl9tk9", tk}, {"pyexpat", expat}, {"readline", edit},
		{"zlib", zlib}};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (!strcmp(table[i].module, module))
			return table[i].packages;
	}
	return NULL;
}
