"""The brief stands alone, says what the intervals allow, and no more."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import sim
from sim.experiment.comparison import Comparison, ComparisonError
from sim.model import GROUPS
from sim.report import brief as page
from sim.report.ensemble_values import MEASURES
from tests.report import fake
from tests.report.fake_ensemble import ensemble, scenario

FACTORS = {"output": 1.2, "jobs": 0.9, "public_debt": 1.1, "headline": 1.5}
VOID = {"meta", "img", "br"}


@pytest.fixture(scope="module")
def found() -> Comparison:
    return Comparison(ensemble({"baseline": {}, "more": FACTORS}))


@pytest.fixture(scope="module")
def html(found: Comparison) -> str:
    plans = {name: scenario(name) for name in ("baseline", "more")}
    plans["more"] = replace(plans["more"], title="More <script>alert(1)</script> & better")
    return page.brief(found, plans, GROUPS)


def text_of(html: str) -> str:
    body = re.sub(r"<style>.*?</style>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_one_file_that_asks_for_nothing_else(html: str) -> None:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert not tags.seen & {"script", "link", "iframe", "object", "a", "form"}
    assert len(tags.images) == 5
    for image in tags.images:
        kind, _, content = str(image["src"]).partition("base64,")
        assert kind == "data:image/png;"
        assert base64.b64decode(content, validate=True).startswith(b"\x89PNG")
        assert image["alt"]
    css = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert css is not None
    assert all(address.startswith("data:") for address in re.findall(r"url\((.*?)\)", css[1]))
    assert "@import" not in html
    assert not re.findall(r"""(?:src|href|action)=(?!["']?data:)""", html)


def test_words_of_a_scenario_are_text_and_not_markup(html: str) -> None:
    assert "<script>" not in html
    assert "More &lt;script&gt;alert(1)&lt;/script&gt; &amp; better" in html


def test_it_answers_the_questions_of_its_reader(html: str) -> None:
    text = text_of(html)
    headings = ("Who gains, who pays", "The trillion: whether, and when", "What it costs", "What rests on assumptions")
    for words in headings:
        assert words in text
    assert "not a forecast" in text
    assert "the opening position of the counties is synthetic" in text
    assert "What would more do?" in text
    assert "@media print" in html


def test_a_seen_effect_is_told_with_its_interval_and_another_is_not(found: Comparison, html: str) -> None:
    text = text_of(html)
    cell = found.difference("output", region="city", product="all", year=2016)
    mean = page.signed(float(cell["mean"]) / 1e3, 1)
    assert f"Gross output of Ningde in 2016: {mean} bn yuan , +20.0 %" in text
    assert "Public money over the whole run: no clear change" in text


def test_the_sign_of_an_effect_decides_the_words() -> None:
    told = {"mean": -2.0, "low": -3.0, "high": -1.0, "base": 10.0}
    unclear = {"mean": 2.0, "low": -1.0, "high": 5.0, "base": 10.0}
    sentence = page.effect_sentence(told, MEASURES["output"], "Fuding", 2030)
    assert sentence == "<b>Gross output of Fuding in 2030: −2.0 bn yuan</b>, −20.0 % (90 % interval −3.0 to −1.0)."
    assert "no clear effect</b> (mean +2.0 bn yuan" in page.effect_sentence(unclear, MEASURES["output"], "Fuding", 2030)


def test_who_pays_is_told_by_debt_and_output(html: str) -> None:
    text = text_of(html)
    assert re.search(r"Output rises in Jiaocheng 蕉城, .* and Zherong 柘荣 ; it is seen to fall in none", text) or (
        "Output rises in Jiaocheng 蕉城" in text and "it is seen to fall in none" in text
    )
    assert "Public debt grows in Jiaocheng 蕉城" in text


@pytest.fixture(scope="module")
def undrawn(found: Comparison) -> str:
    """Text of a brief without figures, in which four pairs are many and the scenarios are shipped ones."""
    base = sim.load("baseline").replace({"run.end": "2016-12"})
    plans = {"baseline": base, "more": base.replace({"service.teams": 12.0}, name="more")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "FEW", 4)
        patch.setattr(page, "_figure", lambda *_: "")
        return text_of(page.brief(found, plans, GROUPS))


def test_few_pairs_are_warned_of(html: str, undrawn: str) -> None:
    assert "Only 4 pairs were run" in text_of(html)
    assert "pairs were run" not in undrawn


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.5, 0.2, 0.9), "A yuan of value added costs 0.50 yuan of public money (0.20 to 0.90)."),
        ((0.5, float("-inf"), float("inf")), "has no bounds"),
        ((-0.5, -0.9, -0.2), "opposite signs"),
        ((0.5, 0.2, 0.9, -3.0), "Each yuan of value added that is lost saves 0.50 yuan"),
    ],
)
def test_what_a_yuan_costs_is_said_only_where_it_can_be(numbers: tuple[float, ...], words: str) -> None:
    assert words in page.per_yuan_sentence("value added", *numbers)


def test_a_gain_is_called_drawn_only_where_others_are_seen_to_lose() -> None:
    assert page._drawn({"drawn": 0.4, "others_low": -3.0, "others_high": -1.0}) == "40 %"
    assert page._drawn({"drawn": 0.4, "others_low": -3.0, "others_high": 1.0}) == "not told"
    assert page._drawn({"drawn": 0.0, "others_low": 0.0, "others_high": 1.0}) == "0 %"


def test_months_without_a_full_year_are_refused_before_any_run() -> None:
    with pytest.raises(ComparisonError, match="no full calendar year"):
        page.check_year(fake.scenario(start="2014-03", end="2015-06"), None)
    with pytest.raises(ComparisonError, match="2017 is no full year of the runs, which have 2014 to 2016"):
        page.check_year(scenario("x"), 2017)
    page.check_year(scenario("x"), 2016)


def test_changed_settings_are_listed_with_their_evidence(undrawn: str) -> None:
    row = undrawn[undrawn.index("service.teams") :][:160]
    assert "headquarters teams 8 12 assumed:" in row
    assert "The scenario more in full" in undrawn
