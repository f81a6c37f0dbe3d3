"""Beyond the inputs of a lead firm: equipment for building its plants, and products made of what it makes.

Equipment is bought with the work on a leader's projects and with the capital of its plants at work (section 9.9);
orders come in lumps, so twelve months are added up. Downstream stands what the gap map of promotion counts as extension
(section 9.4)::

    open = chi x output of the leader ;  ext = [open - a_k (capacity_k + pipeline_k)]^+

for each chain product k that uses what the leader makes. The gap map knows the main product of each leader; what is
made of its other products is drawn in the same way and marked.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.accounts import the_table
from sim.mechanisms.construction import Construction
from sim.mechanisms.gaps import capacity_by_product, extension, leader_output, pipeline_by_product
from sim.mechanisms.prices import chain_inputs
from sim.mechanisms.production import relative_price
from sim.mechanisms.promotion import Promotion
from sim.mechanisms.sourcing import qualification_of
from sim.state import YEAR, Stage, State
from sim.statistics.table import link_sales
from sim.sums import sum_by

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Equipment:
    """Sees what leaders, and everybody, order of equipment in the last twelve months, M yuan at 2018 prices.

    Attributes:
        ordered: (12, G + 1, K, 2) by month, buyer (everybody last), kind of equipment, and place (home, outside).
    """

    def __init__(self, state: State) -> None:
        world, self.leaders = state.world, len(state.leaders)
        self.ordered = np.zeros((YEAR, self.leaders + 1, world.product_count, 2))
        self.share = state.scenario[Construction].spend_equipment
        self.kinds = {True: world.product("B_EQPT"), False: world.product("MACH")}
        self.cell = world.product("B_CELL")
        self._spent = state.projects.spent.copy()
        self._expanded = np.zeros(0)  # what firms ordered last month; it is bought in this one

    def after(self, state: State) -> None:
        """After the month: its orders, by buyer and place."""
        projects, firms, old = state.projects, state.firms, len(self._spent)
        work = projects.spent.copy()
        work[:old] -= self._spent
        rows, mine = np.flatnonzero(work > 0), np.flatnonzero(self._expanded > 0)
        county = np.concatenate([projects.county[rows], firms.county[mine]])
        product = np.concatenate([projects.product[rows], firms.product[mine]])
        leader = np.concatenate([projects.leader[rows], firms.leader[mine]])
        amount = self.share * np.concatenate([work[rows], self._expanded[mine]])
        now = np.zeros(self.ordered.shape[1:])
        price = relative_price(state)
        for cell, kind in self.kinds.items():
            part = (product == self.cell) == cell
            at_home = state.technology.home_share[kind].sum(axis=0)[county[part]]
            for where, share in enumerate((at_home, 1.0 - at_home)):
                money = amount[part] * share / price[kind]
                now[:, kind, where] = sum_by(np.where(leader[part] >= 0, leader[part], self.leaders), money, len(now))
                now[-1, kind, where] = money.sum()
        self.ordered[state.month % YEAR] = now
        self._spent = projects.spent.copy()
        done = state.boards.investment
        self._expanded = np.zeros(0) if done is None else done.copy()

    def of(self, state: State, leader: int) -> pd.DataFrame:
        """A row each kind of equipment that a leader ordered, in the columns of its inputs.

        Idle capacity and signed projects are shared among all buyers by what they order outside.

        Args:
            state: of the month.
            leader: position of the leader.
        """
        home, outside = self.ordered[:, leader].sum(axis=0).T
        everyone = self.ordered[:, -1, :, 1].sum(axis=0)
        chain = state.world.chain_product
        frame = supply_frame(state, home, outside, everyone, chain)
        return frame[frame["need"] > 0].reset_index(drop=True)


def supply_frame(
    state: State, home: Floats, outside: Floats, everyone: Floats, chain: NDArray[np.bool_]
) -> pd.DataFrame:
    """Needs by product and how they are met, M yuan a year: home + could + coming + gap = need for goods of the chains.

    What home plants could deliver now (capacity of qualified firms that stands idle) and what signed projects will
    deliver is shared among all home buyers in proportion to what they buy outside, so that the maps of two leaders
    never count a supplier twice.

    Args:
        state: of the month.
        home: (K,) bought at home.
        outside: (K,) bought outside.
        everyone: (K,) bought outside by all home buyers.
        chain: (K,) goods that firms of the chains make.
    """
    firms, world, size = state.firms, state.world, state.world.product_count
    live = firms.alive & ~firms.block
    qualified = live & (firms.opening | (state.month - firms.birth >= qualification_of(state)))
    capacity = sum_by(firms.product[live], firms.capacity[live], size) * YEAR
    able = sum_by(firms.product[qualified], firms.capacity[qualified], size) * YEAR
    free = np.maximum(firms.capacity - firms.output, 0.0)
    idle = sum_by(firms.product[qualified], free[qualified], size) * YEAR
    everyone = np.maximum(everyone, outside)
    coming = pipeline_by_product(state)
    part = np.divide(outside, everyone, out=np.zeros(size), where=everyone > 0)
    could = np.where(chain, np.minimum(outside, idle * part), 0.0)
    later = np.where(chain, np.minimum(outside - could, coming * part), 0.0)
    return pd.DataFrame(
        {
            "product": world.products,
            "label": world.product_labels,
            "chain": chain,
            "need": home + outside,
            "home": home,
            "outside": outside,
            "could": could,
            "coming": later,
            "gap": np.where(chain, outside - could - later, 0.0),
            "home_capacity": capacity,
            "qualified_capacity": able,
            "idle_qualified": idle,
            "suppliers": firms_making(state),
            "coming_all": coming,
            "projects_coming": projects_coming(state),
        }
    )


def firms_making(state: State) -> Floats:
    """(K,) operating firms by product, the smallest left out."""
    firms, size = state.firms, state.world.product_count
    counted = firms.alive & ~firms.block & ~firms.fringe
    return sum_by(firms.product[counted], np.ones(int(counted.sum())), size)


def projects_coming(state: State) -> Floats:
    """(K,) projects signed and not yet done, by product."""
    stage, size = state.projects.stage, state.world.product_count
    pipeline = (stage >= Stage.SIGNED) & (stage <= Stage.BUILD)
    return sum_by(state.projects.product[pipeline], np.ones(int(pipeline.sum())), size)


def downstream(state: State, leader: int) -> pd.DataFrame:
    """What could be made here of the products of a leader: a row each chain product that uses one of them.

    Returns:
        product, label: the user; of, of_label: the product of the leader that it uses; counted: the gap map of
        promotion counts it; open: output of the leader open to local processing; bought: what users bought of the
        leader in the month, at its annual rate; used, coming: what users at full capacity and users under way take of
        it (of leaders that make the same, in proportion to output), up to what is open; extension: what is left;
        firms, projects_coming. M yuan a year.
    """
    firms, world, size = state.firms, state.world, state.world.product_count
    main, share = int(state.leaders.product[leader]), state.scenario[Promotion].downstream_propensity
    mine = np.flatnonzero(firms.alive & (firms.leader == leader))
    made = np.array(list(dict.fromkeys(firms.product[mine].tolist())), dtype=np.int64)
    output = sum_by(firms.product[mine], firms.output[mine] * YEAR, size)[made]
    output = np.where(made == main, leader_output(state)[leader], output)
    led = firms.alive & (firms.leader >= 0)
    whole = sum_by(firms.product[led], firms.output[led] * YEAR, size)[made]
    part = np.divide(output, whole, out=np.ones(len(made)), where=whole > 0)  # leaders share the users of a product
    left = extension(state, made, output, share, part)
    uses = part[:, None] * chain_inputs(state)[made]
    active, pipeline = (uses * each for each in (capacity_by_product(state), pipeline_by_product(state)))
    bought = bought_of_leader(state, leader)
    makers, arriving = firms_making(state), projects_coming(state)
    rows = []
    for at, k in enumerate(made):
        usable = share * output[at]
        users = np.flatnonzero(state.technology.linked[k] & (np.arange(size) != k))
        for user in users:
            used = min(active[at, user], usable)
            rows.append(
                {
                    "product": world.products[user],
                    "label": world.product_labels[user],
                    "of": world.products[k],
                    "of_label": world.product_labels[k],
                    "counted": bool(k == main),
                    "open": usable,
                    "bought": bought[k, user],
                    "used": used,
                    "coming": min(pipeline[at, user], usable - used),
                    "extension": left[at, user],
                    "firms": makers[user],
                    "projects_coming": arriving[user],
                }
            )
    words, numbers = ("product", "label", "of", "of_label"), ("open", "bought", "used", "coming", "extension")
    frame = pd.DataFrame(rows, columns=[*words, "counted", *numbers, "firms", "projects_coming"])
    return frame.astype({"counted": bool, **dict.fromkeys((*numbers, "firms", "projects_coming"), float)})


def bought_of_leader(state: State, leader: int) -> Floats:
    """(K, K) what home plants bought of a leader's plants, product by product of the buyer, M yuan a year."""
    firms, relations, size = state.firms, state.relations, state.world.product_count
    links = the_table(state).links
    own = np.flatnonzero((firms.alive & (firms.leader == leader))[links.supplier])
    relation = links.relation[own]
    cell = relations.product[relation] * size + firms.product[relations.buyer[relation]]
    return sum_by(cell, link_sales(state, own) * YEAR, size * size).reshape(size, size)
