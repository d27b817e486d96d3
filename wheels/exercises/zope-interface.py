from zope.interface import Interface, implementer, providedBy
from zope.interface.adapter import AdapterRegistry


class IA(Interface):
    pass


class IB(IA):
    pass


@implementer(IB)
class C:
    pass


assert IA.providedBy(C()) and list(providedBy(C())) == [IB]
registry = AdapterRegistry()
registry.register([IA], Interface, "", "found")
assert registry.lookup([IB], Interface) == "found"
