import httptools


class Protocol:
    def __init__(self):
        self.headers = []
        self.body = b""

    def on_header(self, name, value):
        self.headers.append((name, value))

    def on_body(self, body):
        self.body += body


p = Protocol()
parser = httptools.HttpRequestParser(p)
parser.feed_data(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab")
parser.feed_data(b"c")
assert p.body == b"abc" and (b"Host", b"h") in p.headers and parser.get_method() == b"POST"
assert httptools.parse_url(b"http://h:80/p?q#f").query == b"q"
