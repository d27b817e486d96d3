/* Says where the C API that it was given comes from. */
#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <link.h>
#include <string.h>

static int count_runtimes(struct dl_phdr_info *info, size_t size, void *count)
{
	(void)size;
	if (strstr(info->dlpi_name, "libpython") != NULL)
		++*(int *)count;
	return 0;
}

/* (file that PyThreadState_Get is in, is None the same object here, mapped libpythons) */
static PyObject *origin(PyObject *self, PyObject *none)
{
	Dl_info info;
	int libpythons = 0;

	(void)self;
	if (PyThreadState_Get() == NULL || !dladdr((void *)PyThreadState_Get, &info))
		return PyErr_Format(PyExc_RuntimeError, "no thread state");
	dl_iterate_phdr(count_runtimes, &libpythons);
	return Py_BuildValue(
		"sOi", info.dli_fname, none == &_Py_NoneStruct ? Py_True : Py_False, libpythons);
}

static PyMethodDef methods[] = {{"origin", origin, METH_O, "Where the API comes from."}, {0}};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_probe(void)
{
	PyObject *made = PyModule_Create(&module);

#ifdef Py_GIL_DISABLED
	if (made)
		PyUnstable_Module_SetGIL(made, Py_MOD_GIL_NOT_USED);
#endif
	return made;
}
