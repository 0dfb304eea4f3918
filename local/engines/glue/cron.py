"""Glue's cron dialect: cron(minutes hours day-of-month month day-of-week year), in UTC.

https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
FINEST_MINUTES = 5


class CronError(ValueError):
    """The expression is not one that Glue accepts; the message says why."""


@dataclass(frozen=True)
class Cron:
    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: str
    months: frozenset[int]
    week_days: str
    years: frozenset[int]

    def matches(self, moment: datetime) -> bool:
        """Whether the schedule fires in the minute of `moment` (UTC)."""
        return (
            moment.minute in self.minutes
            and moment.hour in self.hours
            and moment.month in self.months
            and moment.year in self.years
            and self._day_matches(moment.date())
        )

    def _day_matches(self, day: date) -> bool:
        if self.month_days == "?":
            return _week_day_matches(self.week_days, day)
        return _month_day_matches(self.month_days, day)


def parse(expression: str) -> Cron:
    """Raises CronError."""
    match = re.fullmatch(r"cron\((.*)\)", expression.strip())
    if not match:
        raise CronError(f"schedule {expression!r} is not of the form cron(…)")
    fields = match[1].split()
    if len(fields) != 6:
        raise CronError(
            f"schedule {expression!r} has {len(fields)} fields; Glue wants six: "
            "minutes hours day-of-month month day-of-week year"
        )
    minutes, hours, month_days, months, week_days, years = (field.upper() for field in fields)
    if (month_days == "?") == (week_days == "?"):
        raise CronError(f"schedule {expression!r}: exactly one of day-of-month and day-of-week must be ?")
    cron = Cron(
        minutes=_numbers("minutes", minutes, 0, 59),
        hours=_numbers("hours", hours, 0, 23),
        month_days=month_days,
        months=_numbers("month", months, 1, 12, MONTHS),
        week_days=week_days,
        years=_numbers("year", years, 1970, 2199),
    )
    # any day will do: it makes a wrong day field show now and not on its first day
    cron._day_matches(date(2024, 2, 29))
    _refuse_too_often(expression, cron.minutes)
    return cron


def _refuse_too_often(expression: str, minutes: frozenset[int]) -> None:
    ordered = sorted(minutes)
    gaps = [b - a for a, b in zip(ordered, [*ordered[1:], ordered[0] + 60])]
    if min(gaps) < FINEST_MINUTES:
        raise CronError(f"schedule {expression!r} fires more often than every 5 minutes")


def _numbers(field: str, text: str, low: int, high: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    """The numbers that a field of lists, ranges, steps and * stands for."""

    def number(word: str) -> int:
        if word in names:
            return low + names.index(word)
        if not word.isdigit() or not low <= int(word) <= high:
            raise CronError(f"{field} {word!r} in a schedule is not between {low} and {high}")
        return int(word)

    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if step_text.isdigit() else 0
        if slash and step < 1:
            raise CronError(f"{field} {part!r} in a schedule has no whole step after the /")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (number(word) for word in span.split("-", 1))
        else:
            first = number(span)
            last = high if slash else first
        # FRI-MON runs over the end of the week
        stretch = range(first, last + 1) if first <= last else [*range(first, high + 1), *range(low, last + 1)]
        found.update(list(stretch)[:: step or 1])
    return frozenset(found)


def _month_day_matches(text: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if text == "L":
        return day.day == last
    if text == "LW":
        return day == _nearest_week_day(day.replace(day=last))
    if re.fullmatch(r"\d+W", text):
        wanted = min(int(text[:-1]), last)
        if wanted < 1:
            raise CronError(f"day-of-month {text!r} in a schedule is not between 1 and 31")
        return day == _nearest_week_day(day.replace(day=wanted))
    return day.day in _numbers("day-of-month", text, 1, 31)


def _nearest_week_day(day: date) -> date:
    """`day`, or the week day nearest to it in the same month."""
    last = calendar.monthrange(day.year, day.month)[1]
    if day.weekday() == 5:
        return day - timedelta(1) if day.day > 1 else day + timedelta(2)
    if day.weekday() == 6:
        return day + timedelta(1) if day.day < last else day - timedelta(2)
    return day


def _week_day_matches(text: str, day: date) -> bool:
    today = day.isoweekday() % 7 + 1  # 1 is Sunday
    if match := re.fullmatch(r"(\w+)#([1-5])", text):
        (wanted,) = _numbers("day-of-week", match[1], 1, 7, DAYS)
        return today == wanted and (day.day - 1) // 7 + 1 == int(match[2])
    if text == "L":
        return today == 7
    if match := re.fullmatch(r"(\w+)L", text):
        (wanted,) = _numbers("day-of-week", match[1], 1, 7, DAYS)
        return today == wanted and (day + timedelta(7)).month != day.month
    return today in _numbers("day-of-week", text, 1, 7, DAYS)
