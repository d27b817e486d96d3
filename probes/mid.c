/* A library between Python and those who use it: it uses the C API itself. */
#include <Python.h>

PyObject *mid_none(void);
int mid_start(void);

PyObject *mid_none(void)
{
	Py_INCREF(Py_None);
	return Py_None;
}

/* For a program: starts Python if it does not run yet. */
int mid_start(void)
{
	if (!Py_IsInitialized())
		Py_Initialize();
	return PyRun_SimpleString("import os, sys\nprint(sys.version)\n");
}
