"""The model's own null versions: the full model without what it claims (model description, section 14).

If the model without links, without the choice of places, without firms that differ, without true gaps, or without any
firms forecasts as well, then that part of the model carries nothing. Each null version is built from the same scenario
and seed, has the same opening and meets the same luck (streams are named, see :mod:`sim.draws`); it leaves all
accounting identities in place and gives a :class:`sim.results.Run`, so that whatever is measured on a run can be
measured on it::

    run = NULLS["no_links"].build(sim.load("baseline"), seed=1).run()

Agents: :mod:`sim.experiment.nulls.behaviour`, :mod:`sim.experiment.nulls.representative`; tables:
:mod:`sim.experiment.nulls.tables`. Forecasts from the past of a series alone are rivals, no null versions
(:mod:`sim.experiment.rivals`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sim.experiment.nulls.base import ModelRun, Null, NullRun
from sim.experiment.nulls.behaviour import no_links, random_location, shuffled_gaps
from sim.experiment.nulls.representative import representative_firm
from sim.experiment.nulls.tables import fixed_coefficient_table, table_alone

ALL: tuple[Null, ...] = (
    Null(
        "fixed_coefficient_table",
        "N2",
        "from the last known month on, the table of that month times the final demand of the full model",
        "the input-output core moves with firms: suppliers that settle change coefficients and output",
        False,
        fixed_coefficient_table,
    ),
    Null(
        "representative_firm",
        "N3",
        "one firm a county and product, trading in a pool; entry expands it, exit shrinks it, both in expectation",
        "firms that differ in size, productivity, age and luck change what the region makes",
        True,
        representative_firm,
    ),
    Null(
        "random_location",
        "N4",
        "signed projects and plants that leaders plan go to any county with room; who comes at all stays",
        "neighbours, land prices, wages, services and zoning decide which county grows",
        True,
        random_location,
    ),
    Null(
        "shuffled_gaps",
        "N5",
        "what promotion knows about one product of the chains is what holds for another",
        "promotion that follows the gaps of the chains brings the suppliers that are missing",
        True,
        shuffled_gaps,
    ),
    Null(
        "no_links",
        "N7",
        "chain goods are bought from a pool by shares of capacity, at once",
        "who supplies whom matters: habit, cost, quality, distance, qualification and devoted capacity",
        True,
        no_links,
    ),
    Null(
        "table_alone",
        "N8",
        "the opening table times the final demand of the outside world; no firm enters or leaves",
        "agents are needed at all: markets and one table would do",
        False,
        table_alone,
    ),
)

NULLS: Mapping[str, Null] = {null.name: null for null in ALL}
"""All null versions by name, in the order of their numbers."""

__all__ = ["NULLS", "ModelRun", "Null", "NullRun"]
