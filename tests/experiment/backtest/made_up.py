"""Facts and members that cost nothing: a region that grows by a tenth a year."""

import numpy as np

from sim.experiment.backtest.plan import plan_of
from sim.experiment.backtest.runs import Job
from sim.experiment.backtest.scoring import Forecaster
from sim.experiment.observables import OBSERVABLES
from sim.experiment.observations import Observation, Observations
from sim.experiment.periods import Period
from sim.parameters import Month

ORIGIN = Month("2018-12")


def fact(variable, period, value, published, region="Ningde", line=2, confidence="A"):
    unit = OBSERVABLES[variable].unit
    when = Period.read(str(period))
    month = Month(published)
    return Observation(
        region, variable, when, value, value, value, unit, month, "made up", "sourced", confidence, "", "own.csv", line
    )


def facts(*rows):
    return Observations(tuple(rows))


def region():
    """Eight known years of GDP, growth, and the same for three years to come; counties and chains to come."""
    rows = [fact("gdp_nominal", year, 100 * 1.1 ** (year - 2010), f"{year + 1}-03") for year in range(2010, 2022)]
    rows += [fact("gdp_growth", year, 0.05 + 0.01 * (year % 3), f"{year + 1}-03") for year in range(2012, 2022)]
    for place, size in (("Fuan", 30.0), ("Fuding", 20.0), ("Xiapu", 10.0)):
        rows += [fact("gdp_nominal", year, size + year - 2014, f"{year + 1}-03", place) for year in range(2014, 2022)]
    for chain, size in (("BAT", 40.0), ("NEV", 5.0), ("SST", 90.0)):
        rows += [fact(f"output_nominal.{chain}", year, size, f"{year + 1}-03") for year in (2019, 2020, 2021)]
    rows.append(fact("projects_introduced.BAT", "2021-11", 80.0, "2021-12"))
    rows.append(fact("output_growth_nominal.BAT", 2020, 0.0, "2021-03"))
    return facts(*(row for row in rows))


def forecaster(plan, name="ours", kind="ours", members=21, width=0.1, off=0.0):
    """An ensemble spread about the facts: relative width and shift."""
    spread = np.linspace(-width, width, members)[:, None] + off
    return Forecaster(name, kind, plan.observed[None, :] * (1.0 + spread))


def plan():
    return plan_of(region(), ORIGIN)


def run(job: Job) -> dict[str, float]:
    """A member that grows with its seed, whatever the facts say."""
    lift = {"": 0.0, "table_alone": 0.4}.get(job.null, 0.1)
    found = {}
    for each in job.wanted:
        if job.null == "table_alone" and not each.variable.startswith(("output", "value")):
            continue
        found[each.name] = (10.0 + each.period.last.year - 2010) * (1 + job.seed / 50 + lift)
    return found
