"""Dates and times: arithmetic, comparison, time zones, formatting, parsing, calendar walks."""

from datetime import date, datetime, time, timedelta, timezone

from common import main

START = datetime(2020, 2, 27, 22, 45, 30, 123456)
ZONES = [timezone(timedelta(hours=hours)) for hours in (-8, 0, 2)]


def easter(year):
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    month, day = divmod(d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114, 31)
    return date(year, month, day + 1)


def work():
    total = 0
    moment = START
    for i in range(900):
        moment += timedelta(hours=7, minutes=i % 60, microseconds=i)
        aware = moment.replace(tzinfo=ZONES[i % 3])
        total += aware.astimezone(ZONES[1]).hour + moment.weekday() + moment.isocalendar()[1]
        text = aware.isoformat()
        total += (datetime.fromisoformat(text) == aware) + len(text)
        total += int((moment - START).total_seconds()) % 97
        total += len(moment.strftime("%Y-%j %H:%M %a"))
    for i in range(60):
        total += datetime.strptime(f"{i % 28 + 1:02d}/03/2021 10:{i:02d}", "%d/%m/%Y %H:%M").minute
    total += sum(easter(year).toordinal() for year in range(1900, 2100))
    times = sorted(time(i * 7 % 24, i * 11 % 60) for i in range(500))
    return total + times[100].hour + sum(a < b for a, b in zip(times, times[1:]))


if __name__ == "__main__":
    main(work, 146137486)
