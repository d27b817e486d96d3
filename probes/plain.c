/* An extension module that says whose Python it talks to. Built under several names (NAME). */
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>

#define JOIN(a, b) a##b
#define INIT(name) JOIN(PyInit_, name)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

#ifdef MID
PyObject *mid_none(void);
#define NONE() mid_none()
#else
static PyObject *none(void)
{
	Py_INCREF(Py_None);
	return Py_None;
}
#define NONE() none()
#endif

/* origin(None): the file that holds PyThreadState_Get as seen from here, and whether our None is
 * the interpreter's. */
static PyObject *origin(PyObject *self, PyObject *arg)
{
	Dl_info info = {0};
	PyObject *ours = NONE(), *same = PyBool_FromLong(ours == arg);

	(void)self;
	Py_DECREF(ours);
	dladdr((void *)PyThreadState_Get, &info);
	return Py_BuildValue("sN", info.dli_fname ? info.dli_fname : "", same);
}

static PyMethodDef methods[] = {{"origin", origin, METH_O, NULL}, {NULL, NULL, 0, NULL}};

static int execute(PyObject *module)
{
	return PyModule_AddIntConstant(module, "answer", 42);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)execute},
#if PY_VERSION_HEX >= 0x030c0000
	{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
	{0, NULL}};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT, .m_name = TEXT(NAME), .m_methods = methods, .m_slots = slots};

PyMODINIT_FUNC INIT(NAME)(void)
{
	return PyModuleDef_Init(&definition);
}
