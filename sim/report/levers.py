"""The page about levers: one table of all, what is to be explained, and a section for each lever, as Markdown.

Signs are those of intervals: + and - where the 90 % interval of the paired difference leaves 0 out, a dot where it does
not. Areas stand in the order city, core, coast, mountain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sim.experiment.levers_runs import AREAS, GOALS
from sim.experiment.levers_study import (
    BENDS,
    DIMINISHES,
    FLAT,
    GROWS,
    STRAIGHT,
    TURNS,
    Study,
    Suspicion,
    shape,
    suspicions,
)
from sim.parameters import plain_text
from sim.parameters.declarations import Row
from sim.statistics.paired import Effect

SHORT: Mapping[str, str] = {
    "output": "output",
    "value_added": "value added",
    "jobs": "jobs",
    "local_tax": "local tax",
    "wage": "wage",
    "income": "income a head",
    "services": "public services",
    "debt": "public debt",
    "carbon": "carbon",
}
"""Goals in the heads of tables."""

BILLION = 1000.0
"""M yuan in a bn yuan."""

SIGNS = {1: "+", -1: "−", 0: "·"}

FORMS: Mapping[str, str] = {
    TURNS: "up, then down (or the reverse): both seen",
    DIMINISHES: "the second part of the range brings less than half of the first for the same step",
    BENDS: "a bend, but less than that",
    GROWS: "the second part brings more than twice the first",
    STRAIGHT: "no bend seen with these seeds",
    FLAT: "no effect seen with these seeds",
}


@dataclass(frozen=True)
class LeverText:
    """What a person wrote about a lever.

    Attributes:
        turns: the mechanism that turns its benefit.
        shown: the run that shows it.
        explained: why what was found by rule is no fault; empty where that is open.
    """

    turns: str
    shown: str
    explained: str = ""


@dataclass(frozen=True)
class LeversPage:
    """What the page is made of.

    Attributes:
        studies: by lever.
        rows: declarations by lever; those of starts have no payer of their own.
        texts: by lever.
        seeds: how many at least.
        year: in which goals are measured.
        span: first and last month of the runs.
        scenario: its name.
        faults: runs that failed, by lever and value.
    """

    studies: Mapping[str, Study]
    rows: Mapping[str, Row]
    texts: Mapping[str, LeverText]
    seeds: int
    year: int
    span: tuple[str, str]
    scenario: str
    faults: Mapping[str, str]

    @property
    def most_seeds(self) -> int:
        """Seeds of the lever that has most."""
        return max((study.seeds for study in self.studies.values()), default=self.seeds)

    @property
    def found(self) -> list[Suspicion]:
        """What is to be explained, in the order of the levers."""
        return [each for lever, study in self.studies.items() for each in suspicions(lever, study)]


def to_markdown(page: LeversPage, figures: str) -> str:
    """The page.

    Args:
        page: what was found.
        figures: folder of the figures, relative to the page.
    """
    parts = [_head(page), _table(page), _to_explain(page)]
    parts += [_section(page, lever, figures) for lever in page.studies]
    return "\n".join(parts)


def _head(page: LeversPage) -> str:
    """What was run and how to read it."""
    first, last = page.span
    forms = "; ".join(f"*{form}*: {text}" for form, text in FORMS.items())
    more = f"{page.most_seeds} where fewer left the form of the effect open" if page.most_seeds > page.seeds else "all"
    failed = "".join(f"\n\nA run failed: {key}: {fault}." for key, fault in page.faults.items())
    return f"""# Levers

Made by `python docs/levers.py`; do not edit by hand. What each lever of policy does in this model, who pays for it,
and where its benefit turns. Scenario {page.scenario}, {first} to {last}, {page.seeds} seeds a value ({more});
every run is set beside the run of the same seed with all levers as they are, so both meet the same luck. Differences
are means over seeds with the 90 % interval of paired differences (Student). They hold chance, not the doubt about
parameters, most of which are assumptions.

**How to read.** Goals are measured in {page.year}, money at 2018 prices. Signs say what the highest value of the range
does against the lowest (for a start: at once against never), in the order *city, core, coast, mountain*: `+` and `−`
where the interval leaves 0 out, `·` where it does not. *Cost* is public money spent on all policies, summed over the
run. *Gain a yuan* is value added of the whole run, and local tax, for each yuan of that cost. *Net plants* is how many
plants came in all for each promoted plant that came more: 1 none displaced, 0 all. Shares that sum to 1 move together:
one goes to its value, the others keep their proportions. Form of the effect: {forms}.{failed}
"""


def _table(page: LeversPage) -> str:
    """All levers, a line each."""
    goals = " | ".join(SHORT[goal] for goal in GOALS)
    lines = [
        "## All levers\n",
        (
            f"| lever | from → to | {goals} | cost, bn yuan | gain a yuan: value added, tax | net plants | paid by "
            "| form |"
        ),
        f"|---|---|{':-:|' * len(GOALS)}---:|---:|---:|---|---|",
    ]
    lines += [_line(page, lever, study) for lever, study in page.studies.items() if len(study.points) > 1]
    return "\n".join(lines) + "\n"


def _line(page: LeversPage, lever: str, study: Study) -> str:
    """One lever."""
    first, last = study.ends
    way = f"{study.points[first].text} → {study.points[last].text}"
    signs = " | ".join(f"`{signs_of(study, goal)}`" for goal in GOALS)
    gains = [study.return_on(name) for name in ("gain.value_added", "gain.local_tax")]
    gain = ", ".join(f"{value:+.1f}" for value in gains if value is not None)
    added = study.additionality
    net = "" if added is None else f"{added:.2f}"
    cost = _amount(study.cost, BILLION)
    return (
        f"| [{lever}](#{anchor(lever)}) | {way} | {signs} | {cost} | {gain} | {net} | {page.rows[lever].payer} "
        f"| {'; '.join(forms_of(study))} |"
    )


def signs_of(study: Study, goal: str) -> str:
    """Four signs: city, core, coast, mountain."""
    return " ".join(SIGNS[study.across(f"{goal}.{area}").sign] for area in AREAS)


def forms_of(study: Study) -> list[str]:
    """Form of the effect on output of the city, and the goals of areas in which a benefit is seen to turn."""
    if not study.ordered:
        return []
    turned = [
        f"{SHORT[goal]} of {area}"
        for goal in GOALS
        for area in AREAS
        if shape(study, f"{goal}.{area}") == TURNS and (goal, area) != ("output", "city")
    ]
    first = f"output {shape(study, 'output.city')}"
    return [first, f"turns in {', '.join(turned)}"] if turned else [first]


def _to_explain(page: LeversPage) -> str:
    """What looks wrong, found by rule."""
    lines = [
        "## To be explained\n",
        "Found by rule, not by eye: a lever that is linear in all it moves, that changes output of all groups of",
        "counties by the same share, that is good for every goal in every area, or that does nothing. Few seeds find",
        "too many straight lines and too few losses; each line says what the finding rests on.\n",
    ]
    if not page.found:
        return "\n".join([*lines, "Nothing."]) + "\n"
    lines += ["| lever | finding | rests on | explanation |", "|---|---|---|---|"]
    for each in page.found:
        text = page.texts.get(each.lever)
        why = text.explained if text is not None and text.explained else "**open**"
        lines.append(f"| [{each.lever}](#{anchor(each.lever)}) | {each.fault} | {each.evidence} | {why} |")
    return "\n".join(lines) + "\n"


def _section(page: LeversPage, lever: str, figures: str) -> str:
    """One lever: text, figure, table."""
    study, row = page.studies[lever], page.rows[lever]
    text = page.texts.get(lever)
    payer = f"; paid by {row.payer}" if row.payer else ""
    lines = [f"## {lever}\n", f"{row.unit}; default {plain_text(row.default)}; {row.grade}{payer}.\n"]
    if text is not None:
        lines += [f"**What turns it.** {text.turns}\n", f"**The run that shows it.** {text.shown}.\n"]
    if len(study.points) < 2:
        return "\n".join([*lines, "Fewer than two values came to their end.\n"])
    if study.ordered:
        seeds = f" ({study.seeds} seeds)" if study.seeds > page.seeds else ""
        lines.append(f"Measured{seeds}: {'; '.join(forms_of(study))}.\n")
    if study.cost_items():
        items = ", ".join(f"{item} {_amount(effect, BILLION)}" for item, effect in study.cost_items().items())
        lines.append(f"Cost from end to end, bn yuan over the run: {items}.\n")
    lines += [f"![{lever}]({figures}/{lever}.png)\n", *_effects(study)]
    return "\n".join(lines)


def _effects(study: Study) -> Iterator[str]:
    """Differences from the scenario as it is: % of its level, debt in bn yuan."""
    yield f"| value | goal | {' | '.join(AREAS)} |"
    yield f"|---|---|{'---:|' * len(AREAS)}"
    for at, point in enumerate(study.points):
        if not point.changes:
            continue
        for goal in GOALS:
            unit = "bn yuan" if goal == "debt" else "%"
            cells = (_cell(study.effect(f"{goal}.{area}", at), goal) for area in AREAS)
            yield f"| {point.text} | {SHORT[goal]}, {unit} | {' | '.join(cells)} |"
        yield f"| {point.text} | cost, bn yuan over the run | {_amount(study.cost_at(at), BILLION)} | | | |"
    yield ""


def _cell(effect: Effect, goal: str) -> str:
    """A difference with half of its interval; in bold where it leaves 0 out."""
    if goal == "debt":
        return _amount(effect, BILLION)
    mean, low, high = effect.percent
    return _bold(f"{mean:+.2f} ± {(high - low) / 2:.2f}", effect.sign)


def _amount(effect: Effect, unit: float) -> str:
    """An amount with half of its interval."""
    half = (effect.high - effect.low) / 2
    return _bold(f"{effect.mean / unit:+.2f} ± {half / unit:.2f}", effect.sign)


def _bold(text: str, sign: int) -> str:
    return f"**{text}**" if sign else text


def anchor(lever: str) -> str:
    """The anchor that Markdown readers give to the heading of a lever."""
    return lever.replace(".", "").lower()
