import io

import pandas as pd

frame = pd.read_csv(io.StringIO("day,kind,n\n2024-01-01,a,1\n2024-01-02,b,2\n2024-01-09,a,4\n"),
                    parse_dates=["day"])
assert frame.groupby("kind")["n"].sum().to_dict() == {"a": 5, "b": 2}
weekly = frame.set_index("day")["n"].resample("7D").sum()
assert weekly.tolist() == [3, 4]
merged = frame.merge(pd.DataFrame({"kind": ["a", "b"], "w": [10, 20]}), on="kind")
assert int((merged.n * merged.w).sum()) == 90
