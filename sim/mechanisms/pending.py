"""Levers whose mechanism this version does not have yet (model description, section 11).

They are declared here, with their dates, ranges and sources, so that a scenario file written today is checked in full
and stays valid when the mechanism comes: its file then takes over the group, and the group leaves this one. Until then
a value is read and stored with the scenario, but changes no result. `ningde levers` and `ningde check` say so.

Only levers and their dates stand here; a neutral value holds before the date (model description, section 4).
"""

from __future__ import annotations

from typing import ClassVar

from sim.parameters import Lever, Month, Parameters, lever, month

INERT = "declared, dated and checked, but without effect in this version"


class Enclave(Parameters):
    """Enclaves: one county builds a park in another and shares what it yields; none before the start."""

    table: ClassVar[str] = "enclave"
    inert: ClassVar[str] = INERT

    direction: Lever = lever(
        "both",
        options=("none", "forward", "reverse", "both"),
        symbol="dir",
        unit="direction of contracts",
        payer="origin and host counties",
        neutral="none",
        starts="start",
        grade="sourced",
        source="forward case documented: Dongqiao-Gutian, 17 Mar 2017 (Ningde net)",
    )
    tax_share_origin: Lever = lever(
        0.5,
        symbol="tau_o",
        unit="share of local-retained tax",
        payer="origin and host counties",
        low=0,
        high=0.8,
        neutral=0,
        starts="start",
        grade="sourced",
        source=("equal split reported as practice (National Business Daily, 22 Feb 2022); Fuzhou 2001 rule 7:3"),
    )
    credit_share_origin: Lever = lever(
        0.5,
        symbol="chi_o",
        unit="share in the credited ledger",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="Fuzhou rule credited the introducer fully; official statistics are in place",
    )
    enforcement: Lever = lever(
        0.7,
        symbol="enf",
        unit="share of promise paid",
        payer="origin and host counties",
        low=0.3,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    capital_share_origin: Lever = lever(
        0.3,
        symbol="kap_o",
        unit="share of park cost",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    fixed_yield: Lever = lever(
        0,
        symbol="y_enc",
        unit="per year on origin capital (0 = tax-share form)",
        payer="origin and host counties",
        low=0,
        high=0.1,
        neutral=0,
        starts="start",
        grade="sourced",
        source="alternative form, 10% in Qingtian-Pinghu (Xinhua)",
    )
    quota_ceded: Lever = lever(
        0.5,
        symbol="q_o",
        unit="mu ceded per mu used",
        payer="origin and host counties",
        low=0,
        high=1,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption; direction Qingtian-Pinghu",
    )
    term: Lever = lever(
        10,
        symbol="T_e",
        unit="years",
        payer="origin and host counties",
        low=5,
        high=20,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    reserved_jobs: Lever = lever(
        0.2,
        symbol="rho_res",
        unit="share of hires",
        payer="origin and host counties",
        low=0,
        high=0.5,
        neutral=0,
        starts="start",
        grade="assumed",
        source="assumption",
    )
    start: Month = month(
        "2017-03",
        symbol="t_enc",
        unit="month",
        low="2014-01",
        high="2035-12",
        grade="sourced",
        source="date of the first agreement",
    )
