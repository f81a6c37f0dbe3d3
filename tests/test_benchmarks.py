"""The comparison of speeds counts and divides rightly; how fast anything is, is not tested."""

from functools import partial
from itertools import count
from pathlib import Path

import pytest

from benchmarks import plain_mesa, timing
from benchmarks.__main__ import baseline_run


def test_plain_mesa_does_every_firm_month() -> None:
    model = plain_mesa.PlainModel(firms=3)
    before = [firm.capital for firm in model.agents]
    model.step()
    after = [firm.capital for firm in model.agents]
    assert all(new != old for new, old in zip(after, before, strict=True))
    assert plain_mesa.run(firms=3, months=4) == 12.0


def test_a_plain_firm_keeps_its_capital_when_it_sells_what_it_makes() -> None:
    model = plain_mesa.PlainModel(firms=1)
    (firm,) = model.agents
    firm.demand = firm.capital = 12.0 * firm.output
    capital = firm.capital
    firm.step()
    kept = 1.0 - plain_mesa.DEPRECIATION + plain_mesa.MARKUP * plain_mesa.REINVESTED / plain_mesa.CAPITAL_INTENSITY
    assert firm.capital == pytest.approx(capital * kept)


def test_the_ratio_is_our_speed_over_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(timing, "perf_counter", partial(next, ticks))
    ours, theirs = timing.Contestant("ours", lambda: 300.0), timing.Contestant("theirs", lambda: 100.0)
    timing.measure([ours, theirs], repetitions=3)
    assert ours.seconds == theirs.seconds == [1, 1, 1]
    heading, first, second = timing.table([ours, theirs])
    assert heading.split()[-1] == "ratio"
    assert (first.split()[0], first.split()[-1]) == ("ours", "1.00")
    assert (second.split()[0], second.split()[-1]) == ("theirs", "3.00")


def test_our_own_firm_months_are_counted_month_by_month(tmp_path: Path) -> None:
    short = tmp_path / "short.toml"
    short.write_text('title = "Short"\n[run]\nend = "2016-12"\n', encoding="utf-8")
    firm_months, months = baseline_run(str(short))
    assert months == 36
    assert 800 <= firm_months / months <= 1200  # the opening has 950 firms above scale (model description, section 8.5)
