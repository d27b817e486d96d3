/* A program that learns of Python at run time:
 *	host LIBPYTHON global|local MODULE [LIBRARY...]
 * Loads the libraries, each with thread-local storage, then libpython, and imports MODULE. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int (*run)(const char *);
static int (*gil_ensure)(void);
static void (*gil_release)(int);
static void *(*save_thread)(void);
static void (*restore_thread)(void *);

static int use_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	int (*touch)(void) = NULL;

	if (library)
		*(void **)&touch = dlsym(library, "touch");
	if (!touch)
		fprintf(stderr, "%s\n", dlerror());
	return touch ? touch() : -1;
}

static void *in_thread(void *code)
{
	int state = gil_ensure();
	int failed = run(code);

	gil_release(state);
	return failed ? code : NULL;
}

/* The thread state is thread-local: a second thread has to get its own. */
static int run_in_thread(char *code)
{
	void *state = save_thread(), *failed = NULL;
	pthread_t thread;

	if (pthread_create(&thread, NULL, in_thread, code) != 0)
		return -1;
	pthread_join(thread, &failed);
	restore_thread(state);
	return failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	void *library;
	void (*initialize)(int);
	int (*finalize)(void);
	char code[256];

	if (argc < 4)
		return 64;
	for (int i = 4; i < argc; i++)
		if (use_library(argv[i]) < 0)
			return 3;
	library = dlopen(argv[1], RTLD_NOW | (strcmp(argv[2], "global") ? RTLD_LOCAL : RTLD_GLOBAL));
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 4;
	}
	*(void **)&initialize = dlsym(library, "Py_InitializeEx");
	*(void **)&run = dlsym(library, "PyRun_SimpleString");
	*(void **)&finalize = dlsym(library, "Py_FinalizeEx");
	*(void **)&gil_ensure = dlsym(library, "PyGILState_Ensure");
	*(void **)&gil_release = dlsym(library, "PyGILState_Release");
	*(void **)&save_thread = dlsym(library, "PyEval_SaveThread");
	*(void **)&restore_thread = dlsym(library, "PyEval_RestoreThread");
	initialize(0);
	snprintf(code, sizeof(code), "import os, sys, %s\nprint(os.__file__)\n", argv[3]);
	if (run(code) || run_in_thread(code) < 0)
		return 1;
	return finalize() < 0 ? 2 : 0;
}
