"""Amounts, times and durations as people and programs read them."""

from datetime import datetime, timedelta

from deepsquare.amounts import format_credits

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def iso(moment: datetime | None) -> str | None:
    """Return ISO 8601 in UTC, ``2026-01-02T03:04:05Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def amount(name: str, wei: int | None) -> dict[str, str | None]:
    """Return the two members every amount has: in credits, and exactly in credit-wei."""
    if wei is None:
        return {name: None, f"{name}_wei": None}
    return {name: format_credits(wei), f"{name}_wei": str(wei)}


def duration(length: timedelta) -> str:
    """Return a length in its two largest units: ``2 h 5 min``."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def minutes(count: int) -> str:
    """Return whole minutes: ``1 minute``, ``3 h 20 min``."""
    if count < _MINUTE:
        return count_of(count, "minute")
    try:
        return duration(timedelta(minutes=count))
    except OverflowError:
        return count_of(count, "minute")


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago a moment was in its largest unit: ``5 min ago``."""
    if moment is None:
        return ""
    count, unit = duration(now - moment).split()[:2]
    return f"{count} {unit} ago"


def clock(moment: datetime | None) -> str:
    """Return the local date and time of day."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def time_of_day(moment: datetime | None) -> str:
    """Return the local time of day."""
    return moment.astimezone().strftime("%H:%M:%S") if moment else ""


def count_of(number: int, thing: str) -> str:
    """Return a number of things: ``1 task``, ``3 tasks``."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def credits_of(wei: int | None) -> str:
    """Return an amount for people."""
    return "" if wei is None else f"{format_credits(wei)} credits"
