"""Schedules in Glue's cron dialect."""

from datetime import UTC, datetime

import pytest

from local.engines.glue.cron import CronError, parse


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "moment", "fires"),
    [
        ("cron(0 6 * * ? *)", "2025-01-15T06:00", True),
        ("cron(0 6 * * ? *)", "2025-01-15T06:01", False),
        ("cron(0 6 * * ? *)", "2025-01-15T18:00", False),
        ("cron(15 12 ? * MON-FRI *)", "2025-01-17T12:15", True),
        ("cron(15 12 ? * MON-FRI *)", "2025-01-18T12:15", False),
        ("cron(0/15 * * * ? *)", "2025-01-18T09:45", True),
        ("cron(0/15 * * * ? *)", "2025-01-18T09:50", False),
        ("cron(0 8 1 * ? *)", "2025-02-01T08:00", True),
        ("cron(0 8 L * ? *)", "2024-02-29T08:00", True),
        ("cron(0 8 L * ? *)", "2024-02-28T08:00", False),
        ("cron(0 8 ? * 2#1 *)", "2025-01-06T08:00", True),  # the first Monday
        ("cron(0 8 ? * 2#1 *)", "2025-01-13T08:00", False),
        ("cron(0 8 ? * FRIL *)", "2025-01-31T08:00", True),  # the last Friday
        ("cron(0 8 ? * FRIL *)", "2025-01-24T08:00", False),
        ("cron(0 8 1W * ? *)", "2025-03-03T08:00", True),  # the 1st is a Saturday
        ("cron(0 8 ? * SAT,SUN *)", "2025-01-19T08:00", True),
        ("cron(0 8 ? * FRI-MON *)", "2025-01-19T08:00", True),
        ("cron(0 8 1 JAN-MAR ? 2025)", "2025-03-01T08:00", True),
        ("cron(0 8 1 JAN-MAR ? 2025)", "2026-03-01T08:00", False),
    ],
)
def test_a_schedule_fires_in_its_minutes_alone(expression, moment, fires):
    assert parse(expression).matches(at(moment)) is fires


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("rate(5 minutes)", "not of the form"),
        ("cron(0 6 * * ?)", "six"),
        ("cron(0 6 * * * *)", "exactly one"),
        ("cron(0 6 ? * ? *)", "exactly one"),
        ("cron(60 6 * * ? *)", "between 0 and 59"),
        ("cron(0 6 32 * ? *)", "between 1 and 31"),
        ("cron(0 6 ? * XYZ *)", "between 1 and 7"),
        ("cron(* * * * ? *)", "every 5 minutes"),
        ("cron(0/2 * * * ? *)", "every 5 minutes"),
        ("cron(0/x * * * ? *)", "whole step"),
    ],
)
def test_what_glue_refuses_is_refused(expression, why):
    with pytest.raises(CronError, match=why):
        parse(expression)
