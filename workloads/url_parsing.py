"""URLs and mail headers: urllib.parse, quoting, query strings, and email messages."""

from email import message_from_string
from email.message import EmailMessage
from urllib.parse import parse_qs, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from common import main

URLS = [
    f"https://user@www{i % 9}.example.org:{8000 + i}/a/b{i}/../c%20d;p?x={i}&y=%C3%A9&x=2#part{i}"
    for i in range(150)
]
MAIL = """From: "A. Person" <a@example.org>
To: b@example.org,
 c@example.org
Subject: =?utf-8?q?caf=C3=A9?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="cut"

--cut
Content-Type: text/plain

Hello.
--cut
Content-Type: text/html

<p>Hello.</p>
--cut--
"""


def work():
    total = 0
    for url in URLS:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        total += parts.port + len(parts.hostname) + len(query["x"])
        total += len(urlunsplit(parts._replace(query=urlencode(query, doseq=True))))
        total += len(urljoin(url, "../other?z=1")) + len(unquote(parts.path))
        total += len(quote(f"r\u00e9sum\u00e9 {total}/x", safe=""))
    for i in range(8):
        message = message_from_string(MAIL)
        total += len(message.get_payload()) + len(message["subject"])
        made = EmailMessage()
        made["Subject"], made["To"] = f"number {i}", "d@example.org"
        made.set_content("text\n" * 5)
        total += len(made.as_string())
    return total


if __name__ == "__main__":
    main(work, 1240067)
