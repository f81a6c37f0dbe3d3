"""From a problem file to a problem, or to all of its faults at once, each with its line.

::

    title = "..."                       for readers
    question = "..."
    scenario = "baseline"               a scenario file beside this one, or the bare name of one that is shipped
    year = 2030                         the year that is judged; runs end with it
    since = "2020-01"                   levers move from this month on; if not given, the first that is not known

    [[levers]]                          a number; its ends, if not given, are those that the lever may have at all
    path = "promotion.budget"
    low = 0
    high = 400
    counties = ["Gutian"]               only there, for levers of the counties
    since = "2024-01"                   for this lever; a lever may stand twice with two months

    [[goals]]
    outcome = "mountain_share"
    better = "more"                     or "less"; if not given, as most would say
    over = "mean"                       of the futures; or "worst_tenth", "share_at_least", "share_at_most"
    threshold = 0.2                     for the shares
    tolerance = 0.001                   differences that nobody would argue about

    [[limits]]                          like a goal, or a sum of levers
    outcome = "debt"
    most = 9000                         and/or least
    [[limits]]
    levers = ["promotion.budget", "talent.budget"]
    most = 500

    [futures]
    seeds = 4
    posterior = "2019-11"
    tables = true                       each seed has its own draw of the opening table
    vary = { "demand.legacy_trend" = [-0.1, 0.0] }
    [[futures.cases]]
    name = "the lead firm leaves"
    changes = { "events.shocks" = [{ type = "leader_exit", target = "CATL", start = "2026-01" }] }
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sim.experiment.drawn import Posterior, PosteriorFileError, read_posterior
from sim.experiment.spread import ranged
from sim.experiment.tuning.futures import AS_PROJECTED, Case
from sim.experiment.tuning.goals import OVER, SHARES, Goal, Limit
from sim.experiment.tuning.levers import LeverRange, lever_of, partners
from sim.experiment.tuning.outcomes import outcomes
from sim.experiment.tuning.problem import Problem
from sim.model import GROUPS
from sim.parameters import Month, Place, counties, show, suggestion, unknown
from sim.parameters.declarations import Number
from sim.parameters.levers import LeverRule
from sim.parameters.places import county_code
from sim.parameters.words import RefusedError
from sim.scenario import Fault, Scenario, ScenarioError, is_name, locate, read
from sim.scenario.documents import Document, read_document

MOST_SEEDS = 1000
"""More seeds of a case are no search but an ensemble (assumption)."""

BETTER = {"more": 1, "less": -1}

TOP = ("title", "question", "scenario", "year", "since", "levers", "goals", "limits", "futures")


class ProblemError(ValueError):
    """A problem file that cannot be accepted.

    Attributes:
        faults: all of them, by line.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__(self.faults)

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def read_problem(path: str | Path) -> Problem:
    """Read a problem file.

    Args:
        path: the file.

    Raises:
        ProblemError: with all faults of the file.
        ScenarioError: the scenario that it names is at fault.
    """
    path = Path(path)
    try:
        document = read_document(path)
    except ScenarioError as error:
        raise ProblemError(list(error.faults)) from None
    reader = _Reader(document)
    found = reader.problem(path)
    if reader.faults or found is None:
        raise ProblemError(reader.faults)
    return found


@dataclass
class _Reader:
    """A document and what is wrong with it."""

    document: Document
    faults: list[Fault] = field(default_factory=list)

    def problem(self, path: Path) -> Problem | None:
        """The problem; None where it cannot be told what it is."""
        content = self.document.content
        self.known(content, TOP, ())
        name = path.stem
        if not is_name(name):
            self.fault((), "a problem file is named with 1 to 64 of a-z 0-9 _ - and ends in .toml")
        word = self.text(content, "scenario", (), "baseline")
        base = self.scenario(word, path)
        if base is None:
            return None
        year = self.whole(content, "year", (), base.end.year, base.start.year + 1, 2035)
        base = base.replace({"run.end": f"{year}-12"}, name=base.name) if base.end != Month(f"{year}-12") else base
        since = self.month(content, "since", (), base, base.run.known_until + 1)
        levers = self.levers(base, since)
        goals = self.goals()
        limits = self.limits(levers)
        cases, seeds, vary, posterior, tables = self.futures(base)
        title, question = (self.text(content, key, (), "") for key in ("title", "question"))
        if self.faults:
            return None
        return Problem(
            name, title or name, question, base, year, levers, goals, limits, cases, seeds, vary, posterior, tables
        )

    # --- single values ------------------------------------------------------------------------------------------------

    def fault(self, place: Place, sentence: str) -> None:
        self.faults.append(self.document.fault(place, sentence))

    def known(self, table: Mapping[str, Any], keys: tuple[str, ...], place: Place) -> None:
        """Note unknown keys."""
        for key in table:
            if key not in keys:
                self.fault((*place, key), unknown(key, keys))

    def text(self, table: Mapping[str, Any], key: str, place: Place, default: str) -> str:
        value = table.get(key, default)
        if isinstance(value, str):
            return " ".join(value.split())
        self.fault((*place, key), f"{show(value)} is not a text")
        return default

    def number(self, table: Mapping[str, Any], key: str, place: Place) -> float | None:
        value = table.get(key)
        if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300):
            return None if value is None else float(value)
        self.fault((*place, key), f"{show(value)} is not a number")
        return None

    def whole(self, table: Mapping[str, Any], key: str, place: Place, default: int, low: int, high: int) -> int:
        value = table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.fault((*place, key), f"{show(value)} is not a whole number from {low} to {high}")
        return default

    def month(self, table: Mapping[str, Any], key: str, place: Place, base: Scenario, default: Month) -> Month:
        if key not in table:
            return default
        try:
            month = Month(str(table[key]))
        except ValueError as error:
            self.fault((*place, key), str(error))
            return default
        if not base.start <= month <= base.end:
            self.fault((*place, key), f"{month} is outside the run, {base.start} to {base.end}")
        return month

    def rows(self, table: Mapping[str, Any], key: str, place: Place) -> Iterator[tuple[Place, dict[str, Any]]]:
        """The tables of a list with their places."""
        value = table.get(key, [])
        if not isinstance(value, list):
            self.fault((*place, key), f"{show(value)} is not a list: write [[{'.'.join(map(str, (*place, key)))}]]")
            return
        for number, row in enumerate(value):
            if isinstance(row, dict):
                yield (*place, key, number), row
            else:
                self.fault((*place, key, number), f"{show(row)} is not a table")

    # --- parts --------------------------------------------------------------------------------------------------------

    def scenario(self, word: str, path: Path) -> Scenario | None:
        """The scenario: a file beside the problem, a path, or the name of a shipped one."""
        beside = path.parent / (word if word.endswith(".toml") else f"{word}.toml")
        where = beside if beside.is_file() and beside != path else locate(word)
        if not where.is_file():
            self.fault(("scenario",), f"there is no scenario {show(word)}")
            return None
        return read(where, GROUPS)

    def levers(self, base: Scenario, since: Month) -> tuple[LeverRange, ...]:
        found = []
        for place, row in self.rows(self.document.content, "levers", ()):
            self.known(row, ("path", "low", "high", "counties", "since"), place)
            lever = self.lever(row, place, base, since)
            if lever is not None:
                found.append(lever)
        if not found and not self.faults:
            self.fault((), "there is no [[levers]]: name at least one")
        return self.told_apart(tuple(found), base)

    def lever(self, row: Mapping[str, Any], place: Place, base: Scenario, since: Month) -> LeverRange | None:
        path = self.text(row, "path", place, "")
        found = lever_of(base, path)
        if found is None or not isinstance(found.rule.value, Number):
            self.fault((*place, "path"), self.no_lever(path, found is not None))
            return None
        rule, number = found.rule, found.rule.value
        least, most = number.bounds()
        low, high = self.number(row, "low", place), self.number(row, "high", place)
        low, high = least if low is None else low, most if high is None else high
        for key, value in (("low", low), ("high", high)):
            if not least <= value <= most:
                self.fault((*place, key), f"{show(value)} is outside {show(least)} to {show(most)} ({number.unit})")
        if low > high:
            self.fault((*place, "low"), f"the range is inverted: {show(low)} is above {show(high)}")
        elif low == high:
            self.fault((*place, "low"), f"the range is empty: low and high are both {show(low)}")
        month = self.month(row, "since", place, base, since)
        codes = self.counties(row, place, rule, path)
        return LeverRange(path, low, high, number.unit, number.whole, month, codes)

    def no_lever(self, path: str, words: bool) -> str:
        """Why a path is no lever that can move."""
        if words:
            return f"{show(path)} takes words, not numbers: write a scenario for each word and a problem for each"
        names = tuple(_names_of_levers())
        return f"{show(path)} is no lever{suggestion(path, names)}; ningde scenario --levers lists them"

    def counties(self, row: Mapping[str, Any], place: Place, rule: LeverRule, path: str) -> tuple[str, ...]:
        words = row.get("counties", [])
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            self.fault((*place, "counties"), f"{show(words)} is not a list of names")
            return ()
        if words and rule.scope == "city":
            self.fault((*place, "counties"), f"{path} holds for the whole city")
            return ()
        found = []
        for number, word in enumerate(words):
            try:
                found.append(county_code(word))
            except RefusedError as refusal:
                self.fault((*place, "counties", number), refusal.faults[0][1])
        return tuple(code for code in counties() if code in found)

    def told_apart(self, levers: tuple[LeverRange, ...], base: Scenario) -> tuple[LeverRange, ...]:
        """Levers with names of their own; what stands twice, and shares that are broken by county, are faults."""
        names = [lever.name for lever in levers]
        found = tuple(replace(lever, dated=names.count(lever.name) > 1) for lever in levers)
        full = [lever.name for lever in found]
        for number, lever in enumerate(found):
            if lever.name in full[:number]:
                self.fault(("levers", number, "path"), f"{lever.name} stands twice")
            others = found[:number]
            both = [
                each.name for each in others
                if each.path == lever.path and each.counties != lever.counties
                and (not each.counties or not lever.counties or set(each.counties) & set(lever.counties))
            ]  # fmt: skip
            if both:
                self.fault(("levers", number, "counties"), f"{lever.name} and {both[0]} speak of the same county")
            if lever.dated and partners(base, lever.path):
                self.fault(("levers", number, "since"), f"{lever.path} is a share of a whole: move it once")
        return found

    def goals(self) -> tuple[Goal, ...]:
        found: list[Goal] = []
        for place, row in self.rows(self.document.content, "goals", ()):
            self.known(row, ("outcome", "better", "over", "threshold", "tolerance", "case"), place)
            goal = self.goal(row, place)
            if goal is None:
                continue
            if goal.name in [each.name for each in found]:
                self.fault((*place, "outcome"), f"the goal {goal.name} stands twice")
            found.append(goal)
        if not found and not self.faults:
            self.fault((), "there is no [[goals]]: name at least one")
        return tuple(found)

    def goal(self, row: Mapping[str, Any], place: Place) -> Goal | None:
        """A figure summed up over the futures."""
        word = self.text(row, "outcome", place, "")
        if word not in outcomes():
            near = suggestion(word, tuple(outcomes()))
            self.fault((*place, "outcome"), f"{show(word)} is no outcome{near}; ningde search --outcomes lists them")
            return None
        outcome = outcomes()[word]
        over, threshold = self.text(row, "over", place, "mean"), self.number(row, "threshold", place)
        if over not in OVER:
            self.fault((*place, "over"), f"{show(over)} is not one of {', '.join(OVER)}{suggestion(over, OVER)}")
            return None
        if (over in SHARES) != (threshold is not None):
            needs = f"needs a threshold ({outcome.unit})" if over in SHARES else "has no use for a threshold"
            self.fault((*place, "over" if "over" in row else "threshold"), f"{over} {needs}")
        usual = "more" if over in SHARES or outcome.better > 0 else "less"
        tolerance = self.number(row, "tolerance", place)
        if tolerance is not None and tolerance < 0:
            self.fault((*place, "tolerance"), f"{show(tolerance)} is below 0")
        better = self.text(row, "better", place, usual)
        if better not in BETTER:
            self.fault((*place, "better"), f'{show(better)} is neither "more" nor "less"')
            return None
        summed = next(each for each in OVER if each == over)
        return Goal(outcome, BETTER[better], summed, threshold or 0.0, tolerance, self.case(row, place))

    def case(self, row: Mapping[str, Any], place: Place) -> str:
        """The only case in which a figure counts; empty for all."""
        word = self.text(row, "case", place, "")
        futures = self.document.content.get("futures")
        rows = futures.get("cases") if isinstance(futures, dict) else None
        names = [str(each.get("name")) for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []
        if word and word not in names:
            self.fault((*place, "case"), f"{show(word)} is no case of [futures]{suggestion(word, tuple(names))}")
        return word

    def limits(self, levers: tuple[LeverRange, ...]) -> tuple[Limit, ...]:
        found = []
        for place, row in self.rows(self.document.content, "limits", ()):
            self.known(row, ("outcome", "better", "over", "threshold", "case", "levers", "least", "most"), place)
            least, most = self.number(row, "least", place), self.number(row, "most", place)
            if least is None and most is None:
                self.fault(place, "a limit needs least or most")
            if least is not None and most is not None and least > most:
                self.fault((*place, "least"), f"nothing can keep it: {show(least)} is above {show(most)}")
            limit = self.limit(row, place, levers, least, most)
            if limit is not None:
                found.append(limit)
        return tuple(found)

    def limit(
        self,
        row: Mapping[str, Any],
        place: Place,
        levers: tuple[LeverRange, ...],
        least: float | None,
        most: float | None,
    ) -> Limit | None:
        if ("levers" in row) == ("outcome" in row):
            self.fault(place, "a limit is on an outcome, or on levers")
            return None
        if "outcome" in row:
            goal = self.goal(row, place)
            if goal is None:
                return None
            limit, low, high = Limit(goal, (), least, most), *goal.bounds
        else:
            names = self.lever_names(row["levers"], (*place, "levers"), levers)
            limit = Limit(None, names, least, most)
            low, high = (sum(getattr(lever, end) for lever in levers if lever.name in names) for end in ("low", "high"))
        if not limit.possible(low, high):
            self.fault(place, f"no point can keep {limit.name}: it lies between {show(low)} and {show(high)}")
        return limit

    def lever_names(self, words: Any, place: Place, levers: tuple[LeverRange, ...]) -> tuple[str, ...]:
        if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
            self.fault(place, f"{show(words)} is not a list of levers")
            return ()
        names = tuple(lever.name for lever in levers)
        for number, word in enumerate(words):
            if word not in names:
                self.fault((*place, number), f"{show(word)} is no lever of this problem{suggestion(word, names)}")
        return tuple(words)

    # --- futures ------------------------------------------------------------------------------------------------------

    def futures(
        self, base: Scenario
    ) -> tuple[tuple[Case, ...], int, dict[str, tuple[float, float]], Posterior | None, bool]:
        table, place = self.document.content.get("futures", {}), ("futures",)
        if not isinstance(table, dict):
            self.fault(place, f"{show(table)} is not a table: write [futures]")
            table = {}
        self.known(table, ("seeds", "posterior", "tables", "vary", "cases"), place)
        seeds = self.whole(table, "seeds", place, 4, 1, MOST_SEEDS)
        cases = tuple(self.cases(table, base)) or (AS_PROJECTED,)
        posterior = self.posterior(self.text(table, "posterior", place, ""), base)
        tables = table.get("tables", False)
        if not isinstance(tables, bool):
            self.fault((*place, "tables"), f"{show(tables)} is neither true nor false")
        return cases, seeds, self.vary(table.get("vary", {}), base), posterior, tables is True

    def cases(self, table: Mapping[str, Any], base: Scenario) -> Iterator[Case]:
        seen: set[str] = set()
        for place, row in self.rows(table, "cases", ("futures",)):
            self.known(row, ("name", "changes"), place)
            name, changes = self.text(row, "name", place, ""), row.get("changes", {})
            if not name or name in seen:
                self.fault((*place, "name"), "a case needs a name of its own")
            seen.add(name)
            if not isinstance(changes, dict):
                self.fault((*place, "changes"), f"{show(changes)} is not a table of values by dotted name")
                continue
            flat = dict(_flat(changes))
            try:
                base.replace(flat)
            except ScenarioError as error:
                for fault in error.faults:
                    self.fault((*place, "changes"), f"{fault.key}: {fault.sentence}" if fault.key else fault.sentence)
                continue
            yield Case(name, flat)

    def posterior(self, word: str, base: Scenario) -> Posterior | None:
        if not word:
            return None
        try:
            found = read_posterior(word)
            found.check(base)
        except PosteriorFileError as error:
            self.fault(("futures", "posterior"), str(error))
            return None
        return found

    def vary(self, table: Any, base: Scenario) -> dict[str, tuple[float, float]]:
        place = ("futures", "vary")
        if not isinstance(table, dict):
            self.fault(place, f"{show(table)} is not a table of ranges by dotted name")
            return {}
        limits = {
            f"{group.table}.{row.name}": (float(row.low or 0.0), float(row.high or 0.0))
            for group in base.parameters
            for row in ranged(group)
        }
        found: dict[str, tuple[float, float]] = {}
        for name, ends in _flat(table):
            where = (*place, *name.split("."))
            if name not in limits:
                self.fault(where, f"{show(name)} is no parameter with a range{suggestion(name, tuple(limits))}")
            elif not (isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, int | float) for end in ends)):
                self.fault(where, f"{show(ends)} is not a range [least, greatest]")
            elif not limits[name][0] <= ends[0] < ends[1] <= limits[name][1]:
                low, high = limits[name]
                self.fault(where, f"{ends[0]} to {ends[1]} is no range within {low:g} to {high:g}")
            else:
                found[name] = float(ends[0]), float(ends[1])
        return found


def _flat(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Values by dotted name, whether the names were written with quotes or as tables."""
    for key, value in table.items():
        name = f"{above}.{key}" if above else key
        if isinstance(value, dict) and name.count(".") < 1:
            yield from _flat(value, name)
        else:
            yield name, value


def _names_of_levers() -> Iterator[str]:
    """Dotted names of all levers that are numbers."""
    from sim.parameters import declarations

    for group in GROUPS:
        for key, rule in declarations(group).items():
            if isinstance(rule, LeverRule) and isinstance(rule.value, Number):
                yield f"{group.table}.{key}"
