import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

table = pa.table({"n": list(range(1000)), "s": [str(i % 7) for i in range(1000)]})
out = io.BytesIO()
pq.write_table(table, out, compression="zstd")
again = pq.read_table(io.BytesIO(out.getvalue()))
assert again.equals(table)
assert pc.sum(again["n"]).as_py() == 499500
groups = again.group_by("s").aggregate([("n", "count")])
assert sum(groups["n_count"].to_pylist()) == 1000
