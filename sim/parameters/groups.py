"""What a mechanism writes: a group of declared parameters, one table of the scenario file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_serializer, model_validator

from sim.parameters.declarations import Choice, Date, Declaration, Number, Row, Setting
from sim.parameters.figures import Figures, coefficients
from sim.parameters.levers import Lever, LeverRule
from sim.parameters.months import Month
from sim.parameters.own_values import own_declarations
from sim.parameters.pairs import PairsRule
from sim.parameters.schedules import ScheduleRule
from sim.parameters.shocks import ShockKind, ShocksRule
from sim.parameters.words import Place, RefusedError, show


def _field(declaration: Declaration) -> Any:
    """A pydantic field that carries its declaration; pydantic calls it when it makes a JSON schema."""
    return Field(default_factory=declaration.initial, json_schema_extra=declaration)


def parameter(
    default: float,
    *,
    unit: str,
    grade: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
    symbol: str = "",
    newest_fact: str = "",
    published: str = "",
) -> Any:
    """A number (field of type ``float``); the bounds belong to the range. The dates are those of `Declaration`."""
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    about |= {"newest_fact": newest_fact, "published": published}
    return _field(Number(default=default, low=low, high=high, **about))


def integer(
    default: int,
    *,
    unit: str,
    grade: str,
    source: str,
    low: int | None = None,
    high: int | None = None,
    symbol: str = "",
    newest_fact: str = "",
    published: str = "",
) -> Any:
    """A whole number (field of type ``int``)."""
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    about |= {"newest_fact": newest_fact, "published": published}
    return _field(Number(default=default, low=low, high=high, whole=True, **about))


def choice(
    default: str,
    *,
    options: tuple[str, ...],
    grade: str,
    source: str,
    unit: str = "choice",
    symbol: str = "",
    newest_fact: str = "",
    published: str = "",
) -> Any:
    """One word out of a few (field of type ``str``)."""
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    return _field(Choice(default=default, options=options, newest_fact=newest_fact, published=published, **about))


def month(
    default: str,
    *,
    low: str,
    high: str,
    grade: str,
    source: str,
    unit: str = "month",
    symbol: str = "",
    newest_fact: str = "",
    published: str = "",
) -> Any:
    """A calendar month (field of type ``Month``); all three months written as ``"2017-01"``."""
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    return _field(Date(default=default, low=low, high=high, newest_fact=newest_fact, published=published, **about))


def lever(
    default: Setting,
    *,
    unit: str,
    payer: str,
    grade: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
    options: tuple[str, ...] | None = None,
    scope: Literal["city", "county"] = "city",
    neutral: Setting | None = None,
    starts: str | None = None,
    symbol: str = "",
    newest_fact: str = "",
    published: str = "",
) -> Any:
    """A policy lever (field of type ``Lever``).

    Args:
        default: value where the scenario says nothing; one of the options for a lever of choices.
        unit: unit of measurement.
        payer: whose budget pays for it ("city level", "counties"), or who bears it where no budget does.
        grade: evidence grade.
        source: source of the default, or the word assumption.
        low: least value.
        high: greatest value.
        options: the words to choose from, instead of a range; the model sees their positions 0, 1, 2, ...
        scope: ``city`` for one value, ``county`` where a scenario may give a table by county.
        neutral: the value at which the policy is absent (may lie outside the range).
        starts: name of the sibling ``Month`` field; before that month the lever stands at ``neutral``.
        symbol: symbol in the model description.
        newest_fact: date of the newest fact of Ningde behind the default, as in `Declaration`.
        published: date of the newest source, as in `Declaration`.
    """
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    about |= {"newest_fact": newest_fact, "published": published}
    value: Number | Choice
    if options is not None:
        value = Choice(default=str(default), options=options, **about)
    else:
        value = Number(default=cast(float, default), low=low, high=high, **about)
    return _field(LeverRule(value=value, scope=scope, neutral=neutral, starts=starts, payer=payer, **about))


def schedule(
    neutral: float,
    *,
    unit: str,
    grade: str,
    source: str,
    low: float | None = None,
    high: float | None = None,
    symbol: str = "",
) -> Any:
    """Dated values by product (field of type ``Schedule``); products that a scenario does not name stay neutral."""
    about: dict[str, Any] = {"unit": unit, "grade": grade, "source": source, "symbol": symbol}
    return _field(ScheduleRule(value=Number(default=neutral, low=low, high=high, **about), **about))


def pairs(*, unit: str, grade: str, source: str, symbol: str = "", newest_fact: str = "", published: str = "") -> Any:
    """Pairs of a coastal and a mountain county (field of type ``Pairs``), by default those of sim/data/pairs.csv."""
    dates = {"newest_fact": newest_fact, "published": published}
    return _field(PairsRule(unit=unit, grade=grade, source=source, symbol=symbol, **dates))


def shock_list(
    kinds: tuple[ShockKind, ...], *, first: str, unit: str, grade: str, source: str, symbol: str = ""
) -> Any:
    """Dated shocks (field of type ``tuple[Shock, ...]``); none where a scenario names none.

    Args:
        kinds: the types that a row may have.
        first: first month in which a row may start.
        unit: what a row holds.
        grade: evidence grade.
        source: source, or the word assumption.
        symbol: symbol in the model description.
    """
    return _field(ShocksRule(kinds=kinds, first=first, unit=unit, grade=grade, source=source, symbol=symbol))


def entries(table: str) -> Any:
    """The figures of one table of sim/data/coefficients.csv (field of type ``Mapping[str, float]``), by dotted key.

    A scenario file writes them as nested tables and names only those it changes.
    """
    figures = coefficients()[table]
    units = ", ".join(dict.fromkeys(number.unit for _, number in figures))
    return _field(Figures(figures=figures, unit=units, grade="assumed", source="each figure has its own"))


class Parameters(BaseModel):
    """One table of a scenario file: a frozen group of declared values without unknown keys.

    Class attributes:
        table: name of the table in the scenario file.
        label: name in figures and lists; the table's name where it is empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    table: ClassVar[str]
    label: ClassVar[str] = ""

    def checks(self) -> Iterator[tuple[str | tuple[str, ...], str]]:
        """Faults between the fields of the group: pairs of a name and a sentence. Groups may override it.

        The name is that of a field, of one figure of a table of figures (``"split.V_BODY"``), or of a key in a row of a
        list (``"shocks.0.start"``). Where any of several
        fields may be the one to mend, all are named: the user is told of the one that his own file sets.
        """
        return iter(())

    def checks_of_run(self, last: Month) -> Iterator[tuple[str, str]]:
        """Faults against the months of the run, as in :meth:`checks`. Groups with dated events override it.

        Args:
            last: last month of the run.
        """
        del last
        return iter(())

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """A prefecture of the user brings defaults and ranges of its own."""
        about = {name: field.json_schema_extra for name, field in cls.model_fields.items()}
        changed = own_declarations(
            getattr(cls, "table", ""), {n: d for n, d in about.items() if isinstance(d, Declaration)}
        )
        for name, declaration in changed.items():
            field = cls.model_fields[name]
            field.default_factory, field.json_schema_extra = declaration.initial, declaration
        if changed:
            cls.model_rebuild(force=True)

    @field_validator("*", mode="plain")
    @classmethod
    def _read(cls, raw: Any, info: ValidationInfo) -> Any:
        """Each value is read by its declaration."""
        return declarations(cls)[str(info.field_name)].read(raw)

    @model_serializer(mode="plain")
    def _plain(self) -> dict[str, Any]:
        """``model_dump()`` gives plain TOML types, as a scenario file would hold them."""
        return {name: each.plain(getattr(self, name)) for name, each in declarations(type(self)).items()}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Tell the levers when they start; refuse what contradicts itself."""
        for name, declaration in declarations(type(self)).items():
            if isinstance(declaration, LeverRule) and declaration.starts is not None:
                bound = replace(getattr(self, name), since=getattr(self, declaration.starts))
                self.__dict__[name] = bound  # the model is frozen for everybody else
        faults: list[tuple[Place, str]] = []
        involved: list[tuple[Place, ...]] = []
        for names, sentence in self.checks():
            places = tuple(place_of(name) for name in ((names,) if isinstance(names, str) else names))
            faults.append((places[0], sentence))
            involved.append(places)
        if faults:
            raise RefusedError(faults, involved)
        return self


def place_of(name: str) -> Place:
    """The place inside a group that a dotted name means; a number is a position in a list."""
    return tuple(int(part) if part.isdigit() else part for part in name.split("."))


@cache
def declarations(group: type[Parameters]) -> Mapping[str, Declaration]:
    """The declarations of a group by field, in the order of the class.

    Raises:
        TypeError: a field was not written with one of the functions of this module, or a lever names a start that is
            not a month field of the group.
    """
    found: dict[str, Declaration] = {}
    for name, field in group.model_fields.items():
        if not isinstance(field.json_schema_extra, Declaration):
            raise TypeError(f"{group.__name__}.{name} is not declared by parameter(), lever(), month(), ...")
        found[name] = field.json_schema_extra
    for name, declaration in found.items():
        starts = declaration.starts if isinstance(declaration, LeverRule) else None
        if starts is not None and not isinstance(found.get(starts), Date):
            raise TypeError(f"{group.__name__}.{name} starts with '{starts}', which is not a month of the group")
    return found


def sum_to_one(group: Parameters, *names: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Faults of shares that must sum to 1, for use in `Parameters.checks`; they are checked, never normalised.

    Levers of the city are summed in every month in which one of them changes, from the start of the policy on.
    """
    values = [getattr(group, name) for name in names]
    levers = [value for value in values if isinstance(value, Lever)]
    starts = [lever.since for lever in levers if lever.since is not None]
    first = max(starts, default=Month(0))
    months = sorted({first} | {month for lever in levers for month in lever.changes() if month > first})
    for month_ in months if levers else (first,):
        total = sum(value.at(month_) if isinstance(value, Lever) else value for value in values)
        if not abs(total - 1.0) <= 1e-9:
            when = f" from {month_}" if levers and month_ > first else ""
            yield names, f"{' + '.join(names)} is {show(round(total, 9))}{when}; these shares must sum to 1"
            return


def describe(group: type[Parameters]) -> Iterator[Row]:
    """Everything a group declares, one row a value (one for each figure of a table of figures)."""
    for name, declaration in declarations(group).items():
        for row in declaration.rows(name):
            yield row._replace(table=group.table)
