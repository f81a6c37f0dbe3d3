"""Published tables equal what the record says, add up, and say what they lack."""

import csv
import io

import numpy as np
import pytest
import xarray as xr

import sim
from sim.results import Run, tables
from sim.state import Channel, Stage
from sim.statistics import growth_of_groups
from sim.world import load_world
from tests.report import fake

WORLD = load_world()
INDUSTRY = np.arange(24) < 19


@pytest.fixture(scope="module")
def run() -> Run:
    return fake.run(fake.scenario(end="2020-12"))


def months(run: Run, name: str, first: str, last: str) -> np.ndarray:
    return run.monthly[name].sel(month=slice(first, last)).values.sum(axis=0)


# --- periods ----------------------------------------------------------------------------------------------------------


def test_a_period_is_the_year_so_far(run: Run) -> None:
    span = run.published.span("2019-11")
    stamps = run.monthly["month"].values.astype("datetime64[M]").astype(str)
    assert stamps[span.now].tolist() == [f"2019-{month:02d}" for month in range(1, 12)]
    assert stamps[span.before][[0, -1]].tolist() == ["2018-01", "2018-11"]
    assert (span.months, stamps[span.last]) == (11, "2019-11")
    assert run.published.span(2019) == run.published.span("2019")
    assert run.published.span("2019").months == 12
    assert run.published.span("2014-03").before is None


@pytest.mark.parametrize("period", ["2013", "2021-01", "soon", "2019-13", ""])
def test_a_period_that_is_not_there_is_refused(run: Run, period: str) -> None:
    with pytest.raises(ValueError, match="period"):
        run.published.span(period)


def test_a_record_that_starts_late_knows_its_months() -> None:
    late = fake.run(fake.scenario("2018-04", "2020-12")).published
    assert late.years == [2019, 2020]
    assert late.span("2019-02").before is None, "January 2018 is not on record"
    assert late.span("2020-02").before == slice(9, 11)
    with pytest.raises(ValueError, match="January 2018"):
        late.span("2018-06")


# --- industry ---------------------------------------------------------------------------------------------------------


def test_growth_is_that_of_the_record(run: Run) -> None:
    found = run.published.growth("2019-11")
    now = months(run, "value_added_above_scale", "2019-01", "2019-11")[:, :7].sum()
    before = months(run, "value_added_above_scale", "2018-01", "2018-11")[:, :7].sum()
    cells = found.sel(group="BAT")
    assert float(cells["growth"].sel(deflation="single")) == pytest.approx(now / before - 1)
    nominal = months(run, "output_above_scale_nominal", "2019-01", "2019-11")
    assert float(cells["output_nominal"]) == pytest.approx(nominal[:, :7].sum() / 1000)
    assert float(found["output_nominal"].sel(group="industry")) == pytest.approx(nominal[:, INDUSTRY].sum() / 1000)
    assert float(found["output_nominal"].sel(group="four chains")) == pytest.approx(nominal[:, :15].sum() / 1000)
    double = months(run, "value_added_above_scale_double", "2019-01", "2019-11")[:, INDUSTRY].sum()
    of_double = found["value_added_real"].sel(group="industry", deflation="double")
    assert float(of_double) == pytest.approx(double / 1000)
    assert found["growth"].attrs == {"long_name": "real growth of value added", "unit": "share"}
    assert found.attrs["period"] == "2019-11"
    assert found.attrs["scenario"] == "fake"


def test_pulls_add_up_to_growth_and_contributions_to_one(run: Run) -> None:
    found = run.published.growth("2019-11")
    parts = found.isel(group=slice(0, 6))
    for deflation in ("single", "double"):
        whole = found.sel(group="industry", deflation=deflation)
        each = parts.sel(deflation=deflation)
        assert float(each["pull"].sum()) == pytest.approx(100 * float(whole["growth"]))
        assert float(each["contribution"].sum()) == pytest.approx(1.0)
        assert (float(whole["contribution"]), float(whole["base_share"])) == pytest.approx((1.0, 1.0))
        four = found.sel(group="four chains", deflation=deflation)
        assert float(four["pull"]) == pytest.approx(100 * float(four["growth"] * four["base_share"]))
        levels = each["value_added_real"].values
        again = growth_of_groups(levels, levels / (1 + each["growth"].values))
        np.testing.assert_allclose(each["pull"], again.pull, rtol=1e-9)
    assert float(parts["share_current"].sum()) == pytest.approx(1.0)


def test_shares_at_current_prices_and_constant_weights_part(run: Run) -> None:
    dear = run.monthly["value_added_above_scale_nominal"].copy()
    dear[:, :, :7] *= 2.0
    found = Run(run.monthly.assign(value_added_above_scale_nominal=dear)).published.growth("2019").sel(group="BAT")
    plain = run.published.growth("2019").sel(group="BAT")
    assert float(found["share_current"]) > float(plain["share_current"])
    assert float(found["share_constant"].sel(deflation="single")) == float(
        plain["share_constant"].sel(deflation="single")
    )


def test_the_first_year_has_levels_but_no_growth(run: Run) -> None:
    found = run.published.growth(2014)
    assert np.isfinite(found["value_added_real"]).all()
    assert np.isnan(found["growth"]).all()
    assert np.isnan(found["pull"]).all()


# --- counties ---------------------------------------------------------------------------------------------------------


def test_both_views_hold_the_city_once(run: Run) -> None:
    official, model = (run.published.counties("2019", view) for view in ("official", "model"))
    assert (official.sizes["county"], model.sizes["county"]) == (9, 10)
    assert "Dongqiao" not in official["county"].values
    output = months(run, "output_above_scale_nominal", "2019-01", "2019-12")[:, INDUSTRY].sum() / 1000
    gdp = months(run, "value_added_nominal", "2019-01", "2019-12").sum() / 1000
    for table in (official, model):
        assert float(table["output_nominal"].sum()) == pytest.approx(output)
        assert float(table["gdp_nominal"].sum()) == pytest.approx(gdp)
        assert float(table["gdp_share"].sum()) == pytest.approx(1.0)
    for name in ("gdp_real", "exports_nominal", "investment_nominal", "firms", "jobs"):
        parts = float(model[name].sel(county=["Jiaocheng", "Dongqiao"]).sum())
        assert float(official[name].sel(county="Jiaocheng")) == pytest.approx(parts)


def test_counties_have_value_added_and_electricity(run: Run) -> None:
    official, model = (run.published.counties("2019-11", view) for view in ("official", "model"))
    whole = float(run.published.growth("2019-11")["value_added_nominal"].sel(group="industry"))
    power = run.published.power("2019-11")
    for table in (official, model):
        assert float(table["value_added_nominal"].sum()) == pytest.approx(whole)
        assert float(table["electricity"].sum()) == pytest.approx(power["so_far"])
    assert table["electricity"].attrs["unit"] == "TWh"
    before = table["electricity"] / (1.0 + table["electricity_growth"])
    assert float(table["electricity"].sum() / before.sum()) - 1.0 == pytest.approx(power["growth"])


def test_every_tier_says_at_which_prices_it_stands(run: Run) -> None:
    tiers = run.published.three_300("2019-11")["tier"].values.tolist()
    assert [tier.rpartition(", ")[2] for tier in tiers] == ["current prices", "2018 prices", "2018 prices"]


def test_growth_of_official_jiaocheng_is_that_of_the_sum(run: Run) -> None:
    official, model = (run.published.counties("2019-11", view) for view in ("official", "model"))
    names = ["Jiaocheng", "Dongqiao"]
    now = model["gdp_real"].sel(county=names)
    before = now / (1 + model["gdp_growth"].sel(county=names))
    assert float(official["gdp_growth"].sel(county="Jiaocheng")) == pytest.approx(float(now.sum() / before.sum()) - 1)


def test_revenue_is_shown_where_the_model_has_it(run: Run) -> None:
    without = Run(run.monthly.drop_vars(["revenue_local", "revenue_total"])).published
    assert "revenue_local_nominal" not in without.counties("2019")
    money = xr.full_like(run.monthly["output"].sum("product"), 7.0)
    rich = Run(run.monthly.assign(revenue_local=money, revenue_total=2 * money)).published
    level = run.monthly["price_level"].sel(month="2019").values
    expected = 7.0 * level.sum() / 1000
    table = rich.counties("2019")
    assert float(table["revenue_local_nominal"].sel(county="Fuan")) == pytest.approx(expected)
    assert float(table["revenue_local_nominal"].sel(county="Jiaocheng")) == pytest.approx(2 * expected)
    indicators = rich.indicators("2019").set_index("indicator")
    assert indicators.loc["revenue_total", "value"] == pytest.approx(20 * expected)
    assert indicators.loc["revenue_total", "covered"] == "yes"
    before = run.monthly["price_level"].sel(month="2018").values
    assert indicators.loc["revenue_total", "growth"] == pytest.approx(level.sum() / before.sum() - 1)


def test_exports_by_product_and_county(run: Run) -> None:
    found = run.published.exports("2019", "model")
    np.testing.assert_allclose(found["real"], months(run, "exports", "2019-01", "2019-12") / 1000)
    np.testing.assert_allclose(found["nominal"], months(run, "exports_nominal", "2019-01", "2019-12") / 1000)
    goods = found["nominal"].sel(product=[p for p in WORLD.products if p not in ("CONS", "TRAN", "BUSS", "CSRV")])
    table = run.published.counties("2019", "model")
    np.testing.assert_allclose(goods.sum("product"), table["exports_nominal"])


# --- projects ---------------------------------------------------------------------------------------------------------


def test_projects_by_chain(run: Run) -> None:
    stages = run.monthly["cluster_projects"]
    found = run.published.projects
    np.testing.assert_array_equal(found["building"], stages.sel(stage="BUILD").values[:, :4])
    introduced = stages.sel(stage=["LAND", "BUILD", "DONE"]).sum("stage").values[:, :4]
    np.testing.assert_array_equal(found["introduced"], introduced)
    np.testing.assert_array_equal(found["signed"], introduced + stages.sel(stage="SIGNED").values[:, :4])
    new = run.monthly["new_firms_producing"].sel(product=["V_BODY", "V_PWTR"]).sum("product")
    np.testing.assert_array_equal(found["vehicle_suppliers"], new)
    producing = run.monthly["new_firms_producing"].values[:, WORLD.chain == 2].sum(axis=1)
    np.testing.assert_array_equal(found["producing"].sel(chain="SST"), producing)


def waiting(run: Run) -> Run:
    """A run with a few projects whose dates are known."""
    zeros = {
        name: run.monthly[name] * 0.0 for name in ("entered", "started_after", "produced_after", "signed_investment")
    }
    entered, started = zeros["entered"], zeros["started_after"]
    entered.loc[{"month": "2018-03-01", "stage": "LEAD", "channel": "C"}] = 10
    entered.loc[{"month": "2018-03-01", "stage": "SIGNED", "channel": "C"}] = 4
    entered.loc[{"month": "2018-03-01", "stage": "SIGNED", "channel": "X"}] = 1
    entered.loc[{"month": "2018-03-01", "stage": "SIGNED", "channel": "N"}] = 9
    for month, waited in (("2018-08-01", 5), ("2019-03-01", 12), ("2019-04-01", 13)):
        started.loc[{"month": month, "channel": "C", "months_passed": waited}] = 1
    started.loc[{"month": "2018-08-01", "channel": "C", "months_passed": 30}] = 1  # signed before
    zeros["signed_investment"].loc[{"month": "2018-03-01", "channel": ["C", "X", "N"]}] = [3000.0, 500.0, 70.0]
    for waited, count in ((9, 1), (12, 2), (17, 1)):
        zeros["produced_after"].loc[{"month": "2018-05-01", "channel": "L", "months_passed": waited}] = count
    zeros["produced_after"].loc[{"month": "2018-06-01", "channel": "X", "months_passed": 17}] = 1
    return Run(run.monthly.assign(zeros))


def test_signing_starting_and_building_by_hand(run: Run) -> None:
    found = waiting(run).published.pipeline(2018)
    assert float(found["talks"]) == 10
    assert float(found["sign_share"]) == pytest.approx(0.4)
    assert (float(found["signed"]), float(found["signed_by_plan"])) == (4, 5)
    assert float(found["signed_investment"]) == pytest.approx(3.5), "own plants count, normal entry does not"
    assert float(found["started_share"]) == pytest.approx(0.5), "two of four within twelve months"
    assert found["months_to_production"].values.tolist() == [9, 9, 12, 12, 17]
    assert found["months_to_production_own"].values.tolist() == [17] * 5
    assert (float(found["finished"]), float(found["finished_own"])) == (4, 1)


def test_what_cannot_be_known_yet_is_no_number(run: Run) -> None:
    known = waiting(run).published
    assert np.isnan(known.pipeline(2020)["started_share"])
    assert np.isnan(known.pipeline(2017)["sign_share"])
    assert np.isnan(known.pipeline(2017)["months_to_production"]).all()


def test_three_300_billion_in_both_readings(run: Run) -> None:
    found = run.published.three_300("2019-11")
    trailing = months(run, "output_above_scale_nominal", "2018-12", "2019-11")[:, INDUSTRY].sum() / 1000
    announced = run.monthly["announced_output"].sel(month="2019-11-01").sum("cluster") / 1000
    expected = [trailing, float(announced.sel(stage="BUILD")), float(announced.sel(stage=["SIGNED", "LAND"]).sum())]
    np.testing.assert_allclose(found["tiers"], expected)
    by_chain = run.trailing_output("chain")["nominal"].sel(month="2019-11-01")
    np.testing.assert_allclose(found["chains"], by_chain.sel(chain=list(WORLD.chains)))
    assert float(found["above"]) == float((found["chains"] >= 300).sum())
    rich = Run(run.monthly.assign(output_above_scale_nominal=run.monthly["output_above_scale_nominal"] * 3.0))
    assert float(rich.published.three_300("2020-12")["above"]) > float(run.published.three_300("2020-12")["above"])
    with pytest.raises(ValueError, match="twelfth month"):
        run.published.three_300("2014-11")


# --- structure --------------------------------------------------------------------------------------------------------


def test_coverage_and_power_are_those_of_the_record(run: Run) -> None:
    at = {"month": "2019-12-01"}
    found = run.published.coverage(2019)
    assert found["potential"] == float(run.monthly["local_share_potential"].sel(at))
    assert found["realised"] == float(run.monthly["local_share_realised"].sel(at))
    assert (found["realised_all_goods"], found["value_added"]) == pytest.approx((0.4, 0.35))
    content = run.monthly["local_content"].copy()
    content.loc[{"month": "2018-12-01"}] = 0.2
    known = Run(run.monthly.assign(local_content=content)).published
    found, at = known.coverage("2019-11"), {"month": "2019-11-01"}
    assert found["potential"] == float(run.monthly["local_share_potential"].sel(at))
    assert found["realised"] == float(run.monthly["local_share_realised"].sel(at))
    assert (found["realised_all_goods"], found["value_added"]) == pytest.approx((0.4, 0.2)), "December 2018"
    assert known.coverage("2019-12") == known.coverage(2019)
    first = known.coverage("2014-11")
    assert np.isnan([first["realised_all_goods"], first["value_added"]]).all()
    assert first["potential"] > 0
    power = run.published.power("2019-11")
    industrial = run.monthly["electricity"].values[:, :, INDUSTRY].sum(axis=(1, 2)) / 1e6
    assert power["so_far"] == pytest.approx(industrial[60:71].sum())
    assert power["growth"] == pytest.approx(industrial[60:71].sum() / industrial[48:59].sum() - 1)
    assert power["trailing"] == pytest.approx(industrial[59:71].sum())
    assert np.isnan(run.published.power("2014-05")["trailing"])


def test_structure_by_hand(run: Run) -> None:
    jobs = run.monthly["jobs"] * 0.0
    jobs.loc[{"county": "Fuan", "product": "S_MELT"}] = 100.0
    jobs.loc[{"county": "Fuding", "product": "FOOD"}] = 300.0
    found = Run(run.monthly.assign(jobs=jobs)).published.structure(2019)
    assert float(found["krugman"].sel(county="Fuan")) == pytest.approx(2.0)
    assert np.isnan(found["krugman"].sel(county="Gutian"))
    shares, plants = np.array([0.25, 0.75]), 0.1
    gap = 0.75**2 + 0.75**2
    expected = (gap / (1 - (shares**2).sum()) - plants) / (1 - plants)
    assert float(found["ellison_glaeser"].sel(cluster="SST")) == pytest.approx(expected)
    assert np.isnan(found["ellison_glaeser"].sel(cluster=["BAT", "energy"])).all()
    assert float(found["size_exponent"]) == pytest.approx(1.1)
    assert float(found["firms"].sum()) == 7 * 3 * 6


def test_the_account_of_legacy_output_adds_up_for_every_year(run: Run) -> None:
    for year in range(2015, 2021):
        found = run.published.legacy(year)
        output = run.yearly["output"].sel(product=["MACH", "FOOD", "OTHM"]).sum(("county", "product")) / 1000
        difference = float(output.sel(year=year) - output.sel(year=year - 1))
        assert float(found["total"]) == pytest.approx(difference)
        assert float(found["change"].sum()) == pytest.approx(difference)
        assert float(found["base"]) == pytest.approx(float(output.sel(year=year - 1)))
    with pytest.raises(ValueError, match="year before"):
        run.published.legacy(2014)


def test_the_account_of_a_real_run_adds_up() -> None:
    short = sim.run(sim.load("baseline").replace({"run.end": "2015-12"}, name="short"), 1)
    found = short.published.legacy(2015)
    assert float(found["change"].sum()) == pytest.approx(float(found["total"]), abs=1e-9)
    assert float(found["change"].sel(cause="exits")) < -1.0


# --- files ------------------------------------------------------------------------------------------------------------


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_files_hold_the_tables(run: Run) -> None:
    files = tables.published(run)
    assert list(files) == ["growth", "counties", "indicators", "statistics"]
    growth = {(row["year"], row["group"], row["deflation"]): row for row in rows(files["growth"])}
    assert len(growth) == 7 * 8 * 2
    found = run.published.growth(2019).sel(group="SST", deflation="double")
    row = growth["2019", "SST", "double"]
    assert float(row["pull"]) == pytest.approx(float(found["pull"]))
    assert float(row["output_nominal_bn_yuan"]) == pytest.approx(float(found["output_nominal"]))
    counties = [row for row in rows(files["counties"]) if (row["year"], row["view"]) == ("2019", "official")]
    assert [row["county"] for row in counties] == run.published.counties(2019)["county"].values.tolist()
    gdp = sum(float(row["gdp_nominal_bn_yuan"]) for row in counties)
    assert gdp == pytest.approx(float(run.published.counties(2019)["gdp_nominal"].sum()))
    indicators = [row for row in rows(files["indicators"]) if row["year"] == "2019"]
    assert len(indicators) == 8
    assert (float(indicators[6]["value"]) > 0, indicators[6]["covered"]) == (True, "in part")
    others = {
        (row["year"], row["statistic"], row["of"]): float(row["value"] or "nan") for row in rows(files["statistics"])
    }
    assert others["2019", "coverage potential", ""] == pytest.approx(run.published.coverage(2019)["potential"])
    total = sum(value for (year, name, _), value in others.items() if (year, name) == ("2019", "legacy change"))
    assert total == pytest.approx(others["2019", "legacy total", ""])
    building = run.published.projects["building"].sel(month="2019-12-01", chain="CU")
    assert others["2019", "projects building", "CU"] == float(building)
    came = run.monthly["new_firms_producing"].sel(month="2019-12-01", product=["V_BODY", "V_PWTR"]).sum()
    assert others["2019", "vehicle suppliers", "came"] == float(came)


def test_a_run_without_a_year_writes_none() -> None:
    assert tables.published(fake.run(fake.scenario("2019-03", "2019-10"))) == {}


def test_stages_and_channels_are_read_in_the_order_of_the_state(run: Run) -> None:
    assert run.monthly["stage"].values.tolist() == [stage.name for stage in Stage]
    assert (run.monthly["channel"].values[Channel.NORMAL], run.monthly["channel"].values[Channel.OWN]) == ("N", "X")
