"""A whole back-test: origins, modes, members, null versions, rivals, all scores, and the folder that holds them.

The folder has, beside the runs: scores.csv (a row each case and forecaster), forecasts.csv (quantiles), events.csv,
joint.csv, ranks.csv, claims.csv, unanswered.csv, and backtest.json, which tells what was scored: code, protocol, facts,
members, what failed. Everything that is told later is made from these files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim import data
from sim.experiment.backtest.events import all_of, claim_table, event_table, joint_table, rank_table
from sim.experiment.backtest.marks import Mark, marks
from sim.experiment.backtest.plan import BacktestError, Floats, Mode, Plan, plan_of
from sim.experiment.backtest.pooling import ANY, skills
from sim.experiment.backtest.questions import RivalAnswers, ask_rivals
from sim.experiment.backtest.runs import MODEL, PAIRED, Asked, Job, Members, kept_in, members_of, run_job
from sim.experiment.backtest.scoring import ABOUT, BEARINGS, Forecaster, case_scores, quantile_table, unanswered
from sim.experiment.dates import ORIGINS, Rule, as_of
from sim.experiment.kept_runs import Cache, Tick, collect_runs
from sim.experiment.nulls import NULLS
from sim.experiment.observables import regions
from sim.experiment.observations import Observations
from sim.experiment.periods import Period
from sim.experiment.unknown import Posterior, Unknown
from sim.parameters import Month
from sim.results.provenance import code_digest, code_version
from sim.results.storage import write_atomically
from sim.scenario import Scenario

TABLES = ("scores", "forecasts", "events", "joint", "ranks", "claims", "unanswered")
"""Tables of the folder."""

WORDS = frozenset((*BEARINGS, *ABOUT, "event", "claim", "why")) - {"horizon", "year", "line"}
"""Columns that hold words."""

MANIFEST = "backtest.json"
"""What was scored."""

RIVAL_SEED = 1
"""Root seed of the luck of the rivals (numerical)."""

SITE = "Fuding"
"""The county whose choice as a site of cells is a claim of the protocol."""


class NoMemberError(RuntimeError):
    """All members of a forecaster failed; the message is a sentence for the user."""


@dataclass(frozen=True)
class Settings:
    """What is asked for.

    Attributes:
        scenario: whose forecasts.
        origins: last months that are known.
        modes: worlds.
        members: seeds 1 to this.
        null_members: the same of each null version; 0 for none.
        rule: by which date a default counts as known.
        skip: leave out what rivals cannot answer.
        posteriors: by origin; parameters of the others are drawn from their ranges.
    """

    scenario: Scenario
    origins: tuple[Month, ...] = ORIGINS
    modes: tuple[Mode, ...] = ("unconditional", "conditional")
    members: int = 200
    null_members: int = 40
    rule: Rule = "fact"
    skip: bool = False
    posteriors: Mapping[Month, Posterior] = field(default_factory=dict)

    @property
    def nulls(self) -> tuple[str, ...]:
        """Names of the null versions that run."""
        return tuple(NULLS) if self.null_members else ()


@dataclass(frozen=True, eq=False)
class Study:
    """What came of it.

    Attributes:
        tables: by name, see :data:`TABLES`.
        manifest: what was scored.
    """

    tables: Mapping[str, pd.DataFrame]
    manifest: Mapping[str, Any]

    @cached_property
    def skills(self) -> pd.DataFrame:
        """Ours beside each rival, see :func:`sim.experiment.backtest.pooling.skills`."""
        return skills(self.tables["scores"])

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of the protocol, see :mod:`sim.experiment.backtest.marks`."""
        return marks(self.tables["scores"], self.tables["claims"])

    def write(self, folder: Path) -> list[Path]:
        """Write all tables and the manifest; the files written."""
        texts = {f"{name}.csv": _csv(table) for name, table in self.tables.items()}
        texts[MANIFEST] = json.dumps(self.manifest, indent=1, ensure_ascii=False) + "\n"
        for name, text in texts.items():
            write_atomically(folder / name, lambda path, text=text: path.write_text(text, "utf-8"))  # type: ignore[misc]
        return [folder / name for name in texts]


def read_study(folder: Path) -> Study:
    """A back-test from its folder.

    Raises:
        BacktestError: a file is missing or damaged.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        tables = {name: _read(folder / f"{name}.csv") for name in TABLES}
    except OSError as error:
        raise BacktestError(f"{error.filename}: the file cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BacktestError(f"{folder}: no back-test can be read from it: {error}") from None
    return Study(tables, manifest)


def _csv(table: pd.DataFrame) -> str:
    """A table as text, its numbers in full, so that reading gives them back."""
    return str(table.to_csv(index=False, lineterminator="\n"))


def _read(path: Path) -> pd.DataFrame:
    """A table; an empty one has no columns."""
    text = path.read_text(encoding="utf-8")
    if not text.strip():
        return pd.DataFrame()
    table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False)
    for column in [name for name in table.columns if name not in WORDS]:
        table[column] = _numbers(table[column].tolist())
    return table


def _numbers(cells: list[str]) -> list[int] | list[float]:
    """Cells as numbers, to the last digit; whole ones if all are."""
    try:
        return [int(cell) for cell in cells]
    except ValueError:
        return [float(cell) if cell else float("nan") for cell in cells]


# --- running and scoring ----------------------------------------------------------------------------------------------

Shown = Callable[[str], AbstractContextManager[Tick | None]]
"""Shows the progress of one batch of runs by its label."""


def backtest(
    settings: Settings,
    facts: Observations,
    *,
    folder: Path | None = None,
    workers: int = 1,
    shown: Shown | None = None,
    function: Callable[[Job], dict[str, float]] = run_job,
    protocol: str = "",
) -> Study:
    """Forecast from every origin and score what came.

    Args:
        settings: what is asked for.
        facts: published figures of all times.
        folder: where runs are kept, so that an interrupted back-test goes on.
        workers: processes at once.
        shown: shows progress.
        function: what is run for a member.
        protocol: text of the protocol under which is scored; its digest is told.

    Raises:
        BacktestError: nothing is asked, or a rival cannot answer.
        NoMemberError: no member of a forecaster came to its end.
    """
    plans = [plan_of(facts, origin) for origin in settings.origins]
    rivals = [ask_rivals(plan, RIVAL_SEED, skip=settings.skip) for plan in plans]  # before any run: faults come at once
    cache = kept_in(folder)
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    origins = []
    for plan, answers in zip(plans, rivals, strict=True):
        told = _one_origin(settings, plan, answers, tables, _Runner(cache, workers, shown or _silent, function))
        origins.append(told)
    return Study({name: all_of(found) for name, found in tables.items()}, _manifest(settings, facts, origins, protocol))


@dataclass(frozen=True)
class _Runner:
    """How members are run."""

    cache: Cache
    workers: int
    shown: Shown
    function: Callable[[Job], dict[str, float]]

    def run(self, label: str, jobs: Sequence[Job], wanted: Sequence[Asked]) -> Members:
        with self.shown(label) as tick:
            results, faults = collect_runs(
                {job.key: job for job in jobs}, self.cache, self.workers, tick, function=self.function
            )
        return members_of(jobs, results, faults, wanted)


def _one_origin(
    settings: Settings, plan: Plan, answers: RivalAnswers, tables: dict[str, list[pd.DataFrame]], runner: _Runner
) -> dict[str, Any]:
    """Forecast and score one origin; what is to be told of it."""
    known = as_of(settings.scenario, plan.origin, settings.rule)
    posterior = settings.posteriors.get(plan.origin)
    wanted = wanted_of(plan)
    told: dict[str, Any] = {
        "origin": str(plan.origin),
        "cases": len(plan.cases),
        "known": len(plan.known),
        "neither": [f"{row} ({row.published})" for row in plan.neither],
        "posterior": None if posterior is None else {"name": posterior.name, "sha256": posterior.digest},
        "omitted": [each.name for each in known.omitted],
        "modes": {},
    }
    for mode in settings.modes:
        parameters = Unknown.of(known, mode, posterior)
        told["drawn"] = sorted(parameters.ranges)
        told["modes"][mode] = failed = {}
        for null in ("", *settings.nulls):
            count = settings.null_members if null else settings.members
            jobs = [Job(parameters, seed, null, wanted) for seed in range(1, count + 1)]
            found = runner.run(f"{plan.origin} {mode} {null or MODEL}", jobs, wanted)
            failed[null or MODEL] = {"members": len(found.values), "failed": _counted(found.faults)}
            if not len(found.values):
                why = next(iter(found.faults.values()), "there is no member")
                raise NoMemberError(f"{plan.origin}, {mode}, {null or MODEL}: no member came to its end: {why}")
            _score(plan, _forecaster(plan, null, found), mode, tables, _sites(found, wanted), {})
            if not null and settings.nulls:
                same = found.up_to(settings.null_members).values[:, : len(plan.cases)]
                _score(plan, Forecaster(PAIRED, "paired", same), mode, tables, None, {})
    for name, draws in answers.draws.items():
        if np.isfinite(draws).any():
            _score(plan, Forecaster(name, "rival", draws), ANY, tables, None, answers.left_out)
        else:
            tables["unanswered"].append(unanswered(plan, Forecaster(name, "rival", draws), ANY, answers.left_out))
    return told


def wanted_of(plan: Plan) -> tuple[Asked, ...]:
    """What a run is asked for: the cases, then what a claim of the protocol needs besides."""
    asked = [Asked(case.variable, case.region, case.period) for case in plan.cases]
    site = Asked("cell_capacity_with_building", SITE, Period.at("2021-12"))
    reached = max(case.period.last for case in plan.cases) >= site.period.last and site.period.last > plan.origin
    return (*asked, site) if reached and SITE in regions() and site not in asked else tuple(asked)


def _forecaster(plan: Plan, null: str, found: Members) -> Forecaster:
    """Members as a forecaster of the cases."""
    return Forecaster(null or MODEL, "null" if null else "ours", found.values[:, : len(plan.cases)])


def _sites(found: Members, wanted: Sequence[Asked]) -> Floats | None:
    """(members,) capacity of cells at the site of the claim; None where it was not asked."""
    places = [at for at, one in enumerate(wanted) if one.region == SITE and one.variable.startswith("cell_capacity_w")]
    return found.values[:, places[-1]] if places else None


def _score(
    plan: Plan,
    forecaster: Forecaster,
    mode: str,
    tables: dict[str, list[pd.DataFrame]],
    sites: Floats | None,
    reasons: Mapping[tuple[str, str], str],
) -> None:
    """Add the rows of one forecaster to all tables."""
    tables["scores"].append(case_scores(plan, forecaster, mode))
    tables["forecasts"].append(quantile_table(plan, forecaster, mode))
    tables["events"].append(event_table(plan, forecaster, mode))
    tables["joint"].append(joint_table(plan, forecaster, mode))
    tables["ranks"].append(rank_table(plan, forecaster, mode))
    tables["unanswered"].append(unanswered(plan, forecaster, mode, reasons))
    if forecaster.kind == "ours":
        tables["claims"].append(claim_table(plan, forecaster, mode, sites))


def _counted(faults: Mapping[int, str]) -> list[dict[str, Any]]:
    """Faults with the seeds that had them."""
    seeds: dict[str, list[int]] = {}
    for seed, why in faults.items():
        seeds.setdefault(why, []).append(seed)
    return [{"why": why, "seeds": each} for why, each in seeds.items()]


def _manifest(settings: Settings, facts: Observations, origins: list[dict[str, Any]], protocol: str) -> dict[str, Any]:
    """What was scored, by whom, under which protocol."""
    rows = [[row.variable, row.region, str(row.period), row.value, str(row.published)] for row in facts]
    return {
        "code_version": code_version(),
        "code_sha256": code_digest(),
        "data_sha256": data.digest(),
        "protocol_sha256": hashlib.sha256(protocol.encode()).hexdigest() if protocol else None,
        "facts_sha256": hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        "facts_files": sorted({row.file for row in facts}),
        "facts_left_out": [str(fault) for fault in facts.left_out],
        "scenario": {"name": settings.scenario.name, "hash": settings.scenario.hash},
        "rule": settings.rule,
        "members": settings.members,
        "null_members": settings.null_members,
        "skip": settings.skip,
        "origins": origins,
    }


def _silent(_label: str) -> AbstractContextManager[None]:
    """No progress."""
    return nullcontext()
