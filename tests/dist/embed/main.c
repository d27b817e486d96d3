/* A program that embeds Python: main [HOME [PROGRAM]], both in place of what Python finds out. */
#include <Python.h>

static const char code[] = "import sys, os, ssl, sqlite3, zlib, _ctypes\n"
			   "db = sqlite3.connect(':memory:')\n"
			   "assert db.execute('SELECT 6 * 7').fetchone() == (42,)\n"
			   "db.close()\n"
			   "ssl.create_default_context()\n"
			   "print('prefix', sys.prefix)\n"
			   "print('base_prefix', sys.base_prefix)\n"
			   "print('stdlib', os.path.dirname(os.__file__))\n"
			   "print('dynload', os.path.dirname(zlib.__file__))\n";

static int initialize(const char *home, const char *program)
{
	PyConfig config;
	PyStatus status;

	PyConfig_InitPythonConfig(&config);
	status = PyConfig_SetBytesString(&config, &config.home, home);
	if (!PyStatus_Exception(status) && program)
		status = PyConfig_SetBytesString(&config, &config.program_name, program);
	if (!PyStatus_Exception(status))
		status = Py_InitializeFromConfig(&config);
	PyConfig_Clear(&config);
	if (!PyStatus_Exception(status))
		return 0;
	fprintf(stderr, "%s\n", status.err_msg);
	return -1;
}

int main(int argc, char **argv)
{
	const char *home = argc > 1 && argv[1][0] ? argv[1] : NULL;

	if (argc == 1)
		Py_Initialize();
	else if (initialize(home, argc > 2 ? argv[2] : NULL) < 0)
		return 2;
	if (PyRun_SimpleString(code) != 0)
		return 1;
	return Py_FinalizeEx() < 0;
}
