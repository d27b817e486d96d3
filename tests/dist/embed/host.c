/* A program that knows Python only at run time: host LIBPYTHON. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	void (*initialize)(void);
	int (*run)(const char *);
	int (*finalize)(void);

	if (!library) {
		fprintf(stderr, "%s\n", argc > 1 ? dlerror() : "usage: host LIBPYTHON");
		return 2;
	}
	*(void **)&initialize = dlsym(library, "Py_Initialize");
	*(void **)&run = dlsym(library, "PyRun_SimpleString");
	*(void **)&finalize = dlsym(library, "Py_FinalizeEx");
	if (!initialize || !run || !finalize)
		return 2;
	initialize();
	if (run("import sys, ssl, sqlite3, zlib; print('prefix', sys.prefix)"))
		return 1;
	return finalize() < 0;
}
