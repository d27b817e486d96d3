"""sqlite3 in memory and on disk: inserts, look-ups, joins and sums, texts, changes, JSON and full text search."""

import sqlite3
import tempfile

from operations import main, text


def filled(count=4000):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE sale (id INTEGER PRIMARY KEY, shop INTEGER, item TEXT, price INTEGER)")
    rows = ((i, i * 7919 % 40, f"item{i * 104729 % 600}", i * 31 % 1000) for i in range(count))
    database.executemany("INSERT INTO sale VALUES (?, ?, ?, ?)", rows)
    database.execute("CREATE INDEX by_item ON sale (item)")
    database.execute("CREATE TABLE shop (id INTEGER PRIMARY KEY, city TEXT)")
    database.executemany("INSERT INTO shop VALUES (?, ?)", [(i, f"city{i % 9}") for i in range(40)])
    database.commit()
    return database


def insert():
    rows = [(i, f"name{i}", i / 8) for i in range(3000)]

    def work():
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, score REAL)")
        database.execute("CREATE INDEX by_name ON t (name)")
        database.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        return database.execute("SELECT count(*) FROM t").fetchone() == (3000,)

    return work


def asks(question, arguments, expected):
    """The operation that puts a question once for each tuple of arguments, and adds up the first column."""

    def ready():
        database = filled()

        def work():
            total = 0
            for words in arguments:
                for row in database.execute(question, words):
                    total += row[0]
            return total == expected

        return work

    return ready


def change():
    database = filled()

    def work():
        changed = database.execute("UPDATE sale SET price = price + 1, item = item || 'x' WHERE id % 3 = 0").rowcount
        changed += database.execute("DELETE FROM sale WHERE id % 5 = 1").rowcount
        database.rollback()
        return changed == 2134

    return work


def on_disk():
    rows = [(f"name{i * 7919 % 3000}", i) for i in range(3000)]

    def work():
        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(folder + "/file")
            database.execute("PRAGMA synchronous = OFF")
            database.execute("CREATE TABLE t (name TEXT, number INTEGER)")
            with database:
                database.executemany("INSERT INTO t VALUES (?, ?)", rows)
            found = database.execute("SELECT name FROM t ORDER BY name DESC LIMIT 1").fetchone()
            database.close()
        return found == ("name999",)

    return work


def full_text():
    lines = [(line,) for line in text(1 << 16).decode().split("\n")]

    def work():
        database = sqlite3.connect(":memory:")
        database.execute("CREATE VIRTUAL TABLE t USING fts5(line)")
        database.executemany("INSERT INTO t VALUES (?)", lines)
        return database.execute("SELECT count(*) FROM t WHERE t MATCH 'te*'").fetchone()[0] > 0

    return work


if __name__ == "__main__":
    main(
        {
            "insert": insert,
            "look_up": asks("SELECT price FROM sale WHERE item = ?", [(f"item{i}",) for i in range(600)], 1998000),
            "join": asks("SELECT sum(price) FROM sale JOIN shop ON shop = shop.id GROUP BY city ORDER BY 1", [()] * 3, 5994000),
            "like": asks("SELECT count(*) FROM sale WHERE item LIKE ? OR upper(item) GLOB ?", [("%m5%", "*9*")] * 3, 4095),
            "json": asks(
                "SELECT sum(json_extract(json_object('a', price, 'b', json_array(shop, item)), '$.b[0]')) FROM sale",
                [()], 78000),
            "sort": asks("SELECT price FROM (SELECT price, item FROM sale ORDER BY item DESC, price LIMIT 100)", [()] * 3, 146454),
            "change": change,
            "on_disk": on_disk,
            "full_text": full_text,
        }
    )
