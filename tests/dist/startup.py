"""What must not change by making starts faster; prints what has."""

import inspect
import os
import sys
import traceback


def expect(what, found, wanted):
    if found != wanted:
        print(f'{what}: {found!r}, not {wanted!r}')


def modules():
    """Frozen, they are still the files: in tracebacks, for inspect, and where they lie."""
    import encodings.aliases
    import encodings.cp437
    import encodings.utf_8
    import linecache

    library = os.path.dirname(os.__file__)
    expect('path', encodings.__path__, [os.path.join(library, 'encodings')])
    for module in (encodings, encodings.aliases, encodings.utf_8, linecache):
        file = module.__file__
        expect('file', file.startswith(library + os.sep) and os.path.isfile(file), True)
        with open(file, encoding='utf-8') as f:
            expect(f'source of {module.__name__}', inspect.getsource(module), f.read())
    for function in (encodings.search_function, encodings.utf_8.decode, linecache.getline):
        expect('function', inspect.getsource(function).startswith(f'def {function.__name__}('), True)
    try:
        encodings.normalize_encoding(3)
    except TypeError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        expect('traceback', (frame.filename, frame.line), (encodings.__file__, 'for c in encoding:'))


class Text(str):
    """A key that equals another string without being it."""

    __hash__ = str.__hash__


def slots():
    """Special methods work wherever they are, and whatever string names them."""
    def make(*bases, **space):
        return type('C', bases, space)

    name = ''.join(['__le', 'n__'])
    expect('not interned', len(type('C', (), {name: lambda self: 3})()), 3)
    expect('subclass of str', len(type('C', (), {Text('__len__'): lambda self: 4})()), 4)
    base = make(__add__=lambda self, other: 'add', __getitem__=lambda self, key: key)
    derived = make(base, __radd__=lambda self, other: 'radd')
    expect('inherited', (derived() + 1, 1 + derived(), derived()[7]), ('add', 'radd', 7))
    mixed = make(make(__iter__=lambda self: iter('ab')), dict)
    expect('before a base in C', list(mixed(x=1)), ['a', 'b'])
    expect('base in C', (len(mixed(x=1)), mixed(x=1)['x']), (1, 1))
    base.__call__ = lambda self: 'called'
    expect('set later', derived()(), 'called')
    del base.__add__
    try:
        derived() + 1
        print('deleted, and still there')
    except TypeError:
        pass
    unhashable = make(__eq__=lambda self, other: True)
    expect('hash', unhashable.__hash__, None)
    expect('iternext', hasattr(make(__iter__=lambda self: self)(), '__next__'), False)
    meta = type('M', (type,), {'mro': lambda cls: [cls, base, object]})
    expect('mro of its own', meta('C', (), {})()[5], 5)
    expect('int', make(int)(5) + 1, 6)
    expect('new', make(int, __new__=lambda cls, x: int.__new__(cls, x + 1))(5), 6)


modules()
slots()
sys.exit()
