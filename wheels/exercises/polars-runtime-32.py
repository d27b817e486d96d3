# requires: polars
import io

import polars as pl

frame = pl.DataFrame({"k": ["a", "b", "a"], "n": [1, 2, 3]})
totals = frame.lazy().group_by("k").agg(pl.col("n").sum()).sort("k").collect()
assert totals.rows() == [("a", 4), ("b", 2)]
out = io.BytesIO()
frame.write_parquet(out)
assert pl.read_parquet(io.BytesIO(out.getvalue())).equals(frame)
assert frame.select(pl.col("n").map_elements(lambda x: x * 10, return_dtype=pl.Int64))["n"].sum() == 60
