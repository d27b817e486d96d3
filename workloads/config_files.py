"""configparser and shlex: reading, interpolating and writing INI text, splitting command lines."""

import configparser
import io
import shlex

from common import main

TEXT = "[DEFAULT]\nroot = /srv\nlevel = 3\n" + "".join(
    f"\n[service{i}]\npath = %(root)s/app{i}\nport: {8000 + i}\nactive = {'yes' if i & 1 else 'off'}\n"
    f"; a comment\nargs = --name 'the {i}th' --path \"a b\"\\ c\n    --more\n"
    for i in range(60)
)


def work():
    parser = configparser.ConfigParser()
    parser.read_string(TEXT)
    total = 0
    for name in parser.sections():
        section = parser[name]
        total += len(section["path"]) + section.getint("port") + section.getboolean("active")
        total += len(shlex.split(section["args"]))
        parser.set(name, "level", str(total % 7))
    out = io.StringIO()
    parser.write(out)
    return total + len(out.getvalue()) + len(shlex.join(["a b", "c"]))


if __name__ == "__main__":
    main(work, 489840)
