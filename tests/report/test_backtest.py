"""What is told of a back-test: sentences by rule, tables, figures."""

import importlib.util
import io
import sys
from pathlib import Path

import matplotlib.image as mpimg
import numpy as np
import pandas as pd
import pytest

import sim
from sim.experiment.backtest.plan import AMOUNTS
from sim.experiment.backtest.pooling import AHEAD, ALL, BEHIND, LOSES, VERDICTS, WINS
from sim.experiment.backtest.study import Settings, backtest
from sim.report.backtest import failures, losses, print_backtest, skill_words
from sim.report.backtest_figures import label_of, save_backtest_figures
from sim.report.backtest_record import to_markdown
from tests.experiment.backtest import made_up


@pytest.fixture(scope="module")
def study():
    settings = Settings(sim.load("baseline"), (made_up.ORIGIN,), members=6, null_members=3, skip=True)
    return backtest(settings, made_up.region(), function=made_up.run, protocol="what is asked")


def row(**changes):
    told = {"origin": "2018-12", "mode": "conditional", "rival": "random walk", "kind": "rival", "pool": AMOUNTS}
    told |= {"group": ALL, "horizon": ALL, "cases": 4, "years": 3, "ours": 3.0, "rival_score": 2.0, "skill": -0.5}
    told |= {"low": -0.9, "high": -0.1, "difference": 1.0, "dm": 2.0, "p": 0.05, "verdict": LOSES}
    return told | changes


def test_a_loss_is_told_in_a_sentence_with_its_horizons():
    rows = [row(), row(horizon="1", difference=-1.0, verdict=AHEAD), row(horizon="2"), row(horizon="3")]
    assert losses(pd.DataFrame(rows)) == [
        (
            "From 2018-12, conditional world, amounts: the model loses to random walk (CRPS 3.00 against 2.00 log "
            "points, skill -0.50 (-0.90 to -0.10), 4 cases; worse at horizons 2 and 3)."
        ),
        "Of 1 comparison (origin, world, scale, rival; all horizons): 1 loses.",
    ]


def test_losses_come_before_what_luck_could_do():
    rows = [row(rival="AR(1)", verdict=BEHIND), row(), row(rival="no_links", verdict=WINS)]
    found = losses(pd.DataFrame(rows))
    assert [word in sentence for word, sentence in zip(("loses to", "is behind AR(1)", "1 wins"), found, strict=True)]
    assert "not more than luck can do" in found[1]
    assert "of one year" in losses(pd.DataFrame([row(verdict=BEHIND, years=1)]))[0]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((-0.1, 0.4), "+0.20 (-0.10 to +0.40)"),
        ((-np.inf, np.inf), "+0.20"),
        ((-40.0, 0.4), "+0.20 (below -9 to +0.40)"),
    ],
)
def test_skills_in_words(ends, words):
    assert skill_words(pd.Series({"skill": 0.2, "low": ends[0], "high": ends[1]})) == words


def test_the_record_tells_every_loss_that_the_tables_have(study):
    text = to_markdown(study)
    whole = study.skills[(study.skills["group"] == ALL) & (study.skills["horizon"] == ALL)]
    for _, lost in whole[whole["verdict"].isin([LOSES, BEHIND])].iterrows():
        how = "loses to" if lost["verdict"] == LOSES else "is behind"
        start = f"- From {lost['origin']}, {lost['mode']} world, {lost['pool']}: the model {how}"
        assert f"{start} {lost['rival'].replace('_', ' ')} (" in text
    assert study.manifest["protocol_sha256"][:16] in text
    assert study.manifest["code_version"] in text
    assert "nan" not in text
    counted = [line for line in text.splitlines() if line.startswith("| 2018-12 | conditional | rivals |")]
    assert len(counted) == 1
    rivals = whole[(whole["mode"] == "conditional") & (whole["kind"] == "rival")]["verdict"]
    cells = [int(cell) for cell in counted[0].split("|")[4:-1]]
    assert cells == [int((rivals == word).sum()) for word in VERDICTS]
    for heading in ("## Marks", "## Where it loses", "## From 2018-12", "## Who could not answer"):
        assert heading in text


def test_the_record_says_where_no_protocol_lay():
    settings = Settings(sim.load("baseline"), (made_up.ORIGIN,), ("conditional",), 3, 0, skip=True)
    found = backtest(settings, made_up.region(), function=made_up.run)
    assert "no protocol" in to_markdown(found)


def test_failed_members_are_told(study):
    manifest = dict(study.manifest)
    fault = {"why": "OpeningError: nothing", "seeds": [2, 3]}
    manifest["origins"] = [{"origin": "2018-12", "modes": {"conditional": {"ours": {"members": 4, "failed": [fault]}}}}]
    found = type(study)(study.tables, manifest)
    assert failures(found) == [
        "From 2018-12, conditional world, ours: 2 of 6 members failed, first: OpeningError: nothing"
    ]


def test_the_screen_shows_marks_rivals_and_scores(study):
    screen = io.StringIO()
    print_backtest(study, screen)
    text = screen.getvalue()
    assert "unconditional world, ordinary: " in text
    assert "random walk with drift" in text
    assert "Mean scores of ours" in text
    assert max(map(len, text.splitlines())) <= 110


def test_figures_are_drawn(study, tmp_path):
    files = save_backtest_figures(study, tmp_path)
    assert [file.name for file in files] == ["fans_2018-12.png", "skill.png", "doubt.png"]
    for file in files:
        assert np.ptp(mpimg.imread(file)) > 0


def test_cases_in_a_few_words():
    words = pd.Series({"variable": "value_added_growth.BAT", "region": "Ningde", "period": "2021"})
    assert label_of(words) == "growth BAT, 2021"
    assert label_of(words.replace("Ningde", "Fuan")) == "Fuan growth BAT, 2021"


def test_the_page_is_written_from_a_folder(study, tmp_path, monkeypatch, capsys):
    study.write(tmp_path)
    path = Path(sim.__file__).parents[1] / "docs" / "forecast_record.py"
    spec = importlib.util.spec_from_file_location("forecast_record", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(script, "IMAGES", tmp_path / "images")
    monkeypatch.setattr(script, "save_backtest_figures", lambda _study, folder: [folder / "skill.png"])
    monkeypatch.setattr(sys, "argv", ["forecast_record.py", str(tmp_path)])
    assert script.main() == 0
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert text.startswith("# Forecast record")
    assert "(images/forecast/skill.png)" in text
    assert "## Where it loses" in text
    monkeypatch.setattr(sys, "argv", ["forecast_record.py", str(tmp_path / "none")])
    assert script.main() == 2
    assert "cannot be read" in capsys.readouterr().err
