"""SQLite in memory: inserts, joins, groups, indexes, and functions and aggregates in Python."""

import sqlite3

from common import Numbers, main


class Spread:
    def __init__(self):
        self.values = []

    def step(self, value):
        self.values.append(value)

    def finalize(self):
        return max(self.values) - min(self.values)


def work():
    numbers = Numbers(31)
    database = sqlite3.connect(":memory:")
    database.create_function("half", 1, lambda value: value // 2)
    database.create_aggregate("spread", 1, Spread)
    database.execute("CREATE TABLE shop (id INTEGER PRIMARY KEY, city TEXT)")
    database.execute("CREATE TABLE sale (shop INTEGER, item TEXT, price INTEGER)")
    database.executemany("INSERT INTO shop VALUES (?, ?)", [(i, f"city{i % 9}") for i in range(40)])
    database.executemany(
        "INSERT INTO sale VALUES (?, ?, ?)",
        [(numbers.below(40), f"item{numbers.below(60)}", numbers.below(1000)) for _ in range(2000)],
    )
    database.execute("CREATE INDEX by_item ON sale (item)")
    total = 0
    for i in range(60):
        rows = database.execute("SELECT price FROM sale WHERE item = ? ORDER BY price", (f"item{i}",))
        total += sum(price for (price,) in rows)
    for city, count, high, wide in database.execute(
        "SELECT city, count(*), max(half(price)), spread(price) FROM sale JOIN shop ON shop = id"
        " GROUP BY city ORDER BY city"
    ):
        total += len(city) + count + high + wide
    database.execute("UPDATE sale SET price = price + 1 WHERE price % 3 = 0")
    database.execute("DELETE FROM sale WHERE price > 900")
    total += database.execute("SELECT sum(price) FROM sale").fetchone()[0]
    database.close()
    return total


if __name__ == "__main__":
    main(work, 1840186)
