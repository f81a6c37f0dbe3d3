"""The texts say what the code is: pointers lead somewhere, names and tables are current."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import sim
from sim.accounts import CHECKS
from sim.flows import PAYMENTS
from sim.mechanisms import Phase
from sim.mechanisms.construction import Construction
from sim.model import GROUPS, NingdeModel
from sim.opening.position import entry_balance
from sim.parameters import describe
from sim.results.run import Run

ROOT = Path(__file__).parents[1]
DOCS, SOURCE = ROOT / "docs", ROOT / "sim"

NUMBER = r"\d+(?:\.\d+)?"
POINTER = re.compile(rf"\b[Ss]ections?\s+({NUMBER}(?:\s*(?:,|and|to|or|-)\s*(?:and\s+)?{NUMBER})*)")
OPEN_POINT = re.compile(r"open point\s+(\d+)")


def model_text() -> str:
    return (DOCS / "model.md").read_text(encoding="utf-8")


def headings(text: str) -> set[str]:
    return set(re.findall(rf"^#+ ({NUMBER})[. ]", text, flags=re.MULTILINE))


def section(text: str, number: str) -> str:
    """Text under the heading of a section, up to the next heading."""
    found = re.search(rf"^#+ {re.escape(number)}[. ].*?(?=^#|\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, f"docs/model.md has no section {number}"
    return found[0]


def pointers(text: str) -> list[str]:
    """Section numbers that a text points to; line breaks and comment signs inside a pointer do not matter."""
    plain = re.sub(r"\s*\n\s*#?\s*", " ", text)
    lists = [match[1] for match in POINTER.finditer(plain)] + OPEN_POINT.findall(plain)
    return [number for numbers in lists for number in re.findall(NUMBER, numbers)]


def script(page: str) -> ModuleType:
    """The script that makes a page of the documentation."""
    spec = importlib.util.spec_from_file_location(f"{page}_page", DOCS / f"{page}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_parameter_page_is_current():
    page = (DOCS / "parameters.md").read_text(encoding="utf-8")
    assert page == script("parameters").page(), "run python docs/parameters.py"


def test_the_page_of_scenarios_is_current():
    page = (DOCS / "scenarios.md").read_text(encoding="utf-8")
    assert page == script("scenarios").page(), "run python docs/scenarios.py"


def test_the_page_of_dates_is_current():
    page = (DOCS / "dates.md").read_text(encoding="utf-8")
    assert page == script("dates").page(), "run python docs/dates.py"


def test_every_lever_has_its_text():
    """A lever without a sentence about what turns its benefit is not understood yet."""
    texts = script("levers").read_texts()
    rows = [row for group in GROUPS for row in describe(group)]
    levers = {f"{row.table}.{row.name}" for row in rows if row.kind == "lever"}
    starts = {f"{row.table}.{row.starts}" for row in rows if row.starts}
    assert levers | starts <= texts.keys()
    assert all(text["turns"].endswith(".") and text["shown"] for text in texts.values())


def modules_of_the_month() -> list[str]:
    """Files of the mechanisms and resolvers, from the root of the project."""
    paths = [path for room in ("mechanisms", "resolvers") for path in (SOURCE / room).glob("*.py")]
    return sorted(path.relative_to(ROOT).as_posix() for path in paths if path.stem != "__init__")


@pytest.mark.parametrize("file", modules_of_the_month())
def test_equations_and_code_are_found_from_each_other(file):
    """One step each way: the docstring names the section, and that section names the file beside its equations.

    A resolver is named with its folder, a mechanism by the heading of its section or as a file.
    """
    docstring = importlib.import_module(file.removesuffix(".py").replace("/", ".")).__doc__ or ""
    numbers = pointers(docstring)
    assert numbers, f"the docstring of {file} names no section of docs/model.md"
    texts = [section(model_text(), number) for number in dict.fromkeys(numbers)]
    name = Path(file).stem
    if "/mechanisms/" in file:
        titled = re.compile(rf"^#+ 9\.\d+ (?:\w+, |\w+ and )*{name}\b")
        found = any(titled.match(text) or f"`{name}.py`" in text for text in texts)
    else:
        found = any(f"`{file}`" in text for text in texts)
    assert found, f"sections {numbers}, which {file} points to, do not name it"


def test_every_board_is_named_by_the_section_of_its_mechanism():
    """What a mechanism writes stands in a section that its docstring points to."""
    lost = []
    for part in NingdeModel(sim.load("baseline"), seed=1).month_list:
        docstring = sys.modules[type(part).__module__].__doc__ or ""
        text = "".join(section(model_text(), number) for number in dict.fromkeys(pointers(docstring)))
        lost += [f"{type(part).__name__}: {board}" for board in part.writes if f"`{board}`" not in text]
    assert not lost, f"docs/model.md lacks {lost}"


def test_every_identity_is_described():
    named = set(re.findall(r"^\| (I\d+) \|", section(model_text(), "10"), flags=re.MULTILINE))
    assert named == {*CHECKS, "I16", "I17"}  # these two belong to the opening and to the record


TEXTS = ("scenarios.md", "model.md", "architecture.md", "calibration.md", "validation.md", "table.md")


@pytest.mark.parametrize("name", [*TEXTS, "../README.md", "../CONTRIBUTING.md"])
def test_parameters_named_in_the_texts_exist(name):
    """`table.name`, with a star for any ending; files and results of a run (`run.output`) are something else."""
    text = (DOCS / name).read_text(encoding="utf-8")
    known = {group.table: group.model_fields for group in GROUPS}
    lost = []
    for table, parameter, star in re.findall(r"`(\w+)\.(\w*)(\*?)`", text):
        if table not in known or parameter in ("py", "csv") or (table == "run" and hasattr(Run, parameter)):
            continue
        if not any(field == parameter or (star and field.startswith(parameter)) for field in known[table]):
            lost.append(f"{table}.{parameter}{star}")
    assert not lost


def test_fitted_defaults_are_those_of_the_code():
    """The column "now" of docs/calibration.md."""
    text = (DOCS / "calibration.md").read_text(encoding="utf-8").split("## ")[0]
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| \S+ \| (\S+) \|", text, flags=re.MULTILINE)
    assert len(rows) >= 7
    scenario = sim.load("baseline")
    groups = {group.table: scenario[group] for group in GROUPS}
    assert [(table, name, float(now)) for table, name, now in rows] == [
        (table, name, getattr(groups[table], name)) for table, name, _ in rows
    ]


def test_figures_of_the_opening_are_those_of_the_run():
    """What docs/model.md says of the opening and the first month of the baseline with seed 1, to the digits printed."""
    text = re.sub(r"\s+", " ", model_text())
    model = NingdeModel(sim.load("baseline"), seed=1)
    state, world = model.state, model.world
    firms, industry = state.firms, world.agent | (np.arange(world.product_count) == world.product("ENER"))
    above = model.basis.totals.above_scale[:, industry].sum() / 1000
    jobs = (firms.jobs_intensity * firms.output).sum() * 12 / 1e6
    drawn = int((firms.alive & ~firms.block & ~firms.fringe).sum())
    rates = state.budgets.rates
    cell = 100 * rates.other[world.product("B_CELL")]
    other = 100 * np.delete(rates.other, [world.product(code) for code in ("B_CELL", "S_MELT", "S_PROD")])
    balance, anchor = entry_balance(state), state.technology.tax[~world.agent].max()
    builders = firms.jobs_intensity[firms.product == world.product("CONS")].max()
    model.step()
    flow = dict(zip(PAYMENTS, model.recorder.arrays["payments"][0] / 1000, strict=True))
    bought = flow["household purchases at home"] + flow["household purchases outside"]
    saved = model.recorder.arrays["income"][0].sum() / 1000 - (bought - flow["pensions and money sent home"])
    for words in (
        f"about {round(above, -1):.0f} bn above scale, {jobs:.1f} million jobs",
        f"About {round(drawn, -1)} firms with the defaults",
        f"gives {balance:.3f} with seed 1",
        f"(with the defaults {anchor:.3f} of sales instead of",
        f"local at the opening: {rates.local_other:.3f}.",
        f"for cells it is {cell:.1f} %, elsewhere {other.min():.1f} to {other.max():.1f} %",
        f"in the first month it is {flow['housing and public works']:.1f} bn yuan, more than the {saved:.2f} bn",
        f"construction takes {builders:.1f} jobs per M yuan a year",
        f"can do {Construction().builder_output * builders:.1f} times what it made last month",
    ):
        assert words in text


def test_pointers_are_found():
    text = "see section 9.5\n    and sections 3.1 and\n    9.12 (sections 8.1 to 8.3); # section\n# 10, open point 19"
    assert pointers(text) == ["9.5", "3.1", "9.12", "8.1", "8.3", "10", "19"]


def test_every_pointer_of_the_code_leads_to_a_section():
    known = headings(model_text())
    found = {path: pointers(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    assert sum(map(len, found.values())) > 40, "the pattern of pointers finds too little"
    lost = [(str(path.relative_to(ROOT)), n) for path, numbers in found.items() for n in numbers if n not in known]
    assert not lost, f"docs/model.md lacks {lost}"


def test_every_pointer_of_the_text_leads_to_a_section():
    known = headings(model_text())
    inside = re.findall(r"\((\d+\.\d+)\)", model_text()) + pointers(model_text())
    assert not [number for number in inside if number not in known]


def test_the_phase_table_is_the_month():
    rows = re.findall(r"^\| (\d+) ([A-Z]+) \| ([^|]*)\|", section(model_text(), "4"), flags=re.MULTILINE)
    written = {(int(number), name): set(re.findall(r"`(\w+)`", acting)) for number, name, acting in rows}
    model = NingdeModel(sim.load("baseline"), seed=1)
    month = {
        (int(phase), phase.name): {type(part).__name__ for part in model.month_list if part.phase == phase}
        for phase in Phase
    }
    assert written == month


@pytest.mark.parametrize("name", ["model.md", "architecture.md"])
def test_links_between_texts_lead_somewhere(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    assert links
    assert not [link for link in links if not (DOCS / link).exists()]


@pytest.mark.parametrize("name", ["model.md", "architecture.md"])
def test_files_named_in_the_texts_exist(name):
    named = re.findall(r"`((?:sim|scenarios|docs|tests)/[\w./]*)`", (DOCS / name).read_text(encoding="utf-8"))
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.slow
def test_the_bands_of_the_table_page_are_those_of_the_draws():
    page = (DOCS / "table.md").read_text(encoding="utf-8")
    assert page == script("table").page(page), "run python docs/table.py"
