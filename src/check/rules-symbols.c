/* Rules about what the interpreter, libpython and the extension modules export. */
#include <string.h>

#include "base/file.h"
#include "check/check-internal.h"

/* For check_listed(). Uses prefixes only where a library claims the whole prefix. */
static const struct {
	const char *library, *names;
} owners[] = {
	{"OpenSSL", "SSL_* EVP_* OPENSSL_* OSSL_* X509_* BIO_* CRYPTO_* ASN1_* PEM_* RSA_* EC_* "
		    "BN_* DSA_* ERR_* PKCS7_* PKCS12_* OCSP_* CMS_* RAND_*"},
	{"SQLite", "sqlite3_*"},
	{"zlib", "deflate* inflate* gzopen gzopen64 gzread gzwrite gzclose gzseek gzputs gzgets "
		 "adler32* crc32 crc32_z crc32_combine* compress compress2 compressBound "
		 "uncompress uncompress2 zlibVersion zlibCompileFlags zError get_crc_table"},
	{"bzip2", "BZ2_*"},
	{"lzma", "lzma_*"},
	{"zstd", "ZSTD_* ZDICT_* ZSTDMT_* FSE_* HUF_*"},
	{"libffi", "ffi_*"},
	{"expat", "XML_* XmlInitEncoding XmlGetUtf8InternalEncoding"},
	{"mpdecimal", "mpd_*"},
	{"ncurses", "initscr newwin wrefresh waddnstr wgetch endwin tgetent tgetnum setupterm "
		    "tigetnum new_panel update_panels _nc_*"},
	{"libedit or readline", "el_init el_gets el_set el_end history_init readline add_history "
				"rl_* _rl_* using_history"},
	{"Berkeley DB", "db_create db_env_create db_version db_strerror __db_* __bam_* __ham_*"},
	{"gdbm", "gdbm_*"},
	{"libuuid", "uuid_*"},
	{"Tcl/Tk", "Tcl_* Tk_* TclOO_*"},
	{"xcb", "xcb_*"},
	{"X11", "XOpenDisplay XCloseDisplay XCreateWindow XNextEvent XFlush"},
};

const char *rule_third_party(const char *symbol)
{
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		if (check_listed(owners[i].names, symbol))
			return owners[i].library;
	}
	return NULL;
}

/* Number of names listed in a finding. */
#define NAMES_MAX 5

/* Adds a finding about a list of names: "…: a, b, c and 4 more". */
static void find_names(
	struct rule_run *r, const char *where, const char *what, const struct strv *names)
{
	CLEANUP_FREE char *first = check_first_names(names, NAMES_MAX);

	if (names->n)
		rule_find(r, where, "%s: %s", what, first);
}

static void exports_covered(struct rule_run *r)
{
	CLEANUP_STRV struct strv missing = STRV_INIT;
	const struct elf_facts *library = &r->library->facts;

	for (size_t i = 0; i < library->n_exports; i++) {
		if (!elf_exports(&r->interpreter->facts, library->exports[i]))
			strv_add(&missing, library->exports[i]);
	}
	find_names(r, r->interpreter->path, "does not export what libpython exports", &missing);
}

/* Names that belong neither to a library nor to Python, but to the start-up code of every program,
 * and libc variables that a position-dependent program copies into itself. */
static const char allowed_exports[] =
	"Py* _Py* PY_TIMEOUT_MAX stdin stdout stderr environ __environ _environ _init _fini _start "
	"main __bss_start _edata _end __data_start data_start _IO_stdin_used __bss_start__ "
	"_bss_end__ __bss_end__ __end__ optarg optind opterr optopt tzname timezone daylight "
	"__timezone __tzname __daylight program_invocation_name program_invocation_short_name "
	"__progname __progname_full signgam in6addr_any in6addr_loopback h_errno sys_errlist "
	"sys_nerr __stack_chk_guard";

static void foreign_exports(struct rule_run *r, const struct py_file *f)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t k = 0; k < f->facts.n_exports; k++) {
		const char *name = f->facts.exports[k];

		if (!check_listed(allowed_exports, name) && !rule_third_party(name))
			strv_add(&names, name);
	}
	find_names(r, f->path, "exports names that are not Python's", &names);
}

static void third_party_exports(struct rule_run *r, const struct py_file *f)
{
	CLEANUP_STRV struct strv names = STRV_INIT;

	for (size_t k = 0; k < f->facts.n_exports; k++) {
		const char *owner = rule_third_party(f->facts.exports[k]);

		if (owner)
			strv_addf(&names, "%s (%s)", f->facts.exports[k], owner);
	}
	find_names(r, f->path, "exports names of other libraries", &names);
}

/* The file whose code runs: it must have the API. */
static const struct py_file *api_holder(const struct rule_run *r)
{
	return r->dist->link == PY_LINK_SHARED ? r->library : r->interpreter;
}

static void api(struct rule_run *r)
{
	static const char *const names[] = {"Py_Initialize", "PyList_New", "Py_CompileString",
		"PyRun_SimpleString", "Py_Main", "_Py_NoneStruct", "PyExc_ImportError"};
	const struct py_file *files[] = {
		r->dist->link == PY_LINK_UNKNOWN ? NULL : api_holder(r), r->library};

	if (!files[0] && !files[1])
		rule_unchecked(r, "no file with libpython can be read");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_STRV struct strv missing = STRV_INIT;

		if (!files[i] || (i && files[i] == files[0]))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			if (!elf_exports(&files[i]->facts, names[k]))
				strv_add(&missing, names[k]);
		}
		find_names(r, files[i]->path, "does not export", &missing);
	}
}

static void init_functions(struct rule_run *r)
{
	CLEANUP_STRV struct strv missing = STRV_INIT;
	const json_t *builtins = json_object_get(r->dist->says, "builtins");
	const struct py_file *holder = api_holder(r);

	if (!holder || !json_array_size(builtins)) {
		rule_unchecked(r, "the list of built-in modules is not known");
		return;
	}
	for (size_t i = 0; i < json_array_size(builtins); i++) {
		const char *name = json_string_value(json_array_get(builtins, i));
		CLEANUP_FREE char *symbol = xasprintf("PyInit_%s", name ? name : "");

		/* their init functions have other names, or do not exist */
		if (name && !check_listed("sys builtins marshal _imp _warnings", name) &&
			!elf_exports(&holder->facts, symbol))
			strv_add(&missing, symbol);
	}
	find_names(r, holder->path, "does not export the init functions of built-in modules",
		&missing);
}

static void debugger_symbols(struct rule_run *r)
{
	const struct py_file *files[] = {api_holder(r), r->library};
	bool has_version = r->dist->major > 3 || r->dist->minor >= 11;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_STRV struct strv missing = STRV_INIT;
		CLEANUP_BUF struct buf section = BUF_INIT;
		struct err err = ERR_INIT;
		int there;

		if (!files[i] || (i && files[i] == files[0]))
			continue;
		if (!elf_exports(&files[i]->facts, "_PyRuntime"))
			strv_add(&missing, "the symbol _PyRuntime");
		if (has_version && !elf_exports(&files[i]->facts, "Py_Version"))
			strv_add(&missing, "the symbol Py_Version");
		there = elf_section_read(
			files[i]->path, ".PyRuntime", (size_t)64 << 20, &section, &err);
		if (there < 0)
			rule_unchecked(r, "%s", err.msg);
		else if (!there)
			strv_add(&missing, "the section .PyRuntime");
		find_names(r, files[i]->path, "lacks", &missing);
	}
	if (!files[0] && !files[1])
		rule_unchecked(r, "no file with libpython can be read");
}

static void symbolic(struct rule_run *r, const struct py_file *f)
{
	if (f->facts.symbolic)
		rule_find(r, f->path, "is linked with -Bsymbolic (DF_SYMBOLIC)");
}

static void pthread_yield_used(struct rule_run *r, const struct py_file *f)
{
	if (elf_wants(&f->facts, "pthread_yield"))
		rule_find(r, f->path, "calls pthread_yield");
}

const struct check_rule rules_symbols[] = {
	{"exports-covered", CHECK_ERROR, NEEDS_STATIC | NEEDS_LIBRARY,
		"an extension that drags in libpython.so would use a second, uninitialised copy",
		"link the interpreter with -export-dynamic from all objects of libpython, and hide "
		"nothing there that the library shows",
		"Everything that libpython.so exports must be exported by a static interpreter, "
		"too. The executable leads the loader's global scope: what it exports wins over "
		"the library, however the library came into the process, so that there is one "
		"`None`, one list of types, one thread state. A name that only the library has "
		"is resolved to the library's own copy, which nobody initialised.",
		.apply = exports_covered},
	{"foreign-exports", CHECK_WARNING, 0,
		"a program or plugin with a function of the same name calls Python's instead",
		"compile with -fvisibility=hidden, or name the exports in a version script",
		"The interpreter and libpython export names that begin with Py, _Py or PyInit_, "
		"and nothing else. Allowed besides: PY_TIMEOUT_MAX, which is public API without "
		"the prefix (pythread.h); the start-up names of every executable (_start, main, "
		"_edata, …); variables of the C library that an executable copies into itself "
		"(stdin, environ, …). A name such as `my_free` in an executable outranks every "
		"plugin that is loaded later. Names of well-known libraries are the business of "
		"`third-party-exports`.",
		.roles = ROLE(PY_ROLE_INTERPRETER) | ROLE(PY_ROLE_LIBPYTHON),
		.on_file = foreign_exports},
	{"third-party-exports", CHECK_ERROR, 0,
		"an extension that brings its own copy of that library gets a mixture of two",
		"link the library with -Wl,--exclude-libs,ALL",
		"Libraries that were linked in (OpenSSL, zlib, SQLite, ncurses, libffi and the "
		"like) stay hidden in the interpreter, in libpython and in extension modules. "
		"Exported, they replace the copies that wheels bundle, in other versions.",
		.roles = ROLES_PYTHON, .on_file = third_party_exports},
	{"api-exported", CHECK_ERROR, 0,
		"extension modules do not load, embedding programs do not link",
		"link with -export-dynamic, without hiding the C API",
		"The file that carries libpython, and the shared library that ships, export the C "
		"API: Py_Initialize, PyList_New, Py_CompileString and other names that stand for "
		"all.",
		.apply = api},
	{"init-functions", CHECK_WARNING, NEEDS_RUN,
		"a program that extends the table of built-in modules (PyImport_AppendInittab) "
		"does not link",
		"keep PyInit_* visible",
		"For each built-in module, the file that carries libpython exports its init "
		"function. `sys`, `builtins`, `marshal`, `_imp` and `_warnings` have none of the "
		"usual name.",
		.apply = init_functions},
	{"debugger-symbols", CHECK_WARNING, 0,
		"py-spy, gdb and profilers do not find the interpreter's state",
		"keep _PyRuntime and Py_Version exported and the section .PyRuntime in place; with "
		"--gc-sections name them as roots",
		"Debuggers find a running interpreter by the symbol _PyRuntime or the section "
		".PyRuntime, and its version by Py_Version (3.11 and later). Both the executable "
		"that carries libpython and the library must have them, since either may be what "
		"runs.",
		.apply = debugger_symbols},
	{"symbolic", CHECK_ERROR, 0,
		"the library compares its own None with the interpreter's, and they differ",
		"link with -Bsymbolic-functions at most",
		"DF_SYMBOLIC (-Bsymbolic) binds a library's references to its own data. With a "
		"static interpreter in the same process, `Py_None` and the type objects then exist "
		"twice. -Bsymbolic-functions binds functions only and is fine.",
		.roles = ROLES_PYTHON, .on_file = symbolic},
	{"pthread-yield", CHECK_WARNING, 0, "the file does not link or load with newer C libraries",
		"call sched_yield",
		"glibc 2.34 deprecated pthread_yield and keeps it only for programs that were "
		"linked before; musl never had it.",
		.roles = ROLES_ALL, .on_file = pthread_yield_used},
	{0},
};
