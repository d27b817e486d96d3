# requires: psycopg
import datetime

import psycopg
from psycopg import pq
from psycopg.types.json import Jsonb  # noqa: F401

assert pq.__impl__ == "binary" and pq.version() > 100000
assert psycopg.adapters.get_dumper(datetime.date, psycopg.adapt.PyFormat.AUTO)
try:
    psycopg.connect("host=/nonexistent dbname=x connect_timeout=2")
except psycopg.OperationalError as error:
    assert "nonexistent" in str(error)
else:
    raise AssertionError("connected to nothing")
