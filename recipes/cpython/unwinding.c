/* For proof.py: an extension module whose inner() unwinds the stack up to outer(), which called
 * Python. The unwinder needs right tables for every function between, and would end the program
 * otherwise. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define FEWEST_FRAMES 20

struct _Unwind_Context;
int _Unwind_Backtrace(int (*each)(struct _Unwind_Context *, void *), void *ctx);

static int count(struct _Unwind_Context *context, void *ctx)
{
	(void)context;
	(*(int *)ctx)++;
	return 0;
}

static int frames;

/* Runs while the stack is unwound. */
static void reached(const int *unused)
{
	(void)unused;
	printf("unwound %d frames\n", frames);
	fflush(stdout);
	_exit(frames >= FEWEST_FRAMES ? 0 : 3);
}

static PyObject *inner(PyObject *self, PyObject *unused)
{
	(void)self, (void)unused;
	_Unwind_Backtrace(count, &frames);
	pthread_exit(NULL);
}

static PyObject *outer(PyObject *self, PyObject *callable)
{
	int here __attribute__((cleanup(reached), unused)) = 0;
	PyObject *result;

	(void)self;
	result = PyObject_CallNoArgs(callable);
	Py_XDECREF(result);
	PyErr_Print();
	fputs("the stack was not unwound\n", stderr);
	_exit(4);
}

static PyMethodDef methods[] = {
	{"inner", inner, METH_NOARGS, NULL}, {"outer", outer, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, "unwinding", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_unwinding(void)
{
	return PyModule_Create(&module);
}
