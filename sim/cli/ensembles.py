"""``ningde results`` and ``ningde verify``, and what ``ningde run --seeds`` does."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sim.cli.common import BAD_INPUT, BROKEN_BOOKS, INTERRUPTED, app, own_table, refuse, stopping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.experiment.drawn import Posterior
    from sim.experiment.ensemble import Ensemble
    from sim.experiment.store import Store
    from sim.experiment.verification import Verdict
    from sim.inputoutput.tables import Table
    from sim.scenario import Scenario

ENSEMBLE = Path("results") / "ensemble"
"""Where runs of many seeds go if nobody says otherwise."""

SEEDS = re.compile(r"(\d{1,12})(?:-(\d{1,12}))?")
"""A number of seeds, or a span of them."""

DEEPEST = 3
"""So many folders below the one that is named are looked through for results."""


Workers = Annotated[
    int | None, typer.Option(min=1, max=1024, help="Processes at once; as many as processors if not given.")
]
Cluster = Annotated[
    str | None, typer.Option(help="A dask scheduler such as tcp://host:8786 instead of processes here.")
]


@contextmanager
def refusing() -> Iterator[None]:
    """Runs that cannot be read, compared, told or written end the command with one line."""
    from sim.experiment.comparison import ComparisonError
    from sim.experiment.layout import LayoutError
    from sim.experiment.store import StoreError
    from sim.report.export import ExportError
    from sim.results import DamagedError, FolderError
    from sim.scenario import ScenarioError

    try:
        yield
    except ScenarioError as error:
        refuse([f"{fault.key}: {fault.sentence}" if fault.key else fault.sentence for fault in error.faults])
    except (ComparisonError, LayoutError, StoreError, ExportError, FolderError, DamagedError) as error:
        refuse([str(error)])


# --- ningde run --seeds -----------------------------------------------------------------------------------------------


def run_ensemble(
    scenarios: list[Scenario],
    numbers: list[int],
    workers: int | None,
    cluster: str | None,
    out: Path | None,
    quiet: bool,
    posterior: Posterior | None = None,
) -> None:
    """Run every scenario with every seed into a folder, and tell what came out."""
    found = kept_ensemble(scenarios, numbers, workers, cluster, out, quiet, posterior)
    _tell(found, scenarios, numbers, ENSEMBLE if out is None else out)


def kept_ensemble(
    scenarios: list[Scenario],
    numbers: list[int],
    workers: int | None,
    cluster: str | None,
    out: Path | None,
    quiet: bool,
    posterior: Posterior | None = None,
) -> Ensemble:
    """The runs of every scenario with every seed, in a folder that already finished runs survive in."""
    from sim.experiment.drawn import PosteriorFileError
    from sim.experiment.ensemble import ensemble
    from sim.experiment.executor import ClusterError, default_workers
    from sim.experiment.store import StoreError
    from sim.report.progress import months_bar
    from sim.results import FolderError

    many, folder = workers or default_workers(), ENSEMBLE if out is None else out
    if cluster is None:
        _enough_memory(scenarios, many)
    total = len(numbers) * len(scenarios)
    if (there := _finished(folder, scenarios, numbers)) and not quiet:
        typer.echo(f"{folder} has {there} of {total} runs already", err=True)
    label = f"{_count(len(scenarios), 'scenario')}, {_count(len(numbers), 'seed')}"
    try:
        with months_bar(label, shown=not quiet, unit="runs") as tick:
            return ensemble(
                scenarios,
                numbers,
                workers=many,
                cluster=cluster,
                folder=folder,
                progress=tick,
                posterior=posterior,
            )
    except KeyboardInterrupt:
        _stopped("stopped", folder, scenarios, numbers, "the same command goes on from there", INTERRUPTED)
    except (StoreError, PosteriorFileError) as error:
        refuse([str(error)])
    except FolderError as error:
        if not _finished(folder, scenarios, numbers):
            refuse([str(error)])
        _stopped(str(error), folder, scenarios, numbers, "mend that, and the same command goes on", BAD_INPUT)
    except ClusterError as error:
        refuse([f"--cluster: {error}"])


def drawn_from(word: str) -> Posterior:
    """The posterior of a name, file or folder; one that cannot be read ends the command."""
    from sim.experiment.drawn import PosteriorFileError, read_posterior

    try:
        return read_posterior(word)
    except PosteriorFileError as error:
        refuse([f"--posterior: {error}"])


def seeds_of(words: str) -> list[int]:
    """Seeds of a text: "200" is 1 to 200, "201-400" a span; several are divided by commas and must not overlap."""
    from sim.experiment.ensemble import HIGHEST_SEED, MOST_RUNS, SeedError, checked_seeds

    parts = words.split(",")
    spans: list[range] = []
    for part in parts:
        match = SEEDS.fullmatch(part.strip())
        if match is None:
            refuse(
                [f'--seeds: "{part.strip()[:40]}" is neither a number of seeds such as 200 nor a span such as 201-400']
            )
        first, last = (int(match[1]), int(match[2])) if match[2] else (1, int(match[1]))
        if len(parts) > 1 and not match[2]:
            first = last  # in a list a number is a seed
        if last > HIGHEST_SEED:
            refuse([f"--seeds: {last} is above the highest seed {HIGHEST_SEED}"])
        if last < first:
            refuse([f"--seeds: {part.strip()} holds no seed; write the smaller number first"])
        spans.append(range(first, last + 1))
    if sum(len(span) for span in spans) > MOST_RUNS:
        refuse([f"--seeds: more than {MOST_RUNS} seeds; a few hundred tell what chance does"])
    ordered = sorted(spans, key=lambda span: span.start)
    for before, after in pairwise(ordered):
        if after.start < before.stop:
            refuse(
                [f"--seeds: {_span(before)} and {_span(after)} overlap: runs would count double; give each seed once"]
            )
    try:
        return list(checked_seeds(seed for span in spans for seed in span))
    except SeedError as error:
        refuse([f"--seeds: {error}"])


def _span(span: range) -> str:
    return str(span.start) if len(span) == 1 else f"{span.start}-{span.stop - 1}"


def _enough_memory(scenarios: list[Scenario], workers: int) -> None:
    """End the command if its processes would need more memory than there is."""
    from sim.experiment.ensemble import memory_needed, memory_of_machine

    there = memory_of_machine()
    longest = max(scenarios, key=lambda scenario: scenario.months)
    needed = memory_needed(longest, workers)
    if there is not None and needed > there:
        fits = next((count for count in range(workers, 0, -1) if memory_needed(longest, count) <= there), 0)
        advice = f"give --workers {fits}" if fits else "run shorter, or on a larger machine"
        many = _count(workers, "process", "processes")
        room = f"{needed / 1e9:.1f} GB of memory, this machine has {there / 1e9:.1f} GB"
        refuse([f"--workers: {many} would need about {room}; {advice}"])


def _finished(folder: Path, scenarios: list[Scenario], seeds: list[int]) -> int:
    """How many of the runs a folder has."""
    from sim.experiment.store import StoreError, open_store

    try:
        store = open_store(folder)
    except (StoreError, OSError):
        return 0
    known = {plan.name for plan in store.manifest.plans if plan.hash in {each.hash for each in scenarios}}
    return sum(len(set(store.seeds(each.name)) & set(seeds)) for each in scenarios if each.name in known)


def _stopped(why: str, folder: Path, scenarios: list[Scenario], seeds: list[int], then: str, code: int) -> NoReturn:
    """End the command before its end, and say what there is and how to go on."""
    done, total = _finished(folder, scenarios, seeds), len(seeds) * len(scenarios)
    typer.echo(f"{why}: {done} of {total} runs are finished and kept in {folder}; {then}", err=True)
    raise typer.Exit(code)


def _tell(found: Ensemble, scenarios: list[Scenario], seeds: list[int], folder: Path) -> None:
    """What came out, in a line a scenario; runs that failed end the command with its code."""
    from sim.experiment.store import open_store

    for fault in found.faults:
        typer.echo(fault, err=True)
    store = open_store(folder)
    missing = 0
    for scenario in scenarios:
        there = len(set(store.seeds(scenario.name)) & set(seeds))
        missing += len(seeds) - there
        typer.echo(f"{scenario.name}: {_count(there, 'run')}{_band(found, scenario.name)}")
    typer.echo(f"wrote {folder}; ningde results {folder} tells what is in it", err=True)
    if missing:
        typer.echo(f"{_count(missing, 'run')} failed", err=True)
        raise typer.Exit(BROKEN_BOOKS)


def _band(found: Ensemble, scenario: str) -> str:
    """Above-scale output of the last 12 months over the seeds."""
    import numpy as np

    if scenario not in found.scenarios or not found.seeds:
        return ""
    series = found.values(scenario, "headline").sel(series="above_scale_output").isel(month=-1)
    low, middle, high = np.quantile(series.values, (0.1, 0.5, 0.9)) / 1e3
    month = str(series["month"].values.astype("datetime64[M]"))
    return (
        f"; above-scale output of the 12 months to {month}: median {middle:,.0f} bn yuan,"
        f" eight in ten runs from {low:,.0f} to {high:,.0f}"
    )


def _count(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"


# --- ningde results ---------------------------------------------------------------------------------------------------


@app.command()
def results(
    folder: Annotated[Path, typer.Argument(help="A folder of results, or one that holds such folders.")] = Path(
        "results"
    ),
) -> None:
    """What a folder holds: scenarios, seeds, damaged files, and the code that made them."""
    if not folder.is_dir():
        refuse([f"{folder}: there is no such folder; ningde run NAME --seeds 20 makes one"])
    stores, singles = _found_in(folder)
    if not stores and not singles:
        refuse([f"{folder}: there are no results in it; ningde run NAME --seeds 20 makes some"])
    faults = [fault for place in stores for fault in _tell_store(place)]
    faults += [fault for run in singles for fault in _tell_single(run)]
    if faults:
        refuse(faults)


def _found_in(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders of ensembles and files of single runs, in the folder and a few levels below."""
    stores, singles = [], []
    level = [folder]
    for _ in range(DEEPEST + 1):
        below: list[Path] = []
        for place in level:
            if (place / "manifest.json").is_file():
                stores.append(place)
                continue
            singles += sorted(place.glob("run-seed*.nc"))
            below += sorted(path for path in place.iterdir() if path.is_dir() and not path.is_symlink())
        level = below
    return stores, singles


def _tell_store(folder: Path) -> list[str]:
    """What an ensemble holds; what is wrong with it is returned."""
    from sim.experiment.store import StoreError, difference, open_store, origin

    try:
        store = open_store(folder)
    except StoreError as error:
        return [str(error)]
    bad = store.check()
    manifest = store.manifest
    typer.echo(f"{folder}: runs from {manifest.start} to {manifest.end}, made by {manifest.origin.code_version}")
    for plan in manifest.plans:
        typer.echo(f"  {plan.name}: {_seeds_told(store, plan.name)}  {plan.title}")
    if manifest.origin.posterior:
        typer.echo(f"  each run has the draw of the parameters of its seed{_posterior_told(store)}")
    aside = sum(1 for _ in folder.glob("runs/*/*.bad"))
    if aside:
        typer.echo(f"  {_count(aside, 'damaged file')} set aside as .bad and made anew or to be made")
    other = difference(manifest.origin, replace(origin(), posterior=manifest.origin.posterior))
    if other:
        typer.echo(f"  new runs cannot be added here: made by other {other}")
    return [f"{each.why}; the same ningde run makes it anew" for each in bad]


def _posterior_told(store: Store) -> str:
    """Where drawn parameters come from."""
    from sim.experiment.store import StoreError

    try:
        found = store.posterior()
    except StoreError as error:
        return f" ({error})"
    return "" if found is None else f": {len(found.draws)} draws of the posterior of {found.as_of}"


def _seeds_told(store: Store, name: str) -> str:
    """The seeds of a scenario as spans, and how long a run took."""
    import numpy as np

    seeds = store.seeds(name)
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and spans[-1][-1] == seed - 1:
            spans[-1] = [spans[-1][0], seed]
        else:
            spans.append([seed])
    shown = ", ".join("-".join(map(str, span)) for span in spans[:8]) + (", ..." if len(spans) > 8 else "")
    times = [noted.seconds for (each, _), noted in store.noted.items() if each == name and noted.seconds is not None]
    took = f", {np.median(times):.1f} s each" if times else ""
    return f"{_count(len(seeds), 'run')} (seeds {shown}){took}" if seeds else "no run"


def _tell_single(path: Path) -> list[str]:
    """One saved run; what is wrong with it is returned."""
    from sim.results import DamagedError, Run

    try:
        run = Run.load(path)
    except DamagedError as error:
        return [str(error)]
    version = run.monthly.attrs["code_version"]
    typer.echo(f"{path}: {run.name}, seed {run.seed}, {run.start} to {run.end}, made by {version}")
    return []


# --- ningde verify ----------------------------------------------------------------------------------------------------


@app.command()
def verify(
    run: Annotated[
        str,
        typer.Argument(help="A saved run (run-seed0001.nc or its folder), or NAME:SEED of an ensemble."),
    ],
    folder: Annotated[Path, typer.Option("--in", help="Folder of the ensemble, for NAME:SEED.")] = ENSEMBLE,
    table: Annotated[
        Path | None, typer.Option(help="The opening table that the run was made with, if it was your own.")
    ] = None,
) -> None:
    """Run a stored run again: bit-identical, or the first month, region and column that differ."""
    from sim.experiment.store import StoreError
    from sim.experiment.verification import UnknownRunError
    from sim.results import DamagedError

    own = None if table is None else own_table(table)
    try:
        with stopping(run):
            found = _verdict(run, folder, own)
    except (StoreError, DamagedError, UnknownRunError, FileNotFoundError) as error:
        refuse([str(error)])
    made_by = f" (made by other {found.made_by})" if found.made_by else ""
    if found.departure is None:
        typer.echo(f"{found.what}: bit-identical, {found.numbers:,} numbers{made_by}")
        return
    typer.echo(f"{found.what}: differs first in {found.departure}{made_by}", err=True)
    raise typer.Exit(BROKEN_BOOKS)


def _verdict(run: str, folder: Path, table: Table | None) -> Verdict:
    """Find the run and run it again."""
    from sim.experiment.store import open_store
    from sim.experiment.verification import verify_saved, verify_stored
    from sim.results import Run

    name, colon, seed = run.rpartition(":")
    if colon and seed.isdecimal() and not Path(run).exists():
        if table is not None:
            refuse(["--table: runs of an ensemble were made with the estimated table; leave it out"])
        return verify_stored(open_store(folder), name, int(seed))
    path = Path(run)
    if path.suffix == ".run":  # FOLDER/runs/NAME-HASH/seed-000000001.run
        scenario, number = path.parent.name.rpartition("-")[0], path.stem.removeprefix("seed-")
        if not number.isdecimal() or len(path.parents) < 3:
            refuse([f"{path}: a run of an ensemble has a name such as seed-000000001.run"])
        return verify_stored(open_store(path.parents[2]), scenario, int(number))
    return verify_saved(Run.load(_one_run_in(path) if path.is_dir() else path), table)


def _one_run_in(folder: Path) -> Path:
    """The only saved run of a folder."""
    found = sorted(folder.glob("run-seed*.nc"))
    if len(found) != 1:
        many = f"it holds {len(found)} saved runs; name one of them" if found else "it holds no saved run"
        refuse([f"{folder}: {many}"])
    return found[0]
