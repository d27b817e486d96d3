/* The table of probes, with the expected results. */
#include "check/check-internal.h"

#define MINUTE 60

/* For every link mode. */
#define ALWAYS(what, because)                                                                      \
	{                                                                                          \
		.links = PROBE_ANY, .seen = (what), .why = (because)                               \
	}
#define WHEN(condition, what, because)                                                             \
	{                                                                                          \
		.links = PROBE_ANY, .when = (condition), .seen = (what), .why = (because)          \
	}
#define STATIC(what, because)                                                                      \
	{                                                                                          \
		.links = PROBE_STATIC, .seen = (what), .why = (because)                            \
	}
/* With a static interpreter that has the SONAME of its libpython, whoever built it. */
#define ANSWERS(what, because)                                                                     \
	{                                                                                          \
		.links = PROBE_STATIC, .when = "answers=yes", .seen = (what), .why = (because)     \
	}
/* With a single copy of libpython, whichever file it is in. */
#define ONE_COPY(what, because)                                                                    \
	{                                                                                          \
		.links = PROBE_SHARED | PROBE_DUAL, .seen = (what), .why = (because)               \
	}

const struct probe probe_table[] = {
	{"extension", "T1", "an extension module that is not linked with libpython",
		"cc headers program:readelf", 2 * MINUTE,
		{STATIC("import=ok api=executable none=same runtimes=1 needs-libpython=no",
			 "the interpreter exports the whole C API, and the loader looks there "
			 "first"),
			{.links = PROBE_SHARED,
				.seen = "import=ok api=library none=same runtimes=1 "
					"needs-libpython=no",
				.why = "libpython is in the global scope, since the interpreter "
				       "needs it"},
			{.links = PROBE_DUAL,
				.seen = "import=ok none=same runtimes=1 needs-libpython=no",
				.why = "there is one file with the C API, and it is mapped "
				       "already"}}},
	{"overlinked-extension", "T2", "an extension module linked with libpython without need",
		"cc headers shared program:readelf", 2 * MINUTE,
		{ANSWERS("import=ok api=executable none=same runtimes=1",
			 "the name is the interpreter's own (DT_SONAME)"),
			STATIC("import=ok api=executable none=same runtimes=2",
				"the loader maps libpython for the module (the interpreter's DT_RPATH or "
				"the system's folders lead to it), but every symbol comes from the "
				"interpreter, which is first in the global scope"),
			ONE_COPY("import=ok none=same runtimes=1",
				"the name is that of a file that is mapped already")}},
	{"library-first", "T3",
		"the over-linked module under a loader that asks its own libraries first",
		"cc headers shared", 2 * MINUTE,
		{ANSWERS("import=ok api=executable none=same runtimes=1",
			 "the module's own libpython is the interpreter (DT_SONAME)"),
			STATIC("import=crash|SystemError|ImportError",
				"the module talks to a second copy of Python that nobody initialised; if "
				"this ever passes, the probe is broken"),
			ONE_COPY("import=ok none=same runtimes=1", "there is no second copy")}},
	{"embed-shared", "T4", "a program linked with libpython.so, with and without an rpath",
		"cc headers shared module program:readelf", 2 * MINUTE,
		{WHEN("says-place=yes", "run=ok without-rpath=ok needs-libpython=yes",
			 "what programs are linked with says where libpython lies"),
			WHEN("loader-finds=ours", "run=ok without-rpath=ok needs-libpython=yes",
				"libpython is in a folder of the system's loader"),
			WHEN("config-has-rpath=yes", "run=ok without-rpath=ok needs-libpython=yes",
				"python3-config gives an rpath"),
			WHEN("loader-finds=another",
				"run=ok without-rpath=another-libpython needs-libpython=yes",
				"a private folder is on no search path, and the system has a "
				"libpython of the same name: without an rpath a program gets that"),
			ALWAYS("run=ok without-rpath=missing-library needs-libpython=yes",
				"a private folder is on no search path: the program has to bring an rpath, "
				"however the interpreter is linked")}},
	{"embed-static", "T4",
		"a program with libpython.a inside, with and without exporting the API",
		"cc headers static module program:readelf", 2 * MINUTE,
		{ALWAYS("link-pie=ok run=ok needs-libpython=no without-export=undefined-symbol",
			"the archive is position-independent and needs what sysconfig says; "
			"extension modules need the API, which only -Wl,--export-dynamic "
			"publishes")}},
	{"mid-level-library", "T5", "a library that uses the C API, under a module and a program",
		"cc headers shared", 2 * MINUTE,
		{ANSWERS("extension=ok plain-none=same plain-runtimes=1 "
			 "tool-without-libpython=does-not-link tool=ok linked-tool=ok "
			 "linked-extension=ok api=executable none=same runtimes=1",
			 "a library that is linked with libpython gets the interpreter, which has "
			 "that name (DT_SONAME), in a process of Python, and libpython elsewhere"),
			STATIC("extension=ok plain-none=same plain-runtimes=1 "
			       "tool-without-libpython=does-not-link tool=ok linked-tool=ok "
			       "linked-extension=ok api=executable none=same runtimes=2",
				"a library cannot know whether its program has a Python already: only the "
				"final program should link libpython; a library that does, too, is an "
				"over-linked extension for the interpreter"),
			ONE_COPY("extension=ok plain-none=same plain-runtimes=1 "
				 "tool-without-libpython=does-not-link tool=ok linked-tool=ok "
				 "linked-extension=ok none=same runtimes=1",
				"a library cannot know whether its program has a Python already: "
				"only the final program should link libpython")}},
	{"host-dlopen", "T6", "a program that loads libpython at run time", "cc shared module",
		2 * MINUTE,
		{ALWAYS("global=ok local=undefined-symbol",
			"extension modules take the C API from the global scope, so libpython has to "
			"be loaded with RTLD_GLOBAL, however the interpreter is linked")}},
	{"host-dlopen-late", "T6", "the same after 100 other libraries with thread-local storage",
		"cc shared module", 3 * MINUTE,
		{ALWAYS("run=ok",
			"libpython's thread-local storage fits into what the loader keeps free for "
			"libraries that come late, or is allocated for each thread")}},
	{"handle-copy", "T7", "libpython opened by ctypes beside the interpreter's own",
		"shared python:_ctypes", 3 * MINUTE,
		{{.links = PROBE_STATIC,
			 .when = "handle-runtime=same",
			 .seen = "compare=ok program-runtime=same program-thread-state=same "
				 "handle-runtime=same handle-thread-state=same "
				 "call-small-integer=ok call-list=ok call-error=ok call-gil=ok "
				 "call-thread-state=ok",
			 .why = "when it is loaded beside the interpreter, the library lets its "
				"names lead to the interpreter's"},
			{.links = PROBE_STATIC,
				.since = 12,
				.when = "answers=yes",
				.seen = "compare=ok program-runtime=same program-thread-state=same "
					"name-runtime=same name-thread-state=same "
					"handle-runtime=differs handle-thread-state=null "
					"call-small-integer=ok call-list=crash call-error=crash "
					"call-gil=crash|hang call-thread-state=crash",
				.why = "by name the handle is the interpreter (DT_SONAME); by path it "
				       "reaches the code of a second copy, whose thread-local thread "
				       "state is empty"},
			{.links = PROBE_STATIC,
				.since = 12,
				.seen = "compare=ok program-runtime=same program-thread-state=same "
					"handle-runtime=differs handle-thread-state=null "
					"call-small-integer=ok call-list=crash call-error=crash "
					"call-gil=crash|hang call-thread-state=crash",
				.why = "the handle reaches the code of a second copy, whose thread-local "
				       "thread state is empty; this is a fact to know, use "
				       "ctypes.pythonapi"},
			{.links = PROBE_STATIC,
				.before = 12,
				.seen = "compare=ok program-runtime=same program-thread-state=same "
					"handle-runtime=differs handle-thread-state=same "
					"call-small-integer=ok call-list=ok|crash call-error=ok "
					"call-gil=ok call-thread-state=ok",
				.why = "before 3.12 the thread state is in _PyRuntime, which both "
				       "copies share; the allocator's data they do not share, so "
				       "objects made by one and freed by the other damage the "
				       "heap"},
			ONE_COPY("compare=ok program-runtime=same program-thread-state=same "
				 "name-runtime=same name-thread-state=same "
				 "handle-runtime=same handle-thread-state=same "
				 "call-small-integer=ok call-list=ok call-error=ok call-gil=ok "
				 "call-thread-state=ok",
				"the handle is that of the interpreter's own libpython")}},
	{"tls", "T8", "where Python's thread-local storage is and how it is reached",
		"cc program:readelf", 3 * MINUTE,
		{{.links = PROBE_STATIC,
			 .when = "library-static-tls=yes",
			 .seen = "executable-dynamic-tls=0 executable-calls-tls-get-addr=no "
				 "library-needs-gnu2-tls=no when-used-up=no-static-tls",
			 .why = "in an executable every access is local-exec; a library with "
				"initial-exec accesses cannot be loaded late once the loader's "
				"reserve is used up: the price of its speed"},
			{.links = PROBE_STATIC,
				.when = "library-static-tls=no",
				.seen = "executable-dynamic-tls=0 executable-calls-tls-get-addr=no "
					"library-needs-gnu2-tls=no when-used-up=ok",
				.why = "in an executable every access is local-exec; a library "
				       "without initial-exec accesses can always be loaded late"},
			STATIC("executable-dynamic-tls=0 executable-calls-tls-get-addr=no",
				"in an executable every access is local-exec"),
			{.links = PROBE_SHARED | PROBE_DUAL,
				.when = "library-static-tls=yes",
				.seen = "library-needs-gnu2-tls=no when-used-up=no-static-tls",
				.why = "a library with initial-exec accesses cannot be loaded late "
				       "once the loader's reserve is used up: the price of its "
				       "speed"},
			ONE_COPY("library-needs-gnu2-tls=no when-used-up=ok",
				"a library without initial-exec accesses can always be loaded "
				"late")}},
	{"cmake", "T10", "CMake's FindPython: a module, and a program with the .so and with the .a",
		"cc headers shared module tool:cmake program:make program:readelf", 10 * MINUTE,
		{WHEN("archive=no",
			 "shared=ok run=ok needs-libpython=yes module=ok module-needs-libpython=no",
			 "FindPython finds interpreter, headers and libpython of one prefix"),
			ALWAYS("shared=ok run=ok needs-libpython=yes module=ok "
			       "module-needs-libpython=no static=ok static-run=ok "
			       "static-needs-libpython=no",
				"FindPython finds interpreter, headers and both libraries of one "
				"prefix; the archive needs no more than sysconfig's LIBS")}},
	{"meson", "T10", "meson's python module: an extension module and a program that embeds",
		"cc headers shared module tool:meson tool:ninja program:pkg-config program:readelf",
		10 * MINUTE,
		{ALWAYS("configure=ok build=ok module=ok module-needs-libpython=no run=ok",
			"meson reads the .pc files of LIBPC; a module is linked with libpython only "
			"if LIBPYTHON is not empty")}},
	{"pkg-config", "T10", "programs built with python3-embed.pc, with the .so and with the .a",
		"cc headers shared module program:pkg-config program:readelf", 2 * MINUTE,
		{WHEN("archive=no", "module-libs=none link=ok run=ok needs-libpython=yes",
			 "python3.pc names no library, python3-embed.pc names libpython"),
			ALWAYS("module-libs=none link=ok run=ok needs-libpython=yes static=ok "
			       "static-run=ok",
				"python3.pc names no library, python3-embed.pc names libpython; "
				"--static adds all that the archive needs")}},
	{"pybind11", "T10", "a pybind11 module, plain and linked as add_module(SHARED) does",
		"c++ headers shared python:pybind11 program:readelf", 10 * MINUTE,
		{ALWAYS("compile=ok import=ok needs-libpython=no linked=ok linked-import=ok",
			"pybind11 is headers; a module that is linked with libpython all the same is "
			"an over-linked extension, which works here")}},
	{"pyo3", "T10",
		"cargo test of a crate that embeds Python by PyO3, with and without an rpath",
		"cc shared program:cargo", 20 * MINUTE,
		{WHEN("says-place=yes", "build=ok plain=ok with-rpath=ok with-library-path=ok",
			 "what programs are linked with says where libpython lies"),
			WHEN("loader-finds=ours",
				"build=ok plain=ok with-rpath=ok with-library-path=ok",
				"libpython is in a folder of the system's loader"),
			WHEN("loader-finds=another",
				"build=ok with-rpath=ok with-library-path=ok plain=ok",
				"a test program without an rpath gets the system's libpython of the same name"),
			ALWAYS("build=ok plain=missing-library with-rpath=ok with-library-path=ok",
				"cargo's test programs embed Python and get no rpath by themselves; that is "
				"so however the interpreter is linked")}},
	{"nuitka", "T10", "a program compiled by Nuitka with --static-libpython",
		"cc headers static python:nuitka program:readelf", 40 * MINUTE,
		{WHEN("standalone=ok|failed",
			 "compile=ok run=ok needs-libpython=no standalone=ok standalone-run=ok",
			 "Nuitka finds libpython.a and what it needs by sysconfig; a program that "
			 "does not carry the standard library has to be told where it is (PYTHONHOME)"),
			ALWAYS("compile=ok run=ok needs-libpython=no",
				"Nuitka finds libpython.a and what it needs by sysconfig; without "
				"patchelf it makes no standalone programs")}},
	{"pyinstaller", "T10", "a one-file program made by PyInstaller",
		"shared python:PyInstaller:pyinstaller program:objdump", 20 * MINUTE,
		{ALWAYS("freeze=ok run=ok bundles-libpython=yes",
			"PyInstaller always needs the shared library, named by INSTSONAME")}},
	{"pyinstaller-splash", "T10", "the same with a splash screen, which needs Tcl and Tk first",
		"shared python:PyInstaller:pyinstaller program:objdump", 20 * MINUTE,
		{ALWAYS("freeze=ok run=ok splash=ok window=ok",
			"the program's starter loads the Tcl and Tk that _tkinter needs from C; they "
			"are libraries of their own, however the interpreter is linked")}},
	{"uwsgi", "T10", "uWSGI, a server that embeds Python, built for this Python and answering",
		"cc headers tool:uwsgi", 10 * MINUTE,
		{ALWAYS("answer=ok threads=ok",
			"uWSGI links what sysconfig names (LIBDIR, LDLIBRARY, LIBS)")}},
	{"subinterpreters", "T10", "twelve interpreters in four threads, with a module of ours",
		"cc headers module", 2 * MINUTE,
		{ALWAYS("run=ok", "interpreters share one libpython, wherever it is linked")}},
	{"ctypes-pythonapi", "T10", "the C API through ctypes.pythonapi and PyDLL(None)",
		"python:_ctypes", 2 * MINUTE,
		{ALWAYS("run=ok", "both mean the global scope, where the interpreter's own API is "
				  "first")}},
	{"py-spy", "T10",
		"py-spy on a running Python, also one that has opened libpython by ctypes",
		"tool:py-spy", 2 * MINUTE,
		{WHEN("second-copy=no", "plain=ok", "py-spy finds _PyRuntime by its symbol"),
			ALWAYS("plain=ok after-handle=ok",
				"py-spy finds _PyRuntime in whichever file is the program's, also "
				"when a second copy is mapped")}},
	{"remote-exec", "T10",
		"sys.remote_exec() into a running Python, also one that has opened libpython by ctypes",
		"python:_ctypes", 2 * MINUTE,
		{WHEN("second-copy=no", "plain-call=ok plain=ok",
			 "the runtime is found by its section, .PyRuntime, in the first file of the "
			 "process that has one and python in its name"),
			ALWAYS("plain-call=ok plain=ok after-handle-call=ok after-handle=ok",
				"the runtime is found by its section, .PyRuntime, in the first file of "
				"the process that has one and python in its name: the program itself, "
				"also when a second copy is mapped")}},
	{"gdb", "T10", "gdb on a running Python: where the runtime is and which functions run",
		"program:gdb", 2 * MINUTE,
		{STATIC("attach=ok runtime=executable frames=ok",
			 "_PyRuntime and the functions of the interpreter are named in the "
			 "executable"),
			{.links = PROBE_SHARED,
				.seen = "attach=ok runtime=library frames=ok",
				.why = "_PyRuntime and the functions of the interpreter are named in libpython"},
			{.links = PROBE_DUAL,
				.seen = "attach=ok frames=ok",
				.why = "one file holds all of it"}}},
};

const size_t probe_table_n = ARRAY_SIZE(probe_table);
