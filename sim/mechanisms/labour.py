"""Labour: staffing of plants at the wages of the opening (part of section 9.11 of the model description).

    staff_i = jobs intensity_i x 12 x_i / A_i   (persons)

Wages by county stand at their opening values on the counties' board; commuting, wage movements and migration are a
mechanism of their own that does not exist yet. Staff is counted here and limits nothing.

Reads output and productivity. Writes nothing: the accounts and the record call it.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.parameters import Parameters, parameter
from sim.state import YEAR, Firms

Floats = NDArray[np.float64]


class Labour(Parameters):
    """Jobs per unit of output, wages at opening, participation."""

    table: ClassVar[str] = "labour"

    jobs_cell: float = parameter(
        16.0,
        symbol="j_cell",
        unit="jobs per 100 M yuan announced output",
        low=8,
        high=80,
        grade="derived",
        source=(
            "announced plans: Cheliwan 4,000-6,000 jobs for 50 bn; Fuding phase one 10,000 for 50 bn; "
            "whole company 24,000 people (LEG Thueringen, about 2019, https://invest-in-thuringia.de/news"
            "/catl-weltmarktfuehrer-in-einem-rasant-wachsenden-wirtschaftszweig) on 29.6 bn in 2018 "
            "(MarkLines, https://www.marklines.com/en/top500/cf/s500_551_hl2018) = 81"
        ),
    )
    jobs_hotroll: float = parameter(
        5.0,
        symbol="j_hr",
        unit="jobs per 100 M yuan",
        low=2,
        high=10,
        grade="derived",
        source="announced plan of a 3 Mt hot-rolling mill (2021): 2,000 jobs for 30-40 bn a year",
    )
    jobs_ssprod: float = parameter(
        50.0,
        symbol="j_ssp",
        unit="jobs per 100 M yuan",
        low=25,
        high=80,
        grade="derived",
        source="2019 plan of the Zhouning stainless park: 6,000 jobs for 10-12 bn a year",
    )
    wage_level: float = parameter(
        55000.0,
        symbol="w_0",
        unit="yuan per year 2018",
        low=45000,
        high=70000,
        grade="derived",
        source=(
            "Fujian urban non-private about 67,300 in 2017 (7,000 below the national 74,318; Xiamen "
            "Daily, 13 Jun 2018, http://epaper.xmnn.cn/syzk/20180613/201806/t20180613_5191150.htm) x "
            "82,413/74,318 (NBS, https://www.marketscreener.com/news/The-Average-Annual-Wage-of-Persons-E"
            "mployed-in-Urban-Non-private-Units-In-2019--30625731/) = 74,600; low end: manufacturing in "
            "Quanzhou 55,955 (Quanzhou Yearbook 2019, table 5-3)"
        ),
    )
    jobs_smelt: float = parameter(
        10.0,
        symbol="j_sm",
        unit="jobs per 100 M yuan",
        low=5,
        high=25,
        grade="calibrate",
        source="assumption",
    )
    jobs_materials: float = parameter(
        20.0,
        symbol="j_mat",
        unit="jobs per 100 M yuan",
        low=10,
        high=35,
        grade="assumed",
        source="assumption",
    )
    jobs_oem: float = parameter(
        12.0,
        symbol="j_oem",
        unit="jobs per 100 M yuan",
        low=6,
        high=20,
        grade="assumed",
        source="assumption",
    )
    jobs_parts: float = parameter(
        60.0,
        symbol="j_part",
        unit="jobs per 100 M yuan",
        low=30,
        high=90,
        grade="assumed",
        source="assumption",
    )
    jobs_copper: float = parameter(
        5.0,
        symbol="j_cop",
        unit="jobs per 100 M yuan",
        low=2,
        high=10,
        grade="assumed",
        source="assumption",
    )
    jobs_other: float = parameter(
        90.0,
        symbol="j_oth",
        unit="jobs per 100 M yuan at opening",
        low=70,
        high=130,
        grade="derived",
        source=(
            "NBS: revenue of 1.28 M yuan per person in above-scale industry, first half 2018 = 78 jobs "
            "per 100 M yuan (https://govt.chinadaily.com.cn/s/201808/01/WS5b7ac2d8498e67d6a60e33e8/indust"
            "rial-profits-increased-in-the-first-six-months-of-2018_2.html); legacy industry in 2013 set "
            "above it"
        ),
    )
    participation: float = parameter(
        0.84,
        symbol="p_work",
        unit="labour force / working-age residents",
        low=0.76,
        high=0.88,
        grade="assumed",
        source="assumption; Fuding jobs stay below 0.97 of its labour force",
    )
    jobs_energy: float = parameter(
        15.0,
        symbol="j_en",
        unit="jobs per 100 M yuan, 2018 prices",
        low=8,
        high=30,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_agri: float = parameter(
        1000.0,
        symbol="j_ag",
        unit="jobs per 100 M yuan, 2018 prices",
        low=700,
        high=1400,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_construction: float = parameter(
        280.0,
        symbol="j_con",
        unit="jobs per 100 M yuan, 2018 prices",
        low=180,
        high=400,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_transport_trade: float = parameter(
        600.0,
        symbol="j_tr",
        unit="jobs per 100 M yuan, 2018 prices",
        low=400,
        high=900,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_business: float = parameter(
        150.0,
        symbol="j_bus",
        unit="jobs per 100 M yuan, 2018 prices",
        low=80,
        high=250,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )
    jobs_public: float = parameter(
        550.0,
        symbol="j_pub",
        unit="jobs per 100 M yuan, 2018 prices",
        low=350,
        high=800,
        grade="assumed",
        source="assumption; with the others gives about 1.2 M jobs at opening",
    )


WAGE_BY_GROUP = (1.0, 0.95, 0.88)
"""Wage of core, coast and mountain counties over labour.wage_level; assumption (model description, section 8.2)."""


def staff(firms: Firms, output: Floats) -> Floats:
    """(F,) persons at work at a monthly output: own job intensity x annual output / productivity."""
    return np.asarray(firms.jobs_intensity * output * YEAR / firms.productivity * firms.alive)
