import psycopg2
from psycopg2 import _psycopg, extensions

assert psycopg2.__libpq_version__ > 100000
assert extensions.adapt("it's").getquoted() == b"'it''s'"
assert _psycopg.parse_dsn("host=h port=1 dbname=d") == {"host": "h", "port": "1", "dbname": "d"}
try:
    psycopg2.connect("host=/nonexistent dbname=x connect_timeout=2")
except psycopg2.OperationalError as error:
    assert "nonexistent" in str(error)
else:
    raise AssertionError("connected to nothing")
