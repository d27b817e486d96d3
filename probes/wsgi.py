"""What the server serves: says which Python it is, from a request and from a second thread."""

import hashlib
import json
import sys
import threading


def application(environ, start_response):
    done = []
    thread = threading.Thread(target=lambda: done.append(hashlib.sha256(b"x").hexdigest()))
    thread.start()
    thread.join(10)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"version": list(sys.version_info[:3]), "thread": len(done)}).encode()]
