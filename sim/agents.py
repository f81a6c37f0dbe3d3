"""The agents: one City, ten Counties and the Leaders decide; a Firm is a view on one row of the firm table.

City, County and Leader are ordinary Mesa agents. Mechanisms ask them through the protocols of :mod:`sim.state`; they
apply simple readable rules and write what they decided, with the numbers that settled it, to the decision log of the
model. Firms are rows of columns; a :class:`Firm` is made only when somebody looks at ``model.agents``.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

import mesa
import numpy as np
from numpy.typing import NDArray

from sim.data import prefecture
from sim.mechanisms.land import Land
from sim.mechanisms.leaders import Leaders
from sim.mechanisms.location import Location, inclusive_value
from sim.state import YEAR

if TYPE_CHECKING:
    from sim.model import NingdeModel

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class _Numbers(WeakKeyDictionary["mesa.Model", "count[int]"]):
    """The next number of an agent, by model; a model that nobody has any more is forgotten."""

    def __getitem__(self, model: mesa.Model) -> count[int]:
        return self.setdefault(model, count(1))


class Decider(mesa.Agent):
    """An agent that decides and says why."""

    _ids: ClassVar[_Numbers] = _Numbers()  # that of Mesa 3.3 keeps every model of a process in memory for ever
    model: NingdeModel

    def note(self, sentence: str) -> None:
        """Write a sentence to the decision log: month, agent, choice, the numbers that settled it."""
        self.model.log.append((self.model.calendar, self.label, sentence))

    @property
    def label(self) -> str:
        """What people call the agent."""
        raise NotImplementedError

    def step(self) -> None:
        """Deciders act when a phase of the month asks them; the model has no second schedule."""

    funded: bool = True

    def fund(self, share: float) -> None:
        """Note when debt begins to cut the discretionary levers of the budget, and when all can be paid again.

        Args:
            share: part of what the levers would cost that can be paid, 0-1.
        """
        if (share >= 1.0) != self.funded:
            self.funded = share >= 1.0
            self.note(f"can pay {share:.0%} of its policies" + (" again" if self.funded else ", debt forbids the rest"))


class City(Decider):
    """The prefecture: issues land quota and splits it, sets the city plan."""

    def __init__(self, model: NingdeModel) -> None:
        super().__init__(model)
        self._strictness = 0.0
        self._linked = (0.0, 0.0)

    @property
    def label(self) -> str:
        return prefecture.name()

    def split_quota(self, quota: float, waiting: Floats, developed: Floats, queue_weight: float) -> Floats:
        """Quota of the month by county: part by the queue of waiting projects, the rest by developed land.

        Args:
            quota: mu of the month.
            waiting: (C,) mu that signed projects wait for.
            developed: (C,) developed land, mu.
            queue_weight: share of the quota given by the queue, 0-1; without any queue all goes by developed land.
        """
        by_area = developed / developed.sum()
        queue = float(waiting.sum())
        by_queue = waiting / queue if queue > 0 else by_area
        split = quota * (queue_weight * by_queue + (1.0 - queue_weight) * by_area)
        if queue > 0 and self.model.calendar.month == 1:
            first = int(by_queue.argmax())
            name = self.model.world.county_names[first]
            self.note(
                f"gives most quota to {name}: {split[first]:.0f} of {quota:.0f} mu, {queue:.0f} mu wait in the city"
            )
        return np.asarray(split)

    def link(self, referral: float, transfer: float) -> None:
        """Note when the rates of mountain-sea linkage change.

        Args:
            referral: share of the eligible leads that coastal counties pass on.
            transfer: share of the growth of coastal local revenue that goes to mountain partners.
        """
        if (referral, transfer) != self._linked:
            self.note(
                f"lets coastal counties pass {referral:.0%} of small leads on to their mountain partners and pay them "
                f"{transfer:.0%} of the growth of local revenue"
            )
            self._linked = (referral, transfer)

    def zone(self, fit: Floats, strictness: float) -> tuple[Floats, Bools]:
        """Weight z F of the plan, and where a binding plan (z = 1) refuses a project."""
        if strictness != self._strictness:
            self.note(f"sets the strictness of the city plan to {strictness:.2f} (before {self._strictness:.2f})")
            self._strictness = strictness
        return strictness * fit, (fit <= 0) & (strictness >= 1.0)


class County(Decider):
    """One of the ten home regions: admits projects and develops land."""

    def __init__(self, model: NingdeModel, index: int) -> None:
        super().__init__(model)
        self.index = index
        self._picky = False
        self._refuses = {"host": False, "origin": False}

    @property
    def label(self) -> str:
        return self.county

    @property
    def county(self) -> str:
        """Name in pinyin."""
        return self.model.world.county_names[self.index]

    @property
    def code(self) -> str:
        """Two-letter code."""
        return self.model.world.counties[self.index]

    @property
    def output(self) -> float:
        """Output of the month, M yuan at 2018 prices."""
        firms = self.model.state.firms
        return float(firms.output[firms.county == self.index].sum())

    @property
    def firms(self) -> int:
        """Operating firms above the official size threshold's fringe."""
        table = self.model.state.firms
        return int((table.alive & ~table.fringe & ~table.block & (table.county == self.index)).sum())

    def admit(self, tax_per_mu: Floats, screen: float, land_left: float) -> Bools:
        """Make an offer to leads that pay enough tax per mu; a county short of land asks for more than the city does.

        Args:
            tax_per_mu: (leads,) yearly tax per mu at normal output, M yuan.
            screen: the city's screen after plan pressure, M yuan per mu and year.
            land_left: share of the county's planned land that nobody holds, 0-1.
        """
        location = self.model.plan[Location]
        picky = land_left < location.scarce_land
        asked = screen * location.picky if picky else screen
        if picky != self._picky:
            self._picky = picky
            change = "picks projects" if picky else "is open to projects again"
            self.note(f"{change}: {land_left:.0%} of its planned land is left, asks {asked:.3f} M yuan of tax per mu")
        return np.asarray(tax_per_mu >= asked)

    def request_land(self, waiting: float, free: float, developed: float, headroom: float, quota: float) -> float:
        """Develop land for the queue, and a reserve, as far as plan and quota go; mu of the month."""
        wanted = waiting + max(self.model.plan[Land].reserve * developed - free, 0.0)
        granted = max(min(wanted, headroom, quota), 0.0)
        if waiting > 0 and granted < waiting and self.model.calendar.month == 12:
            limit = "quota" if quota < min(wanted, headroom) else "planned land"
            self.note(f"lacks {limit}: {waiting:.0f} mu asked by waiting projects, {granted:.0f} mu developed")
        return granted

    def take_back(self, plots: float, listed: float, intensity: float, funded: float) -> tuple[float, float]:
        """Mu of idle plots and of listed plants to be bought this year: the same share of both, as far as money goes.

        Args:
            plots: mu that have been idle for a year.
            listed: mu of plants that pay less tax per mu than the threshold.
            intensity: share of listed land a year.
            funded: share of its policies that the county, and the city level beside it, can pay, 0-1.
        """
        share = intensity * funded
        if share > 0 and plots + listed > 0:
            self.note(
                f"takes back {share:.1%} of {plots:.0f} mu of idle plots and of {listed:.0f} mu of plants with low tax "
                f"per mu; {funded:.0%} of it can be paid"
            )
        return share * plots, share * listed

    def accept_enclaves(self, role: str, gain: Floats) -> Bools:
        """Sign contracts that bring at least what the land, or the project at home, would bring without them.

        Args:
            role: "host" or "origin".
            gain: (n,) net present value of each contract on offer, as origin less that of the lead without it, M yuan.
        """
        best = float(gain.max())
        if (best < 0.0) != self._refuses[role]:
            self._refuses[role] = best < 0.0
            change = "signs no enclaves" if best < 0.0 else "is ready for enclaves again"
            self.note(f"{change} as {role}: the best on offer brings it {best:.1f} M yuan more than without it")
        return np.asarray(gain >= 0.0)

    def sign_enclave(self, product: str, park: str, host: str, gains: tuple[float, float], tax_share: float) -> None:
        """Note a contract, with what host and origin (in this order) gain by it, M yuan, and the tax share."""
        self.note(
            f"brings a project ({product}) to {park} in {host}: an enclave worth {gains[1]:.1f} M yuan to it and "
            f"{gains[0]:.1f} to the host, {tax_share:.0%} of the local tax promised"
        )


class Leader(Decider):
    """A lead firm: plans capacity from its order book and chooses where to build."""

    def __init__(self, model: NingdeModel, index: int, name: str) -> None:
        super().__init__(model)
        self.index, self.name = index, name

    @property
    def label(self) -> str:
        return self.name

    @property
    def share(self) -> float:
        """World share of the group's market."""
        return float(self.model.state.leaders.share[self.index])

    def plan(
        self, orders: float, growth: float, target: float, capacity: float, pipeline: float, least: float, most: float
    ) -> float:
        """Annual output of the next plant, M yuan; 0 while capacity and pipeline cover the plan.

        The plan is capacity for expected orders some time ahead (by default a year and a half) at target use,
        Khat = (1 + g)^t_plan 12 O / u_star. A plant is lumpy; the least lump is at most a share of what the group has
        (by default one half).
        """
        settings = self.model.plan[Leaders]
        planned = (1.0 + growth) ** settings.plan_years * YEAR * orders / target
        gap = planned - capacity - pipeline
        lump = min(least, settings.small_plant * capacity) if capacity > 0 else least
        if gap < lump or lump <= 0:
            return 0.0
        size = min(gap, most)
        self.note(
            f"plans a plant of {size / 1000:.1f} bn yuan a year: orders {YEAR * orders / 1000:.1f}, "
            f"growth {growth:+.0%}, capacity {capacity / 1000:.1f}, under way {pipeline / 1000:.1f}"
        )
        return float(size)

    def choose_site(self, utility: Floats, taste: Floats, parks: int) -> int:
        """The best site by nested logit: home or rivals by their inclusive values first, then the best site in it.

        Args:
            utility: (P + S,) V of home parks and rival sites, -inf where the plant does not fit.
            taste: (P + S + 2,) Gumbel shocks of the sites, then of the two nests.
            parks: number of home parks P; the others are rival sites.
        """
        nest = self.model.nest
        score = utility / nest + taste[: len(utility)]
        worth = [
            inclusive_value(part[None, :], np.isfinite(part)[None, :], nest)[0] for part in np.split(utility, [parks])
        ]
        stay = worth[0] + taste[-2] >= worth[1] + taste[-1]
        choice = int(score[:parks].argmax()) if stay else parks + int(score[parks:].argmax())
        if stay:
            where = f"{self.model.world.park_names[choice]} ({self.model.park_county_name(choice)})"
        else:
            where = f"rival site {choice - parks + 1}"
        self.note(f"builds at {where}: worth of home {worth[0]:.2f}, of rival sites {worth[1]:.2f} before taste")
        return choice


class Firm(mesa.Agent):
    """A view on one row of the firm table; reading and writing go to the columns of its own model."""

    model: NingdeModel

    def __init__(self, model: NingdeModel, row: int) -> None:
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "unique_id", FIRST_FIRM_ID + row)
        object.__setattr__(self, "pos", None)

    row: int

    def __getattr__(self, name: str) -> Any:
        """The value of a column of the firm table."""
        if name.startswith("_") or name not in FIRM_COLUMNS:
            raise AttributeError(f"a firm has no attribute {name!r}; its columns are {', '.join(FIRM_COLUMNS)}")
        value = getattr(self.model.state.firms, name)[self.row]
        return value.item() if np.ndim(value) == 0 else value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIRM_COLUMNS:
            getattr(self.model.state.firms, name)[self.row] = value
        else:
            object.__setattr__(self, name, value)

    @property
    def county(self) -> str:
        """Name of the county in pinyin."""
        return self.model.world.county_names[int(self.model.state.firms.county[self.row])]

    @property
    def product(self) -> str:
        """Product code."""
        return self.model.world.products[int(self.model.state.firms.product[self.row])]

    @property
    def park(self) -> str:
        """Park code, empty for a fringe row."""
        index = int(self.model.state.firms.park[self.row])
        return self.model.world.parks[index] if index >= 0 else ""

    @property
    def leader(self) -> str:
        """Code of the lead firm that owns the plant, empty for others."""
        index = int(self.model.state.firms.leader[self.row])
        return self.model.leader_names[index] if index >= 0 else ""

    @property
    def age(self) -> int:
        """Months since birth."""
        return int(self.model.state.month - self.model.state.firms.birth[self.row])

    def step(self) -> None:
        """Firms move in the vectorised month, not one by one."""


FIRST_FIRM_ID = 1_000
"""Firm ids start above those of the deciding agents, so an id does not depend on when somebody looked."""

FIRM_COLUMNS: tuple[str, ...] = (
    "alive",
    "birth",
    "capacity",
    "capital",
    "cash",
    "debt",
    "energy_intensity",
    "home_sales",
    "jobs_intensity",
    "land",
    "orders",
    "outside_orders",
    "output",
    "productivity",
    "quality",
    "slot",
    "surplus",
    "unit_cost",
)
"""Columns of the firm table that a view reads and writes by name."""
