"""The prefecture whose figures stand in the data files: its name, and what its opening has to give."""

from __future__ import annotations

from sim import data

FILE = "prefecture.csv"


def name() -> str:
    """Name in pinyin, as tables, figures and files of facts use it."""
    return _rows()["name"]["text"]


def chinese_name() -> str:
    """Short Chinese name."""
    return _rows()["name_zh"]["text"]


def province() -> str:
    """Name of the province in pinyin, the rest of which is the first outside region of the table."""
    return _rows()["province"]["text"]


def band(key: str) -> tuple[float, float] | None:
    """Least and greatest value that the opening may have; None where nothing is known.

    Args:
        key: ``chain_share_2013`` or ``above_scale_output_2013`` (bn yuan at 2018 prices).
    """
    row = _rows().get(key)
    return None if row is None else (float(row["low"]), float(row["high"]))


def _rows() -> dict[str, dict[str, str]]:
    """Rows by key."""
    return {row["key"]: row for row in data.rows(FILE)}
