"""``ningde compare``, ``attribute`` and ``spread``: what differs, which lever did it, and what is doubt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.common import app, distinct, ending, folders, one_of, read_all, refuse
from sim.cli.ensembles import Cluster, Workers, kept_ensemble, refusing, seeds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.experiment.comparison import Runs
    from sim.report.questions import Answer
    from sim.scenario import Scenario

DEFAULT_SEEDS = "20"
"""Seeds of a comparison if nobody says otherwise: two minutes a scenario on one processor (assumption)."""

ATTRIBUTION_SEEDS = "8"
"""Seeds of an attribution: with eight changes 2,048 runs (assumption)."""

Variable = Annotated[str, typer.Option(help="What is compared, such as output, value_added, jobs, local_tax, income.")]
Region = Annotated[str, typer.Option(help="city, core, coast, mountain, or a county.")]
Product = Annotated[str | None, typer.Option(help="A product, a chain, or all; all if not given.")]
Year = Annotated[int | None, typer.Option(help="A full year of the runs; the last one if not given.")]
Seeds = Annotated[str, typer.Option(help="Seeds where scenarios are run: 20 for 1 to 20, or spans such as 21-40.")]
End = Annotated[str | None, typer.Option(help="Last month where scenarios are run, such as 2025-12.")]
Kept = Annotated[Path | None, typer.Option(help="Folder in which runs are kept; they are not made twice.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the tables as CSV.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]


@app.command()
def compare(
    what: Annotated[
        list[str],
        typer.Argument(help="Folders of runs made with ningde run --seeds, or scenarios, which are run first."),
    ],
    against: Annotated[str, typer.Option(help="The scenario that the others are compared with.")] = "baseline",
    view: Annotated[
        list[str] | None,
        typer.Option(
            help="difference, reach, dates, additionality, inequality, cost, tails, exceedance; several may be given. "
            "If none is, and nothing is asked but a year: an overview of all measures."
        ),
    ] = None,
    variable: Variable = "output",
    by: Annotated[str, typer.Option(help="Differences by region, product or year.")] = "region",
    region: Region = "city",
    product: Product = None,
    year: Year = None,
    definition: Annotated[
        str, typer.Option(help="What counts for the target: above_scale_output, four_chains, gdp, ..., or a chain.")
    ] = "above_scale_output",
    target: Annotated[float | None, typer.Option(help="Target in bn yuan; 1000, or 300 for a chain.")] = None,
    given: Annotated[
        str | None,
        typer.Option(help='Only where the world is so, such as "Ni above" (its median over the runs).'),
    ] = None,
    seeds: Seeds = DEFAULT_SEEDS,
    workers: Workers = None,
    cluster: Cluster = None,
    end: End = None,
    runs: Kept = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """What policies change, in pairs of runs with equal luck: differences, dates, who gains from whom, cost, risk."""
    from sim.experiment.comparison import Comparison
    from sim.report.comparison import comparison_table, print_comparison
    from sim.report.questions import VIEWS, Answer, Asked, check

    asked = Asked(variable, by, region, product, year, definition, target, given)
    overview = view is None and asked == Asked(year=year)
    names = view or ([] if overview else ["difference", "dates", "cost"])
    one_of("--view", names, tuple(VIEWS))
    one_of("--by", [by], ("region", "product", "year"))
    with refusing():
        source = _runs_of(what, against, seeds_of(seeds), workers, cluster, end, runs, quiet)
        for fault in source.faults:
            typer.echo(fault, err=True)
        found = Comparison(source, against)
        check(asked, found)
        chosen = VIEWS if out is not None and view is None else {name: VIEWS[name] for name in names}
        answers = {name: make(found, asked) for name, make in chosen.items()}
        if view is None:
            answers["overview"] = Answer("all measures and regions", comparison_table(found, year))
        if overview:
            print_comparison(found, year)
        _show({name: answers[name] for name in names}, answers, out)


@app.command()
def attribute(
    package: Annotated[str, typer.Argument(help="Scenario whose effect is taken apart: file, or bare name.")],
    against: Annotated[str, typer.Option(help="The scenario that it is compared with.")] = "baseline",
    by: Annotated[
        str | None,
        typer.Option(help="lever or table: what counts as one change; tables if there are more than 8 levers."),
    ] = None,
    variable: Variable = "output",
    region: Region = "city",
    product: Product = None,
    year: Year = None,
    orders: Annotated[
        int, typer.Option(min=2, max=1000, help="With more than 8 changes: orders drawn, each with its reverse.")
    ] = 12,
    seeds: Seeds = ATTRIBUTION_SEEDS,
    workers: Workers = None,
    cluster: Cluster = None,
    end: End = None,
    runs: Kept = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Which lever did it: part of each change of a package in its effect (Shapley values), and how two act together."""
    from sim.experiment.attribution import Attribution, plan_of
    from sim.report.questions import Asked, attribution, check

    whole, base = _read([package, against], end)
    with refusing():
        plan = plan_of(whole, base, by, orders)
        numbers = seeds_of(seeds)
        how = "all mixes" if plan.exact else f"{orders} drawn orders and their reverses"
        if not quiet:
            size = f"{len(plan.mixes)} scenarios, {len(plan.mixes) * len(numbers)} runs"
            typer.echo(f"{len(plan.changes)} changes, {how}: {size}", err=True)
        folder = Path("results") / f"{whole.name}_attribution" if runs is None else runs
        source = kept_ensemble(list(plan.mixes.values()), numbers, workers, cluster, folder, quiet)
        for fault in source.faults:
            typer.echo(fault, err=True)
        found = Attribution(plan, source, whole.name, base.name)
        asked = Asked(variable, region=region, product=product, year=year)
        check(asked, found.comparison)
        answers = attribution(found, asked)
        _show(answers, answers, out)


@app.command()
def spread(
    scenario: Annotated[str, typer.Argument(help="Scenario: file, or bare name.")] = "baseline",
    rows: Annotated[int, typer.Option(min=2, max=10_000, help="Rows of the design; each takes 8 runs.")] = 12,
    workers: Workers = None,
    end: End = None,
    out: Out = None,
    quiet: Quiet = False,
) -> None:
    """Where the spread of results comes from: luck, the world, table, opening, sourced and assumed parameters."""
    from sim.experiment.executor import default_workers
    from sim.experiment.spread import where_spread_comes_from
    from sim.report.progress import months_bar
    from sim.report.questions import where_spread

    plan = _read([scenario], end)[0]
    with refusing():
        with months_bar(f"{plan.name}, {rows} rows", shown=not quiet, unit="runs") as tick:
            study = where_spread_comes_from(plan, rows, workers or default_workers(), tick)
        answers = {"spread": where_spread(study)}
        _show(answers, answers, out)


def _read(names: list[str], end: str | None) -> list[Scenario]:
    """The scenarios, with another last month if one is given."""
    scenarios = read_all(names)
    return scenarios if end is None else [ending(each, end) for each in scenarios]


def _runs_of(
    what: list[str],
    against: str,
    numbers: list[int],
    workers: int | None,
    cluster: str | None,
    end: str | None,
    runs: Path | None,
    quiet: bool,
) -> Runs:
    """The ensemble that the words name: folders of runs, or scenarios that are run now."""
    from sim.experiment.comparison import join
    from sim.experiment.ensemble import Ensemble

    are_folders = [Path(word).is_dir() for word in what]
    if all(are_folders):
        return join({word: Ensemble.load(word) for word in what})
    if any(are_folders):
        folder, scenario = what[are_folders.index(True)], what[are_folders.index(False)]
        refuse([f"{folder} is a folder of runs and {scenario} is not: name folders only, or scenarios only"])
    names = what if against in [Path(word).stem for word in what] else [against, *what]
    scenarios = _read(names, end)
    distinct(scenarios)
    return kept_ensemble(scenarios, numbers, workers, cluster, runs, quiet)


def _show(shown: Mapping[str, Answer], written: Mapping[str, Answer], out: Path | None) -> None:
    """Tables on the screen, and all of them as CSV if a folder is named."""
    from sim.report.questions import print_answers, to_csv

    folder = None if out is None else folders([""], out)[0]
    print_answers(shown)
    if folder is not None:
        for name, answer in written.items():
            path = folder / f"{name}.csv"
            path.write_text(to_csv(answer), encoding="utf-8")
            typer.echo(f"wrote {path}", err=True)
