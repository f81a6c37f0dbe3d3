"""Files of published figures: what is read, what is refused with file and line, what was known when."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiment.observables import OBSERVABLES
from sim.experiment.observation_cells import rounding
from sim.experiment.observations import SHIPPED, Observations, ObservationsError, read_observations
from sim.experiment.periods import Period
from sim.parameters import Month

HEADING = "region,variable,period,value,low,high,unit,published,source,grade,confidence,note"

GOOD = {
    "region": "Ningde",
    "variable": "output_nominal.BAT",
    "period": "2020",
    "value": "750",
    "low": "",
    "high": "",
    "unit": "100M CNY",
    "published": "2021-01-12",
    "source": "a newspaper",
    "grade": "sourced",
    "confidence": "A",
    "note": "",
}


def line(**cells: str) -> str:
    assert cells.keys() <= GOOD.keys()
    return ",".join((GOOD | cells).values())


def file(folder: Path, *lines: str, name: str = "mine.csv", heading: str = HEADING) -> Path:
    path = folder / name
    path.write_text("\n".join([heading, *lines]) + "\n", encoding="utf-8")
    return path


def refused(path: Path) -> list[str]:
    """What is told, a line a fault, with the folder cut off."""
    with pytest.raises(ObservationsError) as caught:
        read_observations([path])
    return [told.removeprefix(f"{path.parent}/") for told in str(caught.value).splitlines()]


def test_a_figure_comes_in_the_unit_of_the_model_with_its_place_in_the_file(tmp_path: Path) -> None:
    (found,) = read_observations([file(tmp_path, line(low="745", high="755", note="as told"))])
    assert (found.value, found.low, found.high) == pytest.approx((75.0, 74.5, 75.5))
    assert (found.unit, found.period, found.published) == ("bn yuan", Period.of_year(2020), Month("2021-01"))
    assert (found.file, found.line, found.note) == (str(tmp_path / "mine.csv"), 2, "as told")
    assert (found.source, found.grade, found.confidence) == ("a newspaper", "sourced", "A")


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ({"unit": "bn yuan", "value": "75"}, 75.0),
        ({"unit": "M yuan", "value": "75000"}, 75.0),
        ({"unit": "10,000 CNY", "value": "7500000"}, 75.0),
        ({"variable": "gdp_growth", "unit": "%", "value": "-1.5"}, -0.015),
        ({"variable": "share.BAT", "unit": "share", "value": "0.3"}, 0.3),
        ({"variable": "contribution.FOUR", "unit": "%", "value": "130.4"}, 1.304),
        ({"variable": "pull.BAT", "unit": "percentage points", "value": "11.3"}, 11.3),
        ({"variable": "electricity", "unit": "100M kWh", "value": "125.08"}, 12.508),
        ({"variable": "electricity", "unit": "GWh", "value": "12508"}, 12.508),
        ({"variable": "population", "period": "2020-11", "unit": "million persons", "value": "3.146789"}, 3_146_789.0),
        ({"variable": "population", "period": "2020-11", "unit": "10,000 persons", "value": "62.384"}, 623_840.0),
        ({"variable": "vehicles", "unit": "thousand vehicles", "value": "226"}, 226_000.0),
        ({"variable": "cell_capacity", "period": "2020-12", "unit": "GWh", "value": "100"}, 100.0),
    ],
)  # fmt: skip
def test_units_are_converted(cells: dict[str, str], value: float, tmp_path: Path) -> None:
    text = ",".join(f'"{cell}"' for cell in (GOOD | cells).values())
    (found,) = read_observations([file(tmp_path, text)])
    assert found.value == pytest.approx(value)
    assert found.unit == OBSERVABLES[found.variable].unit


@given(st.decimals(min_value="0.01", max_value="9999", places=2))
def test_without_a_range_a_figure_is_known_to_half_its_last_digit(value: object) -> None:
    assert rounding(str(value)) == pytest.approx(0.005)
    assert [rounding(text) for text in ("1550", "13.3", "6", "0.0432")] == pytest.approx([0.5, 0.05, 0.5, 0.00005])


def test_an_open_end_is_allowed(tmp_path: Path) -> None:
    (found,) = read_observations([file(tmp_path, line(low="750", high="inf"))])
    assert (found.low, found.high) == (75.0, float("inf"))


ALL = read_observations()
"""The shipped figures."""

FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "region": ({"region": "Fuann"}, "unknown region \"Fuann\" (did you mean 'Fuan'?)"),
    "far region": ({"region": "Atlantis"}, 'unknown region "Atlantis"; there are Ningde, Jiaocheng, Dongqiao'),
    "variable": (
        {"variable": "output_nominal.BATT"},
        "the model publishes no variable \"output_nominal.BATT\" (did you mean 'output_nominal.BAT'?)",
    ),
    "unit": ({"unit": "100 M CNY"}, "unknown unit \"100 M CNY\" of output_nominal.BAT (did you mean '100M CNY'?)"),
    "foreign unit": ({"unit": "%"}, 'unknown unit "%" of output_nominal.BAT; it takes bn yuan, 100M yuan'),
    "period": ({"period": "in 2020"}, '"in 2020" is no period: write 2019 for a year'),
    "month of a flow": (
        {"period": "2020-12"},
        "output_nominal.BAT is a figure of months; write 2020-12/2020-12 for the month, or a year",
    ),
    "year of a stock": (
        {"variable": "population", "unit": "persons", "value": "3150000"},
        "population stands at the end of a month; write 2020-12 instead of 2020",
    ),
    "backwards": ({"period": "2020-12/2020-01"}, "the period 2020-12/2020-01 ends before it begins"),
    "no number": ({"value": "about 750"}, 'value "about 750" is no number'),
    "nothing": ({"value": ""}, 'value "" is no number'),
    "not a number": ({"value": "nan"}, 'value "nan" is no number'),
    "endless": ({"value": "inf"}, 'value "inf" is no figure'),
    "thousands": ({"value": '"1,580"'}, 'value "1,580" is no number; write 1580'),
    "range": ({"low": "760", "high": "770"}, "value 750 does not lie between low 760 and high 770"),
    "range turned": ({"low": "755", "high": "745"}, "value 750 does not lie between low 755 and high 745"),
    "low": ({"low": "x"}, 'low "x" is no number'),
    "early": (
        {"published": "2020-11-30"},
        "published 2020-11-30 lies before the end of the period, 2020-12; a goal or a plan is no observation",
    ),
    "date": ({"published": "Jan 2021"}, 'published "Jan 2021" is no date; write 2020-01-20, or 2020-01'),
    "day": ({"published": "2021-02-30"}, 'published "2021-02-30" is no day of the calendar'),
    "no date": ({"published": ""}, 'published "" is no date'),
    "negative": ({"value": "-750"}, "output_nominal.BAT of -750 100M CNY is 0 or less, which it cannot be"),
    "zero": ({"value": "0"}, "output_nominal.BAT of 0 100M CNY is 0 or less, which it cannot be"),
    "share": (
        {"variable": "share.BAT", "unit": "share", "value": "63.1"},
        "share.BAT of 63.1 share is above 1 share, which it cannot be; is the unit %?",
    ),
    "growth": (
        {"variable": "gdp_growth", "unit": "share", "value": "32.5"},
        "gdp_growth of 32.5 share is above 20 share, which it cannot be; is the unit %?",
    ),
    "lost more than all": (
        {"variable": "gdp_growth", "unit": "%", "value": "-101"},
        "gdp_growth of -101 % is below -1 share, which it cannot be",
    ),
    "half a firm": (
        {"variable": "firms.BAT", "period": "2020-12", "unit": "firms", "value": "40.5"},
        "firms.BAT of 40.5 firms is no whole number of firms",
    ),
    "city only": (
        {"variable": "local_share_potential", "period": "2020-12", "unit": "%", "value": "80", "region": "Fuan"},
        "local_share_potential is a figure of the whole city; write Ningde as the region",
    ),
    "county only": (
        {"variable": "gdp_growth_share", "unit": "%", "value": "67.5"},
        "gdp_growth_share is a figure of a county, not of Ningde",
    ),
    "source": ({"source": ""}, 'the source is missing; write where it was read, or "assumption"'),
    "grade": ({"grade": "source"}, "unknown grade \"source\" (did you mean 'sourced'?); there are sourced, derived"),
    "confidence": ({"confidence": "E"}, 'unknown confidence "E"; there are A, B, C'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bad_cell_is_named_by_file_and_line(name: str, tmp_path: Path) -> None:
    cells, told = FAULTS[name]
    (text,) = refused(file(tmp_path, line(period="2018", published="2019-03"), line(**cells)))
    assert text.startswith(f"mine.csv:3: {told}")


def test_every_fault_of_every_line_is_told_at_once(tmp_path: Path) -> None:
    told = refused(file(tmp_path, line(region="X", unit="t", value="?", published="?", grade="?"), line(period="?")))
    assert [text.split(": ")[0] for text in told] == ["mine.csv:2"] * 5 + ["mine.csv:3"]


def test_a_row_that_stands_twice_is_refused_across_files(tmp_path: Path) -> None:
    first, second = file(tmp_path, line()), file(tmp_path, line(unit="bn yuan", value="75"), name="mine2.csv")
    with pytest.raises(ObservationsError) as caught:
        read_observations([first, second])
    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == (str(second), 2)
    assert fault.text == f"output_nominal.BAT of Ningde, 2020 stands already in {first}:2; keep one of them"
    kept = read_observations([first, second], skip_faulty=True)
    assert [row.file for row in kept] == [str(first)]
    assert kept.left_out == (fault,)


@pytest.mark.parametrize(("value", "told_as"), [("790", "79"), ("710", "71")])
def test_rows_that_contradict_each_other_are_both_left_out(value: str, told_as: str, tmp_path: Path) -> None:
    path = file(tmp_path, line(), line(period="2019", value="664"), line(value=value, published="2021-03-01"))
    (told,) = refused(path)
    assert told == (
        f"mine.csv:4: output_nominal.BAT of Ningde, 2020 is {told_as} bn yuan here and 75 in line 2, and their ranges "
        "do not overlap; keep one, or widen low and high"
    )
    kept = read_observations([path], skip_faulty=True)
    assert [(row.line, row.value) for row in kept] == [(3, pytest.approx(66.4))]
    assert len(kept.left_out) == 1


def test_a_row_that_contradicts_a_figure_and_its_revision_takes_both_along(tmp_path: Path) -> None:
    revised = line(value="751", low="740", high="760", published="2021-05")
    path = file(tmp_path, line(), revised, line(value="900", published="2021-06"))
    assert len(refused(path)) == 1
    assert list(read_observations([path], skip_faulty=True)) == []


def test_the_same_figure_in_another_unit_is_the_same_figure(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        line(value="2451.7", low="2400", high="2500"),
        line(value="245.17", unit="bn yuan", published="2021-05"),
    )
    (told,) = refused(path)
    assert told == "mine.csv:3: output_nominal.BAT of Ningde, 2020 stands already in line 2; keep one of them"


def test_two_figures_of_one_month_of_publication_are_refused(tmp_path: Path) -> None:
    (told,) = refused(file(tmp_path, line(), line(value="750.2", published="2021-01-20")))
    assert told.startswith("mine.csv:3: output_nominal.BAT of Ningde, 2020 stands already in line 2, published in the")


def test_a_revision_counts_from_its_publication_on(tmp_path: Path) -> None:
    path = file(tmp_path, line(low="730", high="770"), line(value="760", low="740", high="780", published="2021-09"))
    found = read_observations([path])
    assert len(found) == 2

    def values(chosen: Observations) -> list[float]:
        return [round(row.value, 9) for row in chosen]

    assert values(found.known(Month("2020-12"))) == []
    assert values(found.known(Month("2021-01"))) == values(found.known(Month("2021-08"))) == [75.0]
    assert values(found.known(Month("2021-09"))) == values(found.after(Month("2019-12"))) == [76.0]
    assert values(found.after(Month("2020-11"))) == [76.0]
    assert values(found.after(Month("2020-12"))) == []


def test_what_was_published_later_is_neither_known_nor_to_be_forecast(tmp_path: Path) -> None:
    found = read_observations([file(tmp_path, line(period="2019-01/2019-11", published="2019-12-24"))])
    assert not found.known(Month("2019-11"))
    assert not found.after(Month("2019-11"))
    assert len(found.known(Month("2019-12"))) == len(found.after(Month("2019-10"))) == 1


@given(st.integers(0, 200), st.integers(0, 200))
def test_later_knowledge_holds_the_earlier(one: int, other: int) -> None:
    early, late = Month("2010-01") + min(one, other), Month("2010-01") + max(one, other)
    found = ALL
    subjects = [{row.subject for row in found.known(when)} for when in (early, late)]
    assert subjects[0] <= subjects[1]
    assert {row.subject for row in found.after(late)} <= {row.subject for row in found.after(early)}
    assert all(row.published <= early for row in found.known(early))


def test_later_years_come_as_one_more_file(tmp_path: Path) -> None:
    more = file(tmp_path, line(period="2030", value="9000", published="2031-03"))
    found = read_observations([SHIPPED, more])
    assert len(found) == len(ALL) + 1
    assert found[-1].period == Period.of_year(2030)
    assert {row.file for row in found} == {"sim/data/observations.csv", str(more)}


def test_columns_may_stand_in_any_order_and_the_optional_ones_be_missing(tmp_path: Path) -> None:
    heading = "source,grade,value,unit,variable,region,published,period"
    text = "\ufeff" + heading + "\r\n\r\na paper,recalled,9.2,%,gdp_growth,Ningde,2020-03,2019\r\n"
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode())
    (found,) = read_observations([path])
    assert (found.value, found.low, found.high) == pytest.approx((0.092, 0.0915, 0.0925))
    assert (found.line, found.confidence, found.note) == (3, "C", "")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "mine.csv: the file is empty; its heading has to be region,variable,period"),
        (b"region,variable\n", "mine.csv:1: the column 'period' is missing; needed are region, variable, period"),
        (f"{HEADING},hgih\n".encode(), "mine.csv:1: unknown column \"hgih\" (did you mean 'high'?)"),
        (f"{HEADING},note\n".encode(), "mine.csv:1: the column 'note' stands twice"),
        (f"{HEADING}\na,b\n".encode(), "mine.csv:2: 2 cells, the heading has 12; put quotes around a text with commas"),
        (f'{HEADING}\n"Ningde" x,\n'.encode(), "mine.csv:2: it is no CSV from here on"),
        (HEADING.encode() + b"\n\xff\xfe\n", "mine.csv: it is not UTF-8 text; save it as CSV UTF-8"),
    ],
)
def test_a_file_that_is_no_table_says_what_to_do(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(content)
    assert refused(path)[0].startswith(told)


def test_a_file_that_is_not_there_is_refused_even_when_faults_are_skipped(tmp_path: Path) -> None:
    with pytest.raises(ObservationsError, match=r"none\.csv: there is no such file"):
        read_observations([tmp_path / "none.csv"], skip_faulty=True)
    with pytest.raises(ObservationsError, match="it cannot be read"):
        read_observations([tmp_path], skip_faulty=True)


def test_the_collection_is_a_sequence_that_can_be_narrowed() -> None:
    found = ALL
    assert found[0] in found
    assert isinstance(found[:3], Observations)
    assert len(found[:3]) == 3
    growth = found.of("gdp_growth")
    assert {row.variable for row in growth} == {"gdp_growth"}
    assert len(growth) + len(found.where(lambda row: row.variable != "gdp_growth")) == len(found)
