"""How a parameter is declared, read and explained.

A mechanism declares its numbers once, in a class that stands for one table of the scenario file::

    class Service(Parameters):
        '''Service teams and permits.'''

        table: ClassVar[str] = "service"

        team_cost: float = parameter(12.0, unit="M yuan per team and year", low=5, high=25, ...)
        teams: Lever = lever(8, unit="headquarters teams", low=0, high=20, neutral=1, starts="start", ...)
        start: Month = month("2017-01", low="2014-01", high="2035-12", ...)

The same declaration serves validation, the list of levers, the JSON schema for editors, the documentation and the
bounds of calibration. Nothing here knows a mechanism by name.
"""

from sim.parameters.declarations import Declaration, Row, Setting
from sim.parameters.figures import Entries, Figures
from sim.parameters.groups import (
    Parameters,
    choice,
    declarations,
    describe,
    entries,
    integer,
    lever,
    month,
    pairs,
    parameter,
    place_of,
    schedule,
    shock_list,
    sum_to_one,
)
from sim.parameters.levers import Floats, Lever, LeverRule
from sim.parameters.months import Month, last_month
from sim.parameters.own_values import check_tables
from sim.parameters.pairs import Pairs
from sim.parameters.places import counties, county_codes
from sim.parameters.schedules import Schedule
from sim.parameters.shocks import Shock, ShockKind
from sim.parameters.words import Place, RefusedError, plain_text, printable, show, suggestion, unknown

__all__ = [
    "Declaration",
    "Entries",
    "Figures",
    "Floats",
    "Lever",
    "LeverRule",
    "Month",
    "Pairs",
    "Parameters",
    "Place",
    "RefusedError",
    "Row",
    "Schedule",
    "Setting",
    "Shock",
    "ShockKind",
    "check_tables",
    "choice",
    "counties",
    "county_codes",
    "declarations",
    "describe",
    "entries",
    "integer",
    "last_month",
    "lever",
    "month",
    "pairs",
    "parameter",
    "place_of",
    "plain_text",
    "printable",
    "schedule",
    "shock_list",
    "show",
    "suggestion",
    "sum_to_one",
    "unknown",
]
