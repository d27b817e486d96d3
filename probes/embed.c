/* A program that embeds Python: embed MODULE. Imports the module and says where Python is. */
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>

int main(int argc, char **argv)
{
	char code[256];
	Dl_info info = {0};

	Py_Initialize();
	if (argc > 1) {
		snprintf(code, sizeof(code), "import os, sys, %s\nprint('stdlib', os.__file__)\n",
			argv[1]);
		if (PyRun_SimpleString(code) != 0)
			return 1;
	}
	dladdr((void *)Py_Initialize, &info);
	fprintf(stdout, "libpython %s\n", info.dli_fname ? info.dli_fname : "?");
	return Py_FinalizeEx() < 0 ? 2 : 0;
}
