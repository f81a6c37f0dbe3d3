"""A whole back-test with made-up members: nothing leaks, what fails is told, files say the same again."""

import json
from dataclasses import replace

import pandas as pd
import pytest

import sim
from sim.experiment.backtest.plan import BacktestError
from sim.experiment.backtest.study import NoMemberError, Settings, backtest, read_study
from sim.opening.totals import OpeningError
from sim.parameters import Month
from tests.experiment.backtest import made_up

SETTINGS = Settings(sim.load("baseline"), (made_up.ORIGIN,), ("unconditional",), 6, 3, skip=True)


@pytest.fixture(scope="module")
def study():
    return backtest(SETTINGS, made_up.region(), function=made_up.run, protocol="what is asked")


def told(study, name, kind):
    table = study.tables[name]
    return table[table["kind"] == kind].reset_index(drop=True)


def test_every_forecaster_is_scored(study):
    names = set(study.tables["scores"]["forecaster"])
    assert {"ours", "ours, seeds of the nulls", "no_links", "table_alone", "random walk with drift"} <= names
    ours = told(study, "scores", "ours")
    assert ours["crps"].notna().all()
    assert ours["members"].eq(6).all()
    assert told(study, "scores", "paired")["members"].eq(3).all()


def test_changing_any_later_fact_changes_no_forecast_and_the_scores(study):
    lied = made_up.facts(
        *(replace(row, value=row.value * 1.5) if row.published > made_up.ORIGIN else row for row in made_up.region())
    )
    other = backtest(SETTINGS, lied, function=made_up.run)
    pd.testing.assert_frame_equal(
        study.tables["forecasts"].drop(columns="observed_value"),
        other.tables["forecasts"].drop(columns="observed_value"),
        check_exact=True,
    )
    assert not study.tables["scores"]["crps"].equals(other.tables["scores"]["crps"])


def test_changing_an_earlier_fact_changes_the_rivals_alone(study):
    lied = made_up.facts(
        *(replace(row, value=row.value * 1.5) if row.period.last.year == 2016 else row for row in made_up.region())
    )
    other = backtest(SETTINGS, lied, function=made_up.run)
    for kind, same in (("ours", True), ("null", True), ("rival", False)):
        assert told(study, "forecasts", kind).equals(told(other, "forecasts", kind)) == same


def test_the_folder_tells_the_same_again(study, tmp_path):
    study.write(tmp_path)
    again = read_study(tmp_path)
    assert again.manifest == json.loads(json.dumps(study.manifest))
    for name, table in study.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name], check_dtype=False, check_exact=True)
    again.write(tmp_path / "..")
    assert (tmp_path / ".." / "scores.csv").read_bytes() == (tmp_path / "scores.csv").read_bytes()


def test_the_manifest_states_protocol_facts_and_dates(study):
    other = backtest(SETTINGS, made_up.region(), function=made_up.run, protocol="something else")
    assert study.manifest["protocol_sha256"] != other.manifest["protocol_sha256"]
    assert study.manifest["facts_sha256"] == other.manifest["facts_sha256"]
    assert study.manifest["rule"] == "fact"
    origin = study.manifest["origins"][0]
    assert origin["drawn"]
    assert origin["posterior"] is None
    assert len(origin["neither"]) == 5, "the figures of 2018, printed in March 2019"


def test_a_rival_that_is_silent_is_told_with_its_reason(study):
    gone = study.tables["unanswered"]
    why = gone[(gone["forecaster"] == "AR(1)") & (gone["case"] == "output_nominal.BAT Ningde 2019")]["why"]
    assert "had been published" in why.iloc[0]
    tables = gone[gone["forecaster"] == "table_alone"]["case"]
    assert "gdp_nominal Ningde 2019" in set(tables)


def test_failing_members_are_left_out_and_told():
    def broken(job):
        if job.seed == 2 and not job.null:
            raise OpeningError("opening: nothing is left")
        return made_up.run(job)

    found = backtest(SETTINGS, made_up.region(), function=broken)
    members = found.manifest["origins"][0]["modes"]["unconditional"]["ours"]
    assert members == {"members": 5, "failed": [{"why": "OpeningError: opening: nothing is left", "seeds": [2]}]}
    assert told(found, "scores", "ours")["members"].eq(5).all()


def test_without_a_member_there_is_no_forecast():
    def broken(_job):
        raise OpeningError("opening: nothing is left")

    with pytest.raises(NoMemberError, match="2018-12, unconditional, ours: no member came to its end"):
        backtest(SETTINGS, made_up.region(), function=broken)


def test_silent_rivals_stop_it_before_any_run_unless_they_are_skipped():
    def run(_job):
        raise AssertionError("nothing must run")

    with pytest.raises(BacktestError, match=r"(?s)own\.csv:2: output_nominal\.BAT of Ningde, 2019: .*--skip"):
        backtest(replace(SETTINGS, skip=False), made_up.region(), function=run)


def test_it_goes_on_where_it_was_stopped(tmp_path):
    seen = []

    def stops(job):
        if len(seen) == 10:
            raise KeyboardInterrupt
        seen.append(job.key)
        return made_up.run(job)

    with pytest.raises(KeyboardInterrupt):
        backtest(SETTINGS, made_up.region(), folder=tmp_path, function=stops)
    before = set(seen)
    assert len(before) == 10

    def goes_on(job):
        assert job.key not in before
        return made_up.run(job)

    found = backtest(SETTINGS, made_up.region(), folder=tmp_path, function=goes_on)
    whole = backtest(SETTINGS, made_up.region(), function=made_up.run)
    pd.testing.assert_frame_equal(found.tables["scores"], whole.tables["scores"])


def test_two_origins_are_told_apart_and_together():
    both = replace(SETTINGS, origins=(Month("2017-12"), made_up.ORIGIN), null_members=0)
    found = backtest(both, made_up.region(), function=made_up.run)
    assert set(found.skills["origin"]) == {"2017-12", "2018-12", "all"}
    assert not (found.tables["scores"]["kind"] == "null").any()


def test_a_folder_that_holds_no_back_test_is_refused(tmp_path):
    with pytest.raises(BacktestError, match=r"backtest\.json: the file cannot be read"):
        read_study(tmp_path)
    (tmp_path / "backtest.json").write_text("{")
    with pytest.raises(BacktestError, match="no back-test can be read"):
        read_study(tmp_path)
