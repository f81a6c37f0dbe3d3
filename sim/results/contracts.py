"""Enclave contracts of a run as a table: terms, what was promised and paid so far, and how each stands."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.mechanisms.demand import OPENING
from sim.state import ENDS, State

COLUMNS: dict[str, str] = {
    "signed": "month",
    "origin": "county that brought the project",
    "host": "county where it stands",
    "park": "park",
    "product": "product",
    "direction": "forward (to the mountains) or reverse",
    "tax_share_origin": "share of the local tax promised",
    "credit_share_origin": "share in the credited ledger",
    "capital_share_origin": "share of land development",
    "fixed_yield": "a year on the capital of the origin, 0 = share of tax",
    "quota_share": "mu of quota promised per mu used",
    "reserved_jobs": "share of posts offered first",
    "term_years": "years from production",
    "land_mu": "mu",
    "investment_m_yuan": "M yuan",
    "expected_host_m_yuan": "net present value to the host at signing, M yuan",
    "expected_origin_m_yuan": "net present value to the origin at signing, M yuan",
    "capital_origin_m_yuan": "paid by the origin for land, M yuan",
    "quota_ceded_mu": "mu of quota ceded so far",
    "promised_m_yuan": "tax promised to the origin so far, M yuan at 2018 prices",
    "paid_m_yuan": "of it paid, M yuan at 2018 prices",
    "production": "month in which the plant came into production, empty before",
    "end": "month in which the contract ended, empty while it runs",
    "status": "runs, project failed, plant closed or term over",
}
"""Columns of the table, with their meaning and unit."""


def contract_table(state: State) -> str:
    """CSV with one row a contract in the order of signing; numbers with every digit."""
    found, world = state.contracts, state.world

    def months(values: NDArray[np.int64]) -> list[str]:
        return [str(OPENING + value) if value >= 0 else "" for value in values.tolist()]

    names = pd.Index(world.county_names)
    frame = pd.DataFrame(
        {
            "signed": months(found.signed),
            "origin": names[found.origin],
            "host": names[found.host],
            "park": pd.Index(world.parks)[found.park],
            "product": pd.Index(world.products)[found.product],
            "direction": ["forward" if each else "reverse" for each in found.forward],
            "tax_share_origin": found.tax_share,
            "credit_share_origin": found.credit_share,
            "capital_share_origin": found.capital_share,
            "fixed_yield": found.fixed_yield,
            "quota_share": found.quota_share,
            "reserved_jobs": found.reserved_jobs,
            "term_years": found.term,
            "land_mu": found.land,
            "investment_m_yuan": found.investment,
            "expected_host_m_yuan": found.expected_host,
            "expected_origin_m_yuan": found.expected_origin,
            "capital_origin_m_yuan": found.capital,
            "quota_ceded_mu": found.quota_ceded,
            "promised_m_yuan": found.promised,
            "paid_m_yuan": found.paid,
            "production": months(found.produced),
            "end": months(found.ended),
            "status": [ENDS[each] for each in found.reason],
        }
    )
    return str(frame[list(COLUMNS)].to_csv(index=False, lineterminator="\n"))


def read_contracts(text: str) -> pd.DataFrame:
    """The table made by :func:`contract_table`; no rows for an empty text."""
    if not text:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    words = dict.fromkeys(("production", "end", "status", "signed"), str)
    return pd.read_csv(io.StringIO(text), dtype=words, keep_default_na=False)
