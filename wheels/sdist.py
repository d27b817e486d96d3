"""Downloads a source distribution as it is; `pip download` would run its build to learn its metadata.

    python -I sdist.py FOLDER NAME==VERSION

pip's own finder and session do it, so that its configuration decides where packages come from. It
fails, with a sentence, if there is no source distribution or if its digest is not what the index
says.
"""

import hashlib
import os
import sys

from pip._internal.commands.download import DownloadCommand
from pip._vendor.packaging.specifiers import SpecifierSet

LIMIT = 200 << 20


def main(folder, requirement):
    name, version = requirement.split("==")
    command = DownloadCommand("download", "")
    with command.main_context():
        options, _ = command.parse_args(["--no-deps", "--no-binary", ":all:", name])
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        found = finder.find_best_candidate(name, SpecifierSet("==" + version)).best_candidate
        if found is None:
            sys.exit("it has no source distribution")
        link = found.link
        data = bytearray()
        with session.get(link.url_without_fragment, stream=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_content(1 << 20):
                data += part
                if len(data) > LIMIT:
                    sys.exit(f"its source distribution is larger than {LIMIT >> 20} MiB")
    if link.hash_name and hashlib.new(link.hash_name, data).hexdigest() != link.hash:
        sys.exit("its source distribution is not what the index says")
    with open(os.path.join(folder, os.path.basename(link.filename)), "wb") as out:
        out.write(data)


main(*sys.argv[1:])
