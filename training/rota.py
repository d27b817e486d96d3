"""A rota over years: dates, weeks, holidays, and texts of times both ways."""
import calendar
import random
from datetime import date, datetime, time, timedelta, timezone

PEOPLE = ("Ada", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus")
ZONES = [timezone(timedelta(minutes=m), f"Z{m}") for m in (-480, -210, 0, 60, 345, 765)]


def nth(year, month, weekday, n):
    """The n-th such day of a month; the last one for -1."""
    days = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
    return date(year, month, days[n - 1 if n > 0 else n])


def holidays(year):
    movable = {nth(year, 2, 0, 3), nth(year, 5, 0, -1), nth(year, 9, 4, 2), nth(year, 11, 3, 4)}
    return movable | {date(year, m, d) for m, d in ((1, 1), (6, 24), (12, 26))}


def shifts(year, draw):
    free = holidays(year)
    order = list(PEOPLE)
    for week in calendar.Calendar(firstweekday=0).yeardatescalendar(year, 3)[0][0]:
        draw.shuffle(order)
        for day, person in zip(week, order):
            if day.year == year and day not in free and day.weekday() < 5:
                start = datetime.combine(day, time(6 + draw.randrange(10), draw.choice((0, 15, 30))), draw.choice(ZONES))
                yield person, start, start + timedelta(hours=7, minutes=36)
    day = date(year, 4, 1)
    while day.year == year:
        if day not in free and day.weekday() < 5:
            start = datetime(day.year, day.month, day.day, 8, tzinfo=draw.choice(ZONES))
            yield order[day.toordinal() % 7], start, start + timedelta(hours=8)
        day += timedelta(days=1)


if __name__ == "__main__":
    draw = random.Random(3)
    worked = dict.fromkeys(PEOPLE, timedelta())
    lines = []
    for year in range(2000, 2024):
        for person, start, end in shifts(year, draw):
            worked[person] += end - start
            lines.append(f"{start.isoformat()};{end.astimezone(timezone.utc):%Y-%m-%d %H:%M};{person:<4}")
    total = 0
    for line in lines[::3]:
        first, second, person = line.split(";")
        start = datetime.fromisoformat(first)
        total += (start.isocalendar().week + start.timetuple().tm_yday + int(second[-2:])
                  + datetime.strptime(second, "%Y-%m-%d %H:%M").day)
    print(len(lines), total, max(worked.values()).days)
