// A pybind11 module with a class, an exception and a call back into Python (NAME).
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

namespace py = pybind11;

struct Counter {
	int n = 0;
	int next()
	{
		if (n == 3)
			throw std::runtime_error("three is enough");
		return ++n;
	}
};

PYBIND11_MODULE(NAME, m)
{
	py::class_<Counter>(m, "Counter").def(py::init<>()).def("next", &Counter::next);
	m.def("call", [](py::function f) { return f(py::none()).is_none(); });
}
