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

_relocate(build_time_vars)
