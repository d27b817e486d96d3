def _relocate(variables):
    import os, re, shlex
    prefix = os.path.abspath(__file__)
    for _ in range(3):
        prefix = os.path.dirname(prefix)
    word = re.compile(r'''(^|[\s=:,;"']|-[ILR])/install(?=[/\s:,;"']|$)''')
    path = re.compile('/install(/[^\\s:]*)?')
    for name, value in variables.items():
        if isinstance(value, str) and '/install' in value:
            whole = name == 'CONFIG_ARGS' or path.fullmatch(value)
            new = prefix if whole else shlex.quote(prefix)
            variables[name] = word.sub(lambda m: m[1] + new, value)
    return prefix

# What programs are linked with says where the tree lies, if solder built it with
# --embed here: the last bytes of lib/libpython3.X.so.
def _place(prefix, library):
    import os
    library = os.path.join(os.path.realpath(prefix), 'lib', library)
    mark, room = b'solder: the place of this library follows\0', 4096
    place = os.fsencode(library).ljust(room, b'\0')
    if os.path.islink(library) or len(place) > room or place[-1]:
        return
    with open(library, 'rb') as f:
        f.seek(-room - len(mark), os.SEEK_END)
        tail = f.read()
        if not tail.startswith(mark) or tail.endswith(place):
            return
        f.seek(0)
        new = f.read()[:-room] + place
        mode = os.fstat(f.fileno()).st_mode & 0o777
    fresh = f'{library}.{os.getpid()}'
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(fd, 'wb') as f:
            f.write(new)
        os.replace(fresh, library)
    except OSError:
        os.unlink(fresh)
        raise

try:
    _place(_relocate(build_time_vars), f"libpython{build_time_vars.get('LDVERSION', '')}.so")
except OSError:
    # Where it cannot be written, it stays as it is.
    pass
