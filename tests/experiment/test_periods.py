"""Periods: how they are written, read and compared."""

from __future__ import annotations

import pytest

from sim.experiment.periods import Period
from sim.parameters import Month


@pytest.mark.parametrize(
    ("text", "first", "last", "kind"),
    [
        ("2019", "2019-01", "2019-12", "months"),
        ("2019-01/2019-11", "2019-01", "2019-11", "months"),
        ("2019-11", "2019-11", "2019-11", "position"),
        ("2019-11/2019-11", "2019-11", "2019-11", "months"),
    ],
)
def test_a_period_is_read_and_written(text: str, first: str, last: str, kind: str) -> None:
    period = Period.read(text)
    assert (period.first, period.last, period.kind, str(period)) == (Month(first), Month(last), kind, text)
    assert period.year_before.last == Month(last) + -12


@pytest.mark.parametrize("text", ["", "19", "2019-13", "2019-1", "2019/2020", "2019-01/2019-02/2019-03", "2019-01-05"])
def test_what_is_no_period_says_how_one_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="is no period: write 2019 for a year"):
        Period.read(text)
    with pytest.raises(ValueError, match="ends before it begins"):
        Period.read("2019-11/2019-01")
