"""Levers whose mechanism this version does not have yet (model description, section 11).

They are declared here, with their dates, ranges and sources, so that a scenario file written today is checked in full
and stays valid when the mechanism comes: its file then takes over the group, and the group leaves this one. Until then
a value is read and stored with the scenario, but changes no result. `ningde levers` and `ningde check` say so.

Only levers and their dates stand here; a neutral value holds before the date (model description, section 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from sim.parameters import Lever, Month, Parameters, lever, month, sum_to_one

INERT = "declared, dated and checked, but without effect in this version"


class Talent(Parameters):
    """Talent plan: yearly budget and what it is spent on; nothing before the start."""

    table: ClassVar[str] = "talent"
    inert: ClassVar[str] = INERT

    budget: Lever = lever(
        150,
        symbol="E_H",
        unit="M yuan per year",
        low=0,
        high=1000,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; plan named in the article",
    )
    mix_cash: Lever = lever(
        0.4,
        symbol="e_H_cash",
        unit="share (four sum to 1)",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_housing: Lever = lever(
        0.25,
        symbol="e_H_housing",
        unit="share (four sum to 1)",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_schooling: Lever = lever(
        0.2,
        symbol="e_H_schooling",
        unit="share (four sum to 1)",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    mix_health: Lever = lever(
        0.15,
        symbol="e_H_health",
        unit="share (four sum to 1)",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-01",
        symbol="t_H",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption",
    )

    def checks(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """The four parts of the budget sum to 1."""
        yield from sum_to_one(self, "mix_cash", "mix_housing", "mix_schooling", "mix_health")


class Linkage(Parameters):
    """Mountain-sea linkage: leads passed on to the paired county, and transfers to it; none before the start."""

    table: ClassVar[str] = "linkage"
    inert: ClassVar[str] = INERT

    referral: Lever = lever(
        0.15,
        symbol="rho_ref",
        unit="share of eligible leads",
        low=0,
        high=0.5,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    transfer: Lever = lever(
        0.03,
        symbol="th_tr",
        unit="share of growth of coastal local revenue",
        low=0,
        high=0.1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-03",
        symbol="t_lnk",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="same date as the first enclave; earlier pairing was province-level",
    )


class LandCage(Parameters):
    """Land reform, emptying the cage for new birds: land of low yield is taken back; none before the start."""

    table: ClassVar[str] = "land_cage"
    inert: ClassVar[str] = INERT

    intensity: Lever = lever(
        0.05,
        symbol="i_LCB",
        unit="share of listed land per year",
        low=0,
        high=0.3,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; 0 before land_cage.start in the shipped baseline",
    )
    threshold_tax: Lever = lever(
        0.05,
        symbol="th_LCB",
        unit="M yuan tax per mu per year",
        low=0.02,
        high=0.12,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; a Zhangzhou case rose from 0.08 to 0.30",
    )
    compensation: Lever = lever(
        0.45,
        symbol="c_LCB",
        unit="M yuan per mu",
        low=0.2,
        high=1.0,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2019-01",
        symbol="t_cage",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="assumed",
        source="assumption: named in the article of December 2019",
    )


class Infrastructure(Parameters):
    """Roads and rails: travel minutes cut between counties."""

    table: ClassVar[str] = "infrastructure"
    inert: ClassVar[str] = INERT

    minutes_cut: Lever = lever(
        0,
        symbol="dmin",
        unit="share of travel minutes cut",
        low=0,
        high=0.3,
        neutral=0,
        grade="assumed",
        source="assumption",
    )
