"""Records through three forms: comma separated, JSON, and a database in memory."""
import csv
import io
import json
import random
import sqlite3
from configparser import ConfigParser

CONFIG = "[read]\ndelimiter = ;\nlimit = 700\n[write]\nindent = 1\nkeys = yes\n"
STATIONS = ("north", "östlich", "sud-ouest", "la loma")


def measured(draw, count):
    for day in range(count):
        yield {"day": day, "station": draw.choice(STATIONS), "rain": round(draw.expovariate(0.4), 2),
               "wind": [draw.randrange(40) for _ in range(3)], "note": draw.choice((None, 'said "fine"', "a;b", ""))}


class Mean:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def finalize(self):
        return sum(self.values) / len(self.values)


def as_csv(rows, delimiter):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["day", "station", "rain", "wind", "note"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows({**r, "wind": "/".join(map(str, r["wind"]))} for r in rows)
    return out.getvalue()


def from_csv(text, delimiter):
    for row in csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter):
        yield {"day": int(row["day"]), "station": row["station"], "rain": float(row["rain"]),
               "wind": [int(w) for w in row["wind"].split("/")], "note": row["note"] or None}


def query(rows):
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.create_aggregate("mean", 1, Mean)
    db.create_function("gust", 1, lambda text: max(json.loads(text)))
    with db:
        db.execute("create table m (day integer primary key, station text, rain real, wind text, note text)")
        db.executemany("insert into m values (:day, :station, :rain, :wind, :note)",
                       ({**r, "wind": json.dumps(r["wind"])} for r in rows))
        db.execute("create index s on m (station, rain desc)")
    total = 0
    for row in db.execute("select station, mean(rain) as r, max(gust(wind)) as g, count(note) as n from m group by 1"):
        total += round(row["r"], 3) + row["g"] + row["n"] + len(row["station"])
    for day, in db.execute("select day from m where rain > ? and note is not null order by rain limit 50", (2.5,)):
        total += day
    db.close()
    return total


if __name__ == "__main__":
    config = ConfigParser()
    config.read_string(CONFIG)
    total = 0
    for seed in range(9):
        rows = list(measured(random.Random(seed), config.getint("read", "limit")))
        text = as_csv(rows, config["read"]["delimiter"])
        again = list(from_csv(text, config["read"]["delimiter"]))
        dumped = json.dumps(again, indent=config.getint("write", "indent"), sort_keys=config.getboolean("write", "keys"),
                            ensure_ascii=seed % 2 == 0)
        assert json.loads(dumped) == again
        total += query(again) + len(dumped)
    print(round(total, 3))
