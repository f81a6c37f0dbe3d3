"""Bad scenario files: one clear line for each fault, whatever the file; a thousand damaged files, none escapes."""

from __future__ import annotations

import random
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest

from sim.model import GROUPS
from sim.parameters import Lever, Month, Parameters, choice, integer, lever, month, parameter
from sim.scenario import Fault, Scenario, ScenarioError, parse, read
from sim.settings import InputOutput, Run

FOLDER = Path(__file__).parents[1] / "scenarios"
ABOUT: dict[str, Any] = {"grade": "assumed", "source": "assumption"}


class Enclave(Parameters):
    """A group of its own, so that the sentences below do not move with the model."""

    table: ClassVar[str] = "enclave"

    tax_share_origin: Lever = lever(
        0.5, unit="share of local tax", low=0, high=0.8, neutral=0, starts="start", payer="city level", **ABOUT
    )
    share: Lever = lever(0.5, unit="share", low=0, high=1, scope="county", payer="city level", **ABOUT)
    direction: Lever = lever("both", unit="direction", options=("none", "both"), payer="city level", **ABOUT)
    credit: float = parameter(0.2, unit="share", low=0, high=1, **ABOUT)
    contracts: int = integer(3, unit="contracts", low=1, high=9, **ABOUT)
    form: str = choice("tax", options=("tax", "yield"), **ABOUT)
    start: Month = month("2017-03", low="2014-01", high="2035-12", **ABOUT)


SMALL = (Run, InputOutput, Enclave)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes scenarios/NAME.toml in a folder of its own, where the test then works."""
    monkeypatch.chdir(tmp_path)
    Path("scenarios").mkdir()

    def write(content: str | bytes, name: str = "x") -> Path:
        path = Path("scenarios") / f"{name}.toml"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def faults(path: Path | str, groups: tuple[type[Parameters], ...] = SMALL) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(path, groups)
    return str(caught.value).split("\n")


# --- the file itself


def test_a_file_that_cannot_be_read_is_told_in_one_line(file: Callable[..., Path]) -> None:
    file("", "baseline")
    assert faults("scenarios/basline.toml") == [
        "scenarios/basline.toml: there is no such file (did you mean 'baseline.toml'?)"
    ]
    assert faults("nowhere/x.toml") == ["nowhere/x.toml: there is no such file"]
    assert faults("scenarios/baseline.toml/x.toml") == ["scenarios/baseline.toml/x.toml: there is no such file"]
    assert faults("scenarios") == ["scenarios: this is a folder, not a scenario file"]
    assert faults("/dev/zero") == ["/dev/zero: this is not a regular file"]
    assert faults(f"{'x' * 300}.toml")[0].endswith(".toml: the file cannot be read: File name too long")
    assert faults("x\0y.toml")[0].startswith("x\\u0000y.toml: ")
    Path("loop.toml").symlink_to("loop.toml")
    assert faults("loop.toml") == ["loop.toml: the file cannot be read: Too many levels of symbolic links"]


def test_a_file_without_permission_is_told(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = file("")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert faults(path) == ["scenarios/x.toml: the file cannot be read: Permission denied"]


def test_what_is_not_utf_8_is_told_with_its_line(file: Callable[..., Path]) -> None:
    assert faults(file(b"[run]\nseed = 1 # \xff\n")) == [
        "scenarios/x.toml:2: byte 0xff is not UTF-8: save the file as UTF-8"
    ]
    assert faults(file("[run]".encode("utf-16")))[0].startswith("scenarios/x.toml:1: byte 0xff is not UTF-8")


def test_size_lines_and_depth_are_limited_before_parsing(file: Callable[..., Path]) -> None:
    assert faults(file("#" * 99 + "\n" * 300_000)) == ["scenarios/x.toml: the file is larger than 256 KiB"]
    assert faults(file("\n#" + "x" * 2000)) == ["scenarios/x.toml:2: a line of 2001 characters is longer than 2000"]
    deep = "scenarios/x.toml:2: nested deeper than 8"
    assert faults(file(f"\nx = {'[' * 1000}")) == [deep]
    assert faults(file(f"\nx = {'[' * 9}{']' * 9}")) == [deep]
    assert faults(file(f"\n{'a.' * 9}b = 1")) == [deep]
    assert faults(file(f"\n[{'a . ' * 9}b]")) == [deep]
    assert faults(file("\nx = " + "{a = " * 9 + "1" + "}" * 9)) == [deep]
    assert faults(file("x = [[[[[[[[1]]]]]]]]")) == ["scenarios/x.toml:1: unknown key 'x'"]
    assert read(file("title = '[[[[[[[[[[ a.b.c.d.e.f.g.h.i.j' # [[[[[[[[["), SMALL).title.startswith("[[[[")
    assert read(file('question = """\n[[[[[[\n[[[[[[ \\""" [[[[[["""\n'), SMALL).question.startswith("[[[[")


def test_files_that_take_long_to_parse_are_refused_at_once(file: Callable[..., Path]) -> None:
    key = ".".join(["a"] * 900)
    lines = "\n".join(f"{key}.b{number} = 1" for number in range(130))
    started = time.perf_counter()
    assert faults(file(lines)) == ["scenarios/x.toml:1: nested deeper than 8"]
    unknown = "\n".join(f"k{number} = 1" for number in range(20_000))
    assert len(faults(file(f"[enclave]\n{unknown}"))) == 201
    assert faults(file("enclave.share = {" + ", ".join(f"c{number} = 1" for number in range(150)) + "}")) == [
        "scenarios/x.toml:1: enclave.share: a table of 150 names, but there are 10 counties"
    ]
    assert time.perf_counter() - started < 30.0  # by the long way it takes hours


def test_broken_toml_is_told_with_its_line(file: Callable[..., Path]) -> None:
    assert faults(file("[run]\nseed == 1\n")) == ["scenarios/x.toml:2: not valid TOML: invalid value (column 7)"]
    assert faults(file("[run]\nseed = 1\n[run]\n")) == [
        "scenarios/x.toml:3: not valid TOML: cannot declare run twice (column 5)"
    ]
    assert faults(file("[run]\nseed = ")) == ["scenarios/x.toml:2: not valid TOML: invalid value (end of the file)"]
    assert faults(file("title = 'a\0'"))[0].startswith("scenarios/x.toml:1: not valid TOML: ")
    assert faults(file("[run]\nseed = 0x" + "f" * 1990))[0].startswith("scenarios/x.toml:2: run.seed: ")
    assert faults(file("[run]\nseed = 1" + "0" * 1980))[0].endswith("(root seed of all random streams)")
    assert faults(file("\ufeff\ufeff[run]"))[0].startswith("scenarios/x.toml:1: not valid TOML: ")
    assert faults(file("[run]\nstart = 2017-02-30"))[0].startswith("scenarios/x.toml:2: not valid TOML: ")


def test_a_number_that_python_refuses_to_read_is_told(file: Callable[..., Path]) -> None:
    allowed = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        (line,) = faults(file("[run]\nseed = 1" + "0" * 1980))
    finally:
        sys.set_int_max_str_digits(allowed)
    assert line.startswith("scenarios/x.toml: not valid TOML: Exceeds the limit (640 digits)")


@pytest.mark.parametrize("name", ["Baseline", "a b", "nul", "com1", "x" * 65, "ä", "x.y"])
def test_a_file_has_a_proper_name(file: Callable[..., Path], name: str) -> None:
    assert faults(file("", name)) == [
        f"scenarios/{name}.toml: a scenario file is named with 1 to 64 of a-z 0-9 _ - and ends in .toml"
    ]


def test_a_text_has_a_proper_name() -> None:
    with pytest.raises(ScenarioError, match=r'"\.\./x" is not a name'):
        parse("", SMALL, name="../x")
    with pytest.raises(ScenarioError, match=r"x:1: extends: a text that stands in no folder"):
        parse('extends = "baseline"', SMALL, name="x")


# --- the content


def test_all_faults_of_a_file_are_told_at_once_by_line(file: Callable[..., Path]) -> None:
    text = """title = 3
colour = "red"
[enclav]
share = 0.2
[enclave]
shair = 0.2
tax_share_origin = 1.4
credit = "much"
contracts = 2.5
form = "yeild"
start = "2013-01"
[enclave.share]
FA = 0.1
Fuann = 0.2
FD = [
    { from = "2020-01", value = 0.3 },
    { from = "2019-01", value = 0.4 },
    { from = "2021-01", value = 2 },
]
[run]
seed = true
[io.bom.B_CELL]
B_CATH = 0.9
B_CAHT = 0.2
"""
    assert faults(file(text)) == [
        "scenarios/x.toml:1: title: 3 is not a text",
        "scenarios/x.toml:2: unknown key 'colour'",
        "scenarios/x.toml:3: unknown table 'enclav' (did you mean 'enclave'?)",
        "scenarios/x.toml:6: enclave.shair: unknown key (did you mean 'share'?)",
        "scenarios/x.toml:7: enclave.tax_share_origin: 1.4 is above 0.8 (share of local tax)",
        'scenarios/x.toml:8: enclave.credit: "much" is not a number (share)',
        "scenarios/x.toml:9: enclave.contracts: 2.5 is not a whole number (contracts)",
        "scenarios/x.toml:10: enclave.form: \"yeild\" is not one of tax, yield (did you mean 'yield'?)",
        'scenarios/x.toml:11: enclave.start: "2013-01" is before 2014-01 (month)',
        "scenarios/x.toml:14: enclave.share.Fuann: unknown county (did you mean 'Fuan'?)",
        'scenarios/x.toml:17: enclave.share.FD[2].from: "2019-01" does not come after "2020-01": dates must ascend',
        "scenarios/x.toml:18: enclave.share.FD[3].value: 2 is above 1 (share)",
        "scenarios/x.toml:21: run.seed: true is not a whole number (root seed of all random streams)",
        "scenarios/x.toml:23: io.bom.B_CELL.B_CATH: 0.9 is above 0.32 (input / output, 2018 prices, home plants)",
        "scenarios/x.toml:24: io.bom.B_CELL.B_CAHT: unknown key (did you mean 'B_CATH'?)",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[enclave]\ncredit = nan", ":2: enclave.credit: nan is not a finite number (share)"),
        ("[enclave]\ncredit = -inf", ":2: enclave.credit: -inf is not a finite number (share)"),
        ("[enclave]\ncredit = 1e400", ":2: enclave.credit: inf is not a finite number (share)"),
        ("[enclave]\ncredit = true", ":2: enclave.credit: true is not a number (share)"),
        (
            "[enclave]\ncredit = 99999999999999999999999999",
            ":2: enclave.credit: 99999999999999999999999999 is above 1 (share)",
        ),
        ("[enclave]\ncredit = 2017-01-01", ":2: enclave.credit: 2017-01-01 is not a number (share)"),
        ("[enclave]\ncredit = []", ":2: enclave.credit: a list is not a number (share)"),
        ("[enclave]\ncredit = {}", ":2: enclave.credit: a table is not a number (share)"),
        (
            "[enclave]\nstart = 2017-01-01",
            ':2: enclave.start: 2017-01-01 is not a month such as "2017-01" (with quotation marks)',
        ),
        ("[run]\nend = '2015-06'\nstart = '2016-01'", ':2: run.end: "2015-06" is not after run.start = "2016-01"'),
        ("[run]\nknown_until = '2014-11'", ':2: run.known_until: "2014-11" is before 2014-12 (month)'),
        ("[run]\nknown_until = '2022-01'", ':2: run.known_until: "2022-01" is after 2021-12 (month)'),
        ("[run]\nseed = -1", ":2: run.seed: -1 is below 0 (root seed of all random streams)"),
        ("[run]\nstrat = 1", ":2: run.strat: unknown key (did you mean 'start'?)"),
        ("run = 3", ":1: run: 3 is not a table: write [run] on a line of its own"),
        ("[[run]]\nseed = 1", ":1: run: a list is not a table: write [run] on a line of its own"),
        ("[Title]", ":1: unknown table 'Title'"),
        ("titel = 'x'", ":1: unknown key 'titel' (did you mean 'title'?)"),
        (f"title = '{'x' * 201}'", ":1: title: 201 characters are more than 200"),
        (
            "[enclave.tax_share_origin]\nFA = 0.3",
            (
                ":1: enclave.tax_share_origin: a table by county, but this lever holds for the whole city: "
                "give one value or a dated list"
            ),
        ),
        ("[enclave]\nshare = {FA = 0.1, Fuan = 0.2}", ":2: enclave.share.Fuan: county FA is named twice"),
        ("enclave.share.default = 7", ":1: enclave.share.default: 7 is above 1 (share)"),
        ("enclave.'share'.\"FA\" = 7", ":1: enclave.share.FA: 7 is above 1 (share)"),
        ('enclave = {credit = 0.1, "sh\\u0061re" = 7}', ":1: enclave.share: 7 is above 1 (share)"),
        (
            "[[enclave.share]]\nfrom = '2020-01'\nvalue = 0\n[[enclave.share]]\nfrom = '2021-01'\nvalue = 3",
            ":6: enclave.share[2].value: 3 is above 1 (share)",
        ),
        (
            "[enclave]\nshare = [\n  0.1,\n]",
            ':3: enclave.share[1]: 0.1 is not a dated value such as { from = "2020-01", value = ... }',
        ),
        (
            "[enclave]\nshare = [\n # a remark\n {from = '2020-01'},\n]",
            ":4: enclave.share[1]: a dated value needs 'value'",
        ),
        ("[enclave]\ndirection = 'forward'", ':2: enclave.direction: "forward" is not one of none, both'),
        ('[enclave]\n"cre\\u202edit" = 1', ":2: enclave.cre\\u202edit: unknown key (did you mean 'credit'?)"),
        ('[enclave]\nform = "\\u001b[31m"', ':2: enclave.form: "\\u001b[31m" is not one of tax, yield'),
        ("[io]\nbom = 3", ":2: io.bom: 3 is not a table of figures"),
        ("[io.bom]\nB_CELL = 3", ":2: io.bom.B_CELL: 3 is not a table of figures"),
        (
            "[io.bom.B_CELL.B_CATH]\nx = 3",
            ":1: io.bom.B_CELL.B_CATH: a table is not a number (input / output, 2018 prices, home plants)",
        ),
    ],
)
def test_every_fault_has_its_line_its_key_and_its_remedy(file: Callable[..., Path], text: str, fault: str) -> None:
    assert faults(file(text)) == [f"scenarios/x.toml{fault}"]


# --- extends


def test_faults_of_a_parent_are_told_with_its_own_lines(file: Callable[..., Path]) -> None:
    file("[enclave]\ncredit = 7\nshare = 0.2\n", "base")
    child = file('extends = "base"\n[enclave]\nshair = 1\n[run]\nseed = -1\n')
    assert faults(child) == [
        "scenarios/x.toml:3: enclave.shair: unknown key (did you mean 'share'?)",
        "scenarios/x.toml:5: run.seed: -1 is below 0 (root seed of all random streams)",
        "scenarios/base.toml:2: enclave.credit: 7 is above 1 (share)",
    ]
    assert read(file('extends = "base"\nenclave.credit = 0.3', "y"), SMALL)[Enclave].credit == 0.3


def test_a_broken_parent_does_not_hide_the_faults_of_the_child(file: Callable[..., Path]) -> None:
    file("[enclave\n", "base")
    assert faults(file('extends = "base"\n[enclave]\ncredit = 7\n')) == [
        "scenarios/x.toml:3: enclave.credit: 7 is above 1 (share)",
        "scenarios/base.toml:1: not valid TOML: expected ']' at the end of a table declaration (column 9)",
    ]
    assert faults(file('extends = "bse"\n[enclave]\ncredit = 7\n')) == [
        "scenarios/x.toml:1: extends: scenarios/bse.toml: there is no such file (did you mean 'base.toml'?)",
        "scenarios/x.toml:3: enclave.credit: 7 is above 1 (share)",
    ]


def test_faults_between_settings_are_told_where_they_stand(file: Callable[..., Path]) -> None:
    file("[run]\nend = '2015-01'\n", "base")
    assert faults(file('extends = "base"\n[run]\nstart = "2016-01"\n')) == [
        'scenarios/base.toml:2: run.end: "2015-01" is not after run.start = "2016-01"'
    ]


def test_faults_between_settings_wait_for_the_whole_chain(file: Callable[..., Path]) -> None:
    file("[run]\nstart = '2014-01'\nend = ", "base")
    (line,) = faults(file('extends = "base"\n[run]\nstart = "2019-12"\nend = "2019-11"\n'))
    assert line.startswith("scenarios/base.toml:3: not valid TOML")


def test_circles_are_named(file: Callable[..., Path]) -> None:
    assert faults(file('extends = "x"')) == ["scenarios/x.toml:1: extends: the scenario extends itself"]
    file('extends = "b"', "a")
    file('\nextends = "c"', "b")
    file('extends = "a"', "c")
    assert faults("scenarios/a.toml") == ["scenarios/c.toml:1: extends: a circle: a -> b -> c -> a"]
    assert faults(file('extends = "b"')) == ["scenarios/a.toml:1: extends: a circle: b -> c -> a -> b"]


@pytest.mark.parametrize(
    "name", ['"../x"', '"/etc/passwd"', '"a/b"', '"base.toml"', '"Base"', '""', "3", "['base']", '"nul"', '"a\\u0000"']
)
def test_only_a_name_can_be_extended(file: Callable[..., Path], name: str) -> None:
    file("", "base")
    (line,) = faults(file(f"\nextends = {name}"))
    assert line.startswith("scenarios/x.toml:2: extends: ")
    assert line.endswith("is not the name of a scenario in this folder (1 to 64 of a-z 0-9 _ -, without .toml)")


def test_a_link_out_of_the_folder_is_refused(file: Callable[..., Path]) -> None:
    Path("secret.toml").write_text("[run]\nseed = 3\n")
    Path("scenarios/base.toml").symlink_to("../secret.toml")
    assert faults(file('extends = "base"')) == ['scenarios/x.toml:1: extends: "base" is a link out of the folder']
    Path("scenarios/loop.toml").symlink_to("loop.toml")
    assert len(faults(file('extends = "loop"'))) == 1


def test_more_than_five_deep_is_refused(file: Callable[..., Path]) -> None:
    file("", "s0")
    for number in range(1, 7):
        file(f'extends = "s{number - 1}"', f"s{number}")
    assert faults("scenarios/s6.toml") == [
        "scenarios/s1.toml:1: extends: more than 5 scenarios deep: s6 -> s5 -> s4 -> s3 -> s2 -> s1 -> s0"
    ]


def test_an_error_carries_its_faults(file: Callable[..., Path]) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(file("[enclave]\ncredit = 7\n"), SMALL)
    assert caught.value.faults == (Fault("scenarios/x.toml", 2, "enclave.credit", "7 is above 1 (share)"),)


# --- a thousand damaged files

VALUES = (
    *("nan", "inf", "-inf", "1e400", "-0.0", "0", "1", "-1", "1.5", "10000000000000000000000000", "true", "false"),
    *(
        '"1"',
        '""',
        '"2020-01"',
        '"2020-13"',
        '"both"',
        "'宁德'",
        '"\\u202e\\u0000"',
        "2020-01-01",
        "12:30:00",
        "[]",
        "{}",
    ),
    *(
        "[1, 2]",
        "[[[[1]]]]",
        "{FA = 1}",
        "{Fuan = 0.1, default = 0.2}",
        "{Xanadu = 1}",
        '{from = "2020-01", value = 1}',
    ),
    *('[{from = "2020-01", value = 0.1}]', '[{from = "2021-01", value = 1}, {from = "2020-01", value = nan}]'),
    *(
        '[{from = "2020-01"}]',
        "[{FA = {FD = {GT = 1}}}]",
        "0x" + "f" * 500,
        "9" * 1500,
        "[" * 50,
        '"' + "x" * 1990 + '"',
    ),
)
KEYS = ("share", "bugdet", '"FA"', "a.b.c", "'from'", "default", "x" * 100, "extends", "title", "start", '"\\u202e"')
HEADS = (
    "[run]",
    "[promotion]",
    "[nowhere]",
    "[[zoning]]",
    "[io.bom.B_CELL]",
    "[io.bom]",
    "[land.discount]",
    "[a.b.c.d]",
)
PARENTS = ('"baseline"', '"wide_land"', '"x"', '"../x"', '"nowhere"', "3", '"outside"', '""')


def damaged_bytes(text: str, luck: random.Random) -> bytes:
    """Bytes flipped, cut out, put in, doubled; the file cut off."""
    data = bytearray(text.encode())
    for _ in range(luck.choice((1, 1, 1, 5, 50))):
        at = luck.randrange(len(data) + 1)
        how = luck.randrange(5)
        if how == 0 and at < len(data):
            data[at] ^= 1 << luck.randrange(8)
        elif how == 1:
            del data[at : at + luck.randrange(1, 30)]
        elif how == 2:
            data[at:at] = luck.randbytes(luck.randrange(1, 4))
        elif how == 3:
            data[at:at] = data[at : at + luck.randrange(1, 200)]
        else:
            data[at:at] = luck.choice((b"[", b"]", b"{", b'"', b"=", b"\n", b".", b"\r", b"\xef\xbb\xbf", b"#"))
    return bytes(data[: luck.randrange(len(data) + 1)] if luck.random() < 0.05 else data)


def damaged_lines(text: str, luck: random.Random) -> bytes:
    """Values swapped, keys renamed, tables moved, lines doubled and lost: mostly still TOML."""
    lines = text.split("\n")
    settings = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    for _ in range(luck.choice((1, 1, 2, 4))):
        at, other = luck.choice(settings), luck.choice(settings)
        key, _, value = lines[at].partition(" = ")
        how = luck.randrange(8)
        if how <= 2:
            lines[at] = f"{key} = {luck.choice(VALUES)}"
        elif how == 3:
            lines[at] = f"{luck.choice(KEYS)} = {value}"
        elif how == 4:
            lines[at] = f"{key} = {lines[other].partition(' = ')[2]}"
        elif how == 5:
            lines[at:at] = [luck.choice(HEADS)]
            settings = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]
        elif how == 6:
            lines[0:0] = [f"extends = {luck.choice(PARENTS)}"]
            settings = [number + 1 for number in settings]
        else:
            lines[at] = f"{key[:-1]} = {value}"
    return "\n".join(lines).encode()


def mutants(count: int, seed: int) -> Iterator[bytes]:
    """Damaged copies of the shipped scenarios; the same in every run."""
    luck = random.Random(seed)
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))]
    for number in range(count):
        text = luck.choice(texts)
        yield damaged_lines(text, luck) if number % 2 else damaged_bytes(text, luck)


def is_toml(data: bytes) -> bool:
    with suppress(ValueError, RecursionError):
        tomllib.loads(data.decode("utf-8-sig"))
        return True
    return False


@pytest.mark.slow
def test_a_thousand_damaged_files_are_read_or_refused(file: Callable[..., Path]) -> None:
    for path in FOLDER.glob("*.toml"):
        file(path.read_bytes(), path.stem)
    Path("scenarios/outside.toml").symlink_to("/etc/hostname")
    counts = {"toml": 0, "accepted": 0, "validated": 0}
    for data in mutants(1000, seed=2019):
        path = file(data)
        started = time.perf_counter()
        try:
            scenario: Scenario | None = read(path, GROUPS)
        except ScenarioError as error:
            scenario = None
            text = str(error)
            lines = text.split("\n")
            assert lines
            assert all(re.match(r"scenarios/\w+\.toml(:\d+)?: .", line) for line in lines), text
            assert all(character.isprintable() for line in lines for character in line), text
            counts["validated"] += is_toml(data) and any(
                fault.key or "unknown" in fault.sentence for fault in error.faults
            )
        assert time.perf_counter() - started < 1.0
        counts["toml"] += is_toml(data)
        counts["accepted"] += scenario is not None
    assert counts["validated"] + counts["accepted"] >= 200, counts
    assert counts["validated"] >= 150, counts
    assert counts["accepted"] >= 20, counts
