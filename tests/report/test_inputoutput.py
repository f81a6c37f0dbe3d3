"""The views of the regional table: figures that can be checked by hand, and what is printed of them."""

import csv
import io as text_io

import numpy as np
import pandas as pd
import pytest

import sim
from sim.experiment.tables import RegionalAccounts, regional_accounts, table_draws
from sim.inputoutput.tables import aggregate
from sim.report.inputoutput import CITY, VIEWS, TableAnalysis, print_views, sorted_view, to_csv
from sim.report.table_figures import chain_figure, heat_map, multiplier_map, save_table_figures

BASE = sim.load("baseline")


@pytest.fixture(scope="module")
def opening() -> RegionalAccounts:
    return regional_accounts(BASE)


@pytest.fixture(scope="module")
def later() -> RegionalAccounts:
    return regional_accounts(BASE, "2015-06", 1)


def cell(frame: pd.DataFrame, product: str, column: str) -> float:
    return float(frame.loc[frame["product"] == product, column].iloc[0])


def test_city_multipliers_by_hand(opening: RegionalAccounts) -> None:
    frame = TableAnalysis(opening).multipliers().frame
    city = aggregate(opening.city, regions=dict.fromkeys(opening.city.regions, CITY))
    keep = city.output > 0
    matrix = city.intermediate[np.ix_(keep, keep)] / city.output[keep]
    inverse = np.linalg.inv(np.eye(len(matrix)) - matrix)
    names = [product for (_, product), here in zip(city.producers, keep, strict=True) if here]
    assert frame["product"].tolist() == names
    np.testing.assert_allclose(frame["output_type_1"], inverse.sum(axis=0))
    jobs = opening.jobs.reshape(10, 24).sum(axis=0)[keep] / city.output[keep]
    np.testing.assert_allclose(frame["jobs_per_m_yuan_type_1"], jobs @ inverse)
    # households closed in by hand
    wages = city.value_added[0, keep]
    spent = city.final[keep][:, city.to("household")].sum(axis=1) / city.value_added[0].sum()
    closed = np.block([[matrix, spent[:, None]], [(wages / city.output[keep])[None], np.zeros((1, 1))]])
    whole = np.linalg.inv(np.eye(len(closed)) - closed)
    np.testing.assert_allclose(frame["output_type_2"], whole[:-1, :-1].sum(axis=0))
    assert (frame["output_type_2"] > frame["output_type_1"]).all()
    assert (frame["output_china"] > frame["output_type_1"]).all()


def test_a_county_is_a_part_of_all_counties(opening: RegionalAccounts) -> None:
    everywhere, fuding = TableAnalysis(opening, "all"), TableAnalysis(opening, "Fuding")
    for name in ("multipliers", "linkages", "content"):
        whole, part = VIEWS[name](everywhere).frame, VIEWS[name](fuding).frame
        mine = whole[whole["county"] == "Fuding"].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine, part)
    own, all_counties = part["bought_own_county"], part["bought_ningde"]
    assert (own <= all_counties + 1e-12).all()


def test_extraction_of_a_whole_county(opening: RegionalAccounts) -> None:
    frame = TableAnalysis(opening, "Fuding").extraction().frame
    whole = frame.iloc[-1]
    assert whole["label"] == "the whole county"
    made = opening.city.output[opening.city.at("Fuding")].sum()
    assert whole["output_m_yuan"] == pytest.approx(made)
    assert whole["loss_m_yuan"] == pytest.approx(made + whole["loss_of_others_m_yuan"])
    parts = frame.iloc[:-1]
    assert parts["output_m_yuan"].sum() == pytest.approx(made)
    assert (parts["loss_m_yuan"] >= parts["output_m_yuan"] - 1e-9).all()
    assert whole["loss_m_yuan"] < parts["loss_m_yuan"].sum()  # parts count what they buy from one another


@pytest.mark.parametrize("place", [None, "Fuan", "all"])
def test_shares_of_content_sum_to_one(place: str | None, opening: RegionalAccounts, later: RegionalAccounts) -> None:
    for accounts in (opening, later):
        frame = TableAnalysis(accounts, place).content().frame
        for kind in ("bought", "earned"):
            columns = [name for name in frame if name.startswith(f"{kind}_") and "own_county" not in name]
            np.testing.assert_allclose(frame[columns].sum(axis=1), 1.0, rtol=1e-9)


def test_kinds_of_linkages_follow_the_normalised_figures(opening: RegionalAccounts) -> None:
    frame = TableAnalysis(opening).linkages().frame
    key = (frame["backward_normalised"] > 1) & (frame["forward_normalised"] > 1)
    assert (frame["kind"] == "key").equals(key)
    assert np.average(frame["backward_normalised"], weights=frame["output_m_yuan"]) == pytest.approx(1.0)


def test_bands_hold_the_best_figure_and_open_with_the_draws(opening: RegionalAccounts) -> None:
    frame = TableAnalysis(opening).bands(table_draws(BASE, 12, seed=3)).frame
    assert (frame["output_type_1_p05"] < frame["output_type_1_p95"]).all()
    inside = frame["output_type_1"].between(frame["output_type_1_p05"], frame["output_type_1_p95"])
    assert inside.mean() > 0.7
    assert cell(frame, "B_CELL", "value_added_type_1") == pytest.approx(0.350, abs=0.005)


def test_an_unknown_county_is_refused(opening: RegionalAccounts) -> None:
    with pytest.raises(
        ValueError, match=r"no county is called 'Fudin' \(did you mean 'Fuding'\?\); choose one of Jiaocheng"
    ):
        TableAnalysis(opening, "Fudin")


@pytest.mark.parametrize("place", [None, "Dongqiao", "all"])
def test_everything_is_printed_in_full(
    place: str | None, opening: RegionalAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    analysis = TableAnalysis(opening, place)
    print_views(analysis.views(list(VIEWS)), opening, place)
    printed = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in printed.splitlines()) <= 118
    headings = [line for line in printed.splitlines() if "type" in line or "linkage" in line or "rest of" in line]
    assert not any("…" in line for line in headings)
    assert "The opening position of the counties is synthetic" in printed
    assert printed.count("Refined copper") == 0  # nobody makes it at the opening


def test_views_as_csv(opening: RegionalAccounts) -> None:
    for name, view in VIEWS.items():
        lines = list(csv.DictReader(text_io.StringIO(to_csv(view(TableAnalysis(opening)), opening))))
        assert len(lines) == 22, name
        assert {line["evidence"] for line in lines} == {"synthetic"}
        assert lines[0]["product"] == "B_CELL"


def test_sorted_by_a_column(opening: RegionalAccounts, capsys: pytest.CaptureFixture[str]) -> None:
    view = TableAnalysis(opening).extraction()
    by_jobs = sorted_view(view, "loss_jobs").frame["loss_jobs"]
    assert by_jobs.is_monotonic_decreasing
    assert sorted_view(view, "label").frame["label"].is_monotonic_increasing
    assert sorted_view(view, "kind") is view  # a column of another view
    print_views([sorted_view(view, "loss_jobs")], opening, None)
    lines = capsys.readouterr().out.splitlines()
    first = next(number for number, line in enumerate(lines) if "──" in line) + 1
    assert lines[first].strip().startswith("Agriculture")


@pytest.mark.slow
def test_figures_show_what_the_table_holds(later: RegionalAccounts, tmp_path) -> None:
    image = heat_map(later).axes[0].images[0].get_array()
    flows = later.city.intermediate
    there = flows >= flows.max() * 1e-6
    np.testing.assert_allclose(np.asarray(image)[there], flows[there])
    numbers = [text.get_text() for text in multiplier_map(later).axes[0].texts]
    assert len(numbers) == (later.city.output >= 1.0).sum()
    texts = [text.get_text() for text in chain_figure(later, "CATL").axes[0].texts]
    assert any(text.startswith("outside Ningde") for text in texts)
    assert any("Cathode materials" in text for text in texts)
    names = [path.name for path in save_table_figures(later, tmp_path)]
    assert names == ["table.png", "multipliers.png", "chain_catl.png", "chain_atl.png", "chain_qingtuo.png"]
    assert all((tmp_path / name).stat().st_size > 10_000 for name in names)


def test_a_leader_without_a_plant_has_no_chain(opening: RegionalAccounts) -> None:
    with pytest.raises(KeyError, match="SAIC has no plant in 2013-12; CATL, ATL, QINGTUO have"):
        chain_figure(opening, "SAIC")
