"""What a run may know: no outcome is read by the dynamics, and nothing later than known_until reaches a run."""

import functools
import gc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sim
from sim import data
from sim.mechanisms.demand import last_known_year
from sim.model import NingdeModel
from sim.parameters import Month
from sim.scenario import Scenario
from tests.sources import source

OUTCOMES = ("targets.csv", "facts.csv", "observations.csv", "announcements.csv")
"""Figures to compare with; only what looks at runs may read them."""

SOURCE = Path(sim.__file__).parent


# --- outcomes are not inputs ------------------------------------------------------------------------------------------


def dynamic_files() -> list[Path]:
    """Source of everything that makes a run: all but what stands above the model and looks at runs.

    Experiments may compare with outcomes. What a calibration learns from them reaches a run as a posterior only, which
    carries the month up to which it knows.
    """
    after = ("report", "results", "experiment", "cli")
    return [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in after]


def names_in(path: Path) -> set[str]:
    """Texts of a module that are no docstring."""
    return {text for _, text in source(path).texts}


def test_the_dynamics_name_no_file_of_outcomes() -> None:
    files = dynamic_files()
    assert len(files) > 40
    for path in files:
        for text in names_in(path):
            assert not any(name in text for name in OUTCOMES), f"{path.name}: {text}"
            assert text not in ("targets", "facts"), f"{path.name}: {text}"


def test_the_scan_would_see_a_reader_of_outcomes() -> None:
    """Reports do read the targets, so the scan is not blind."""
    readers = [path for path in SOURCE.rglob("*.py") if OUTCOMES[0] in names_in(path)]
    assert readers
    assert {path.relative_to(SOURCE).parts[0] for path in readers} == {"report"}


# --- poison -----------------------------------------------------------------------------------------------------------


@functools.cache
def caches() -> list[functools._lru_cache_wrapper]:
    """The caches of the opening and the world; all were made when the modules were imported."""
    gc.unfreeze()  # tests/conftest.py freezes what was imported; a frozen cache would not be found
    found = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)]
    gc.freeze()
    rooms = ("sim.opening", "sim.world", "sim.mechanisms", "sim.state", "sim.model")
    return [each for each in found if (getattr(each, "__module__", "") or "").startswith(rooms)]


def forget() -> None:
    """Empty the caches of the opening and the world, so that data are read anew."""
    assert len(caches()) > 10
    for cache in caches():
        cache.cache_clear()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch):
    """Replaces the reader of data files; the caches know nothing before and after."""
    real = data.rows

    def replace(change: Callable[[str, list[dict[str, str]]], None]) -> None:
        def rows(name: str) -> list[dict[str, str]]:
            table = [dict(row) for row in real(name)]
            change(name, table)
            return table

        forget()
        monkeypatch.setattr(data, "rows", rows)

    yield replace
    monkeypatch.undo()
    forget()


def unknown_stage(month: str, known: Month) -> bool:
    return bool(month) and Month(month) > known


def poison_world(table: list[dict[str, str]], known: Month, world: Month) -> None:
    """Outside series later than what is known; those of leaders lie too close to an outcome in any world."""
    for row in table:
        until = known if row["series"].startswith("leader_") else world
        if int(row["year"]) > last_known_year(until):
            row["value"] = "987654.0"


def poison_history(table: list[dict[str, str]], known: Month) -> None:
    """Projects announced later, and later stages of those that are known."""
    for row in table:
        if unknown_stage(row["announced"], known):
            row.update({key: "nonsense" for key in row if key not in ("code", "kind", "announced")})
            continue
        for stage in ("work_start", "production"):
            if unknown_stage(row[stage], known):
                row[stage] = "2049-01"


def poison_leaders(table: list[dict[str, str]], known: Month) -> None:
    """Leaders that enter by a project announced later."""
    announced = {row["code"]: row["announced"] for row in data.rows("history.csv")}
    for row in table:
        if row["enters"] != "opening" and unknown_stage(announced[row["enters"]], known):
            row["name"], row["market"], row["products"] = "Nobody", "copper", "C_PROC"


def poison(known: Month, world: Month) -> Callable[[str, list[dict[str, str]]], None]:
    """Nonsense in place of every figure that is not known in a month.

    Args:
        known: facts of Ningde and its leaders are known up to here.
        world: outside series are known up to here.
    """
    changes = {
        "world.csv": functools.partial(poison_world, known=known, world=world),
        "history.csv": functools.partial(poison_history, known=known),
        "leaders.csv": functools.partial(poison_leaders, known=known),
    }

    def change(name: str, table: list[dict[str, str]]) -> None:
        if name in changes:
            changes[name](table)

    return change


def run(scenario: Scenario) -> NingdeModel:
    model = NingdeModel(scenario, 3)
    while model.state.month < model.months:
        model.step()
    return model


@functools.lru_cache(maxsize=1)
def honest_run(scenario: Scenario) -> NingdeModel:
    """The run on the data as they are; to be compared with, not changed."""
    return run(scenario)


def assert_same(left: NingdeModel, right: NingdeModel) -> None:
    for name, values in left.recorder.arrays.items():
        np.testing.assert_array_equal(values, right.recorder.arrays[name], err_msg=name)
    for table in ("firms", "projects", "links"):
        for name, values in vars(getattr(left.state, table)).items():
            if isinstance(values, np.ndarray):
                np.testing.assert_array_equal(values, getattr(getattr(right.state, table), name), err_msg=name)
    assert [line for line in left.log if line[1] != "Nobody"] == [line for line in right.log if line[1] != "Nobody"]


CASES = [
    ("unconditional", "2016-12", "2017-12"),
    pytest.param("unconditional", "2016-12", "2018-12", marks=pytest.mark.slow),
    pytest.param("unconditional", "2017-11", "2018-12", marks=pytest.mark.slow),
    pytest.param("conditional", "2016-12", "2018-12", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("world", "known", "end"), CASES)
def test_what_is_not_known_changes_nothing(read, world: str, known: str, end: str) -> None:
    scenario = sim.load("baseline").replace(
        {"run.known_until": known, "run.world": world, "run.end": end}, name="origin"
    )
    honest = honest_run(scenario)
    given = Month("2021-12") if world == "conditional" else Month(known)
    read(poison(Month(known), given))
    assert max(float(row["value"]) for row in data.rows("world.csv")) == 987654.0
    assert any(row["firm"] == "nonsense" for row in data.rows("history.csv"))
    assert_same(honest, run(scenario))


@pytest.mark.parametrize(
    ("known", "world"),
    [
        ("2016-11", "2016-12"),
        pytest.param("2015-12", "2016-12", marks=pytest.mark.slow),
        ("2016-12", "2015-12"),
        pytest.param("2015-08", "2016-12", marks=pytest.mark.slow),
    ],
)
def test_poison_in_what_is_known_is_seen(read, known: str, world: str) -> None:
    """The same poison a little earlier does change the run (or stops it): the test above can fail."""
    scenario = sim.load("baseline").replace(
        {"run.known_until": "2016-12", "run.world": "unconditional", "run.end": "2017-12"}, name="origin"
    )
    honest = honest_run(scenario)
    read(poison(Month(known), Month(world)))
    try:
        other = run(scenario)
    except (ValueError, KeyError, ArithmeticError, RuntimeError):
        return
    with pytest.raises(AssertionError):
        assert_same(honest, other)


def test_a_run_opens_no_file_of_outcomes(read) -> None:
    opened: set[str] = set()

    def note(name: str, table: list[dict[str, str]]) -> None:
        assert table, f"{name} is empty"
        opened.add(name)

    read(note)
    model = NingdeModel(sim.load("baseline"), 1)
    for _ in range(3):
        model.step()
    assert {"world.csv", "history.csv", "national_2018.csv"} <= opened
    assert not opened & set(OUTCOMES)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    """The end of a run is no news for its beginning: same luck, same months."""
    base = sim.load("baseline")
    short, long = (NingdeModel(base.replace({"run.end": end}, name="end"), 2) for end in ("2015-12", "2035-12"))
    for _ in range(24):
        short.step()
        long.step()
    np.testing.assert_array_equal(short.state.firms.output, long.state.firms.output)
