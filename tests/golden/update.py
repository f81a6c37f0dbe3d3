"""Write the golden headline series anew: python tests/golden/update.py "why the results change".

It prints old, new and relative change of every series and refuses to run without a line in the changelog under
"Results change" that holds the given reason.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import sim
from sim.results import Run

FILE = Path(__file__).with_name("headline.json")
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
DIGITS = 9
SCENARIOS = ("baseline", "unplanned_promotion")
SEED = 1


def headline(run: Run) -> dict[str, list[float]]:
    """Headline series of a run by year: money in bn yuan to nine digits, counts as they are."""
    yearly = run.yearly
    chains = yearly["product"].isin(["B_CELL", "V_OEM", "S_MELT", "C_CATH"])
    money = {
        "above_scale_output": yearly["output_above_scale"].sum(("county", "product")) / 1000.0,
        "above_scale_output_nominal": yearly["output_above_scale_nominal"].sum(("county", "product")) / 1000.0,
        "value_added": yearly["value_added"].sum(("county", "product")) / 1000.0,
        "leaders_products": yearly["output"].isel(product=np.flatnonzero(chains)).sum(("county", "product")) / 1000.0,
        "mountain_output": yearly["output"].isel(county=slice(5, 10)).sum(("county", "product")) / 1000.0,
    }
    series = {name: [float(f"{value:.{DIGITS}g}") for value in values.values] for name, values in money.items()}
    firms = yearly["firms"].sum("product")
    for county in firms["county"].values:
        series[f"firms {county}"] = [int(value) for value in firms.sel(county=county).values]
    series["projects introduced"] = [int(value) for value in yearly["introduced"].sum("chain").values]
    return series


def main(reason: str) -> None:
    """Compare, print, write."""
    changes = CHANGELOG.read_text(encoding="utf-8")
    if "Results change" not in changes or reason not in changes:
        sys.exit(f'CHANGELOG.md has no line under "Results change" with: {reason}')
    old = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    new = {scenario: headline(sim.run(sim.load(scenario), SEED)) for scenario in SCENARIOS}
    for scenario, series in new.items():
        for name, values in series.items():
            before = old.get(scenario, {}).get(name, values)
            change = values[-1] / before[-1] - 1.0 if before[-1] else 0.0
            sys.stdout.write(f"{scenario:22} {name:28} {before[-1]:14.6g} {values[-1]:14.6g} {change:+.2e}\n")
    FILE.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
