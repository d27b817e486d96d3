"""A file server on 127.0.0.1 that misbehaves as told. PUT writes files below FOLDER/store.

    server.py FOLDER RULES LOG PORT-FILE

RULES is read anew for every request; its lines are "WORD BEHAVIOUR [ARGUMENT]", and the first whose
WORD is part of the method and path ("GET/pool/x.tar.gz") counts:

    status N        that status
    redirect URL    302
    cut N           the file's first N bytes, though more were promised; nothing beyond
    hang            no answer
    slow            a byte every tenth of a second
    garbage         as many bytes, all of them wrong
    flip            the byte in the middle is another
    close           the connection ends before an answer

LOG receives a line for each request: method, path, range.  PORT-FILE appears when all is ready.
"""
import http.server
import os
import sys
import threading
import time

folder, rules, log, port_file = sys.argv[1:]


def rule_for(path):
    try:
        with open(rules) as f:
            for line in f:
                words = line.split()
                if words and words[0] in path:
                    return words[1], words[2] if len(words) > 2 else ""
    except FileNotFoundError:
        pass
    return "", ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def empty(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        wanted = self.headers.get("Range", "")
        with open(log, "a") as f:
            f.write(f"{self.command} {self.path} {wanted}\n")
        behaviour, argument = rule_for(self.command + self.path)
        path = folder + self.path
        if behaviour == "status":
            return self.empty(int(argument))
        if behaviour == "redirect":
            return self.empty(302, Location=argument)
        if behaviour == "hang":
            time.sleep(60)
            return None
        if behaviour == "close":
            self.close_connection = True
            return None
        if not os.path.isfile(path):
            return self.empty(404)
        with open(path, "rb") as f:
            data = f.read()
        if behaviour == "garbage":
            data = b"?" * len(data)
        if behaviour == "flip":
            half = len(data) // 2
            data = data[:half] + bytes([data[half] ^ 1]) + data[half + 1:]
        start = int(wanted[6:].split("-")[0]) if wanted.startswith("bytes=") else 0
        if start >= len(data):
            return self.empty(416)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command != "HEAD":
            end = int(argument) if behaviour == "cut" else len(data)
            try:
                for i in range(start, end if behaviour == "slow" else start):
                    self.wfile.write(data[i:i + 1])
                    time.sleep(0.1)
                self.wfile.write(data[start:end] if behaviour != "slow" else b"")
            except ConnectionError:
                self.close_connection = True
            if behaviour == "cut":
                self.close_connection = True
        return None

    do_HEAD = do_GET

    def do_PUT(self):
        with open(log, "a") as f:
            f.write(f"PUT {self.path}\n")
        behaviour, argument = rule_for("PUT" + self.path)
        if behaviour == "close":
            self.close_connection = True
            return None
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if behaviour == "status":
            return self.empty(int(argument))
        if behaviour == "hang":
            time.sleep(60)
            return None
        path = os.path.normpath(folder + self.path)
        if not path.startswith(os.path.join(folder, "store/")):
            return self.empty(403)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.{threading.get_ident()}", "wb") as f:
            f.write(data)
        os.rename(f.name, path)
        return self.empty(201)


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # clients that hang up are part of the tests


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(port_file + ".new", "w") as ready:
    ready.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
