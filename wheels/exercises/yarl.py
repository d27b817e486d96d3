from yarl import URL

url = URL("http://example.org/a b/%7E?x=1&y=\u00e9") / "c"
assert str(url.with_query({"q": "a&b"})) == "http://example.org/a%20b/~/c?q=a%26b"
assert URL("http://example.org/a/").join(URL("../b")).path == "/b"
