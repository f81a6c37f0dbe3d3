"""Taxes that firms owe, by product (part of section 9.17 of the model description).

    tax_i = tax per output of the product x nominal sales

The split by kind and level of government, budgets and debt are a mechanism of their own that does not exist yet;
taxes are counted in the accounts of firms and in the screen of tax per mu.
"""

from __future__ import annotations

from typing import ClassVar

from sim.parameters import Parameters, parameter


class Fiscal(Parameters):
    """All taxes of a plant per unit of output."""

    table: ClassVar[str] = "fiscal"

    tax_output_stainless: float = parameter(
        0.025,
        symbol="tau_SS",
        unit="all taxes / output",
        low=0.015,
        high=0.035,
        grade="calibrate",
        source="plan figures 0.030-0.033 (announced mill and park), lowered for ramp-up and rebates",
    )
    tax_output_cell: float = parameter(
        0.03,
        symbol="tau_B",
        unit="all taxes / output",
        low=0.02,
        high=0.05,
        grade="derived",
        source="Cheliwan plan 1.5 bn / 50 bn",
    )
    tax_output_other: float = parameter(
        0.035,
        symbol="tau_O",
        unit="all taxes / output",
        low=0.02,
        high=0.05,
        grade="calibrate",
        source="rescaled so that city revenue / GDP = fiscal.tax_gdp",
    )
