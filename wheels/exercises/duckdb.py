# requires: numpy
import duckdb

connection = duckdb.connect()
connection.execute("create table t as select range as n, range % 3 as k from range(1000)")
rows = connection.execute("select k, sum(n) from t group by k order by k").fetchall()
assert [k for k, _ in rows] == [0, 1, 2] and sum(s for _, s in rows) == 499500
connection.create_function("twice", lambda x: 2 * x, ["BIGINT"], "BIGINT")
assert connection.execute("select sum(twice(n)) from t").fetchone()[0] == 999000
try:
    connection.execute("select * from missing")
except duckdb.CatalogException:
    pass
else:
    raise AssertionError("a missing table was read")
