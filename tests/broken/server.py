"""A file server on 127.0.0.1 that misbehaves as told.

    server.py FOLDER RULES LOG PORT-FILE

RULES is read anew for every request; its lines are "WORD BEHAVIOUR [ARGUMENT]", and the first whose
WORD is part of the path counts:

    status N        that status
    redirect URL    302
    cut N           the file's first N bytes, though more were promised; nothing beyond
    hang            no answer

LOG receives a line for each request: method, path, range.  PORT-FILE appears when all is ready.
"""
import http.server
import os
import sys
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
        behaviour, argument = rule_for(self.path)
        path = folder + self.path
        if behaviour == "status":
            return self.empty(int(argument))
        if behaviour == "redirect":
            return self.empty(302, Location=argument)
        if behaviour == "hang":
            time.sleep(60)
            return None
        if not os.path.isfile(path):
            return self.empty(404)
        with open(path, "rb") as f:
            data = f.read()
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
                self.wfile.write(data[start:end])
            except ConnectionError:
                self.close_connection = True
            if behaviour == "cut":
                self.close_connection = True
        return None

    do_HEAD = do_GET


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args):
        pass  # clients that hang up are part of the tests


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(port_file + ".new", "w") as ready:
    ready.write(str(server.server_address[1]))
os.rename(port_file + ".new", port_file)
server.serve_forever()
