"""Progress of a run: a bar in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tick = Callable[[int, int], None]

SECONDS_BETWEEN_LINES = 5.0
"""How often a plain line is printed when the output is not a terminal."""


@contextmanager
def months_bar(label: str, shown: bool = True, unit: str = "months") -> Iterator[Tick | None]:
    """A callback for months done and months in all, shown on standard error while the context is open.

    Args:
        label: what is running.
        shown: False for no progress at all.
        unit: what is counted.
    """
    if not shown:
        yield None
    elif sys.stderr.isatty():
        with _bar(label, unit) as tick:
            yield tick
    else:
        yield _lines(label, unit)


@contextmanager
def _bar(label: str, unit: str) -> Iterator[Tick]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn(f"{{task.completed:.0f}} of {{task.total:.0f}} {unit}"),
    )
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _lines(label: str, unit: str) -> Tick:
    """Plain lines: the first month, every few seconds with the time left, and the last."""
    start = time.monotonic()
    last = [start - SECONDS_BETWEEN_LINES]

    def tick(done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - last[0] >= SECONDS_BETWEEN_LINES:
            last[0] = now
            known = 0 < done < total and now - start >= SECONDS_BETWEEN_LINES
            left = f", {time_left((now - start) / done * (total - done))}" if known else ""
            sys.stderr.write(f"{label}: {done} of {total} {unit}{left}\n")

    return tick


def time_left(seconds: float) -> str:
    """Time left in words, no more exact than it is."""
    return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
