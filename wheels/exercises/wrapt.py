import wrapt
from wrapt import _wrappers


@wrapt.decorator
def doubled(wrapped, instance, args, kwargs):
    return 2 * wrapped(*args, **kwargs)


class C:
    @doubled
    def method(self, x):
        return x + 1


assert C().method(4) == 10
assert isinstance(C.__dict__["method"], _wrappers.FunctionWrapper)
proxy = wrapt.ObjectProxy([1, 2])
proxy.append(3)
assert proxy == [1, 2, 3] and isinstance(proxy, list)
