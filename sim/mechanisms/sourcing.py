"""Sourcing: who buys from whom nearby; the local share is a result (model description, section 9.5).

For buyer i, input k and eligible home suppliers j (operating, qualified t_q months after birth), outside option O:

    U_ij = -theta_c ln(c_ij / c_k0) + theta_q k_q q_j + theta_h 1[w_ij > 0] ,
    c_ij = p_k m_j (1 + tau_km km_ij + jit_k min_ij) (1 - b) ,   b = bonus funded_city
    s*_ij = v_ij cap_j exp(U_ij) / (O_ik + sum_j v_ij cap_j exp(U_ij)) ,   w_ij <- w_ij + omega (s*_ij - w_ij)
    then sum_i need_ki w_ij <= phi_max cap_j  (proportional cut; the outside option takes the rest)

    the city pays     b p_k a_ki x_i sum_j w_ij delivered_j         to the buyer, over explicit links
    dearer suppliers  L(s, b) = -s ln(1 - b) + ln[1 - s (1 - (1 - b)^theta_c)] / theta_c
    get               L p_k a_ki x_i  from the buyer ,  s = sum_j w_ij delivered_j ;   0 at b, s or 1 - s = 0
    unit cost of the buyer falls by  sum_k p_k a_ki (b s_k - L(s_k, b))

A bonus on purchases from home suppliers moves shares to suppliers that are dearer, worse or farther away than what they
replace. What a buyer gains is the fall of the logit price index, ln[(O + A')/(O + A)] / theta_c with A' the raised
attraction of home; what it is paid is b on all it buys at home. The difference L, the triangle of Harberger (about
theta_c s (1 - s) b^2 / 2), is what the dearer suppliers cost: they get it above the price of the product, as `premium`
in the accounts of both. On purchases that were made at home anyway the bonus is money for nothing.

The v of opening links and O are set once so that s* = w at the opening. Explicit links run where buyer and input are
both chain products; everything else is bought through the pool of the joint solve (production).

Writes: weight, option; the resolver of PRODUCE pays the bonus. New suppliers and buyers are connected by
:class:`Connection` when they are born.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.draws import Streams
from sim.mechanisms import Phase
from sim.mechanisms.prices import chain_inputs, lasting_inputs, needed_inputs
from sim.parameters import Lever, Parameters, lever, parameter
from sim.settings import InputOutput
from sim.state import MonthTable, State, talent_of
from sim.sums import sum_by
from sim.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Sourcing(Parameters):
    """Choice of suppliers, freight, quality tiers and sales outside."""

    table: ClassVar[str] = "sourcing"

    price_elasticity: float = parameter(
        8.0,
        symbol="theta_c",
        unit="utility per ln delivered cost",
        low=4,
        high=15,
        grade="recalled",
        source="recalled: Armington 3-10 range",
    )
    quality: float = parameter(
        0.6,
        symbol="theta_q",
        unit="utility",
        low=0.0,
        high=1.5,
        grade="assumed",
        source="assumption",
    )
    habit: float = parameter(
        1.5,
        symbol="theta_h",
        unit="utility of existing link",
        low=0.5,
        high=3.0,
        grade="assumed",
        source="direction: Monarch 2016 (45% keep partner); value assumption",
        published="2016",
    )
    adjust: float = parameter(
        0.08,
        symbol="omega",
        unit="share of gap closed per month",
        low=0.03,
        high=0.2,
        grade="assumed",
        source="assumption",
    )
    qualification: float = parameter(
        9.0,
        symbol="t_q",
        unit="months before eligible",
        low=3,
        high=18,
        grade="recalled",
        source="recalled: battery material qualification 6-18 months",
    )
    cap_devoted_max: float = parameter(
        0.85,
        symbol="phi_max",
        unit="max share of supplier capacity sold to local leaders",
        low=0.6,
        high=1.0,
        grade="assumed",
        source="assumption",
    )
    freight: float = parameter(
        0.00012,
        symbol="tau_km",
        unit="ad valorem per km, mean node",
        low=5e-05,
        high=0.0004,
        grade="assumed",
        source="assumption",
    )
    jit_cost: float = parameter(
        0.0004,
        symbol="jit_k",
        unit="ad valorem per minute, vehicle parts only",
        low=0.0,
        high=0.001,
        grade="assumed",
        source="assumption; direction published Klier & McMillen 2008",
        published="2008",
    )
    outside_share: float = parameter(
        0.35,
        symbol="ebar_k",
        unit="share of supplier capacity wanted outside at parity",
        low=0.1,
        high=0.7,
        grade="assumed",
        source="assumption",
    )
    outside_elasticity: float = parameter(
        2.0,
        symbol="theta_x",
        unit="elasticity",
        low=1,
        high=4,
        grade="assumed",
        source="assumption",
    )
    key_quality_factor: float = parameter(
        2.0,
        symbol="k_q",
        unit="multiple of theta_q for key components",
        low=1,
        high=4,
        grade="assumed",
        source="assumption",
    )
    local_bonus: Lever = lever(
        0,
        symbol="bonus",
        unit="share of price paid by the city to local buyers",
        payer="city level",
        low=0,
        high=0.05,
        neutral=0,
        grade="assumed",
        source="assumption",
    )
    tier_standard: float = parameter(
        0.4,
        symbol="q_1",
        unit="least quality of the standard tier",
        low=0.2,
        high=0.5,
        grade="assumed",
        source="assumption",
    )
    tier_specialised: float = parameter(
        0.7,
        symbol="q_2",
        unit="least quality of the specialised tier",
        low=0.6,
        high=0.9,
        grade="assumed",
        source="assumption",
    )


def utility(cost: Floats, quality: Floats, key: Bools, linked: Bools, sourcing: Sourcing) -> Floats:
    """U of each link.

    Args:
        cost: c_ij / c_k0, delivered cost relative to the outside supplier.
        quality: q of the supplier, 0-1.
        key: whether the input is a key component.
        linked: whether the link carries trade already (habit).
        sourcing: parameters.
    """
    weight = np.where(key, sourcing.key_quality_factor, 1.0) * sourcing.quality
    return np.asarray(-sourcing.price_elasticity * np.log(cost) + weight * quality + sourcing.habit * linked)


def target_shares(attraction: Floats, relation: Ints, option: Floats) -> Floats:
    """s*: capacity-weighted logit shares of the suppliers of each relation against its outside option.

    Args:
        attraction: (L,) v cap exp(U), 0 for suppliers that are not eligible.
        relation: (L,) relation of each link.
        option: (R,) O.
    """
    total = option + sum_by(relation, attraction, len(option))
    return np.divide(attraction, total[relation], out=np.zeros_like(attraction), where=total[relation] > 0)


def devoted(weight: Floats, need: Floats, supplier: Ints, cap: Floats, most: float) -> Floats:
    """Cut weights so that no supplier sells more than phi_max of its capacity over links.

    Args:
        weight: (L,) shares w.
        need: (L,) need of the buyer for the input, M yuan a month.
        supplier: (L,) firm row.
        cap: (F,) capacity, M yuan a month.
        most: phi_max.
    """
    sold = sum_by(supplier, weight * need, len(cap))
    factor = np.minimum(1.0, np.divide(most * cap, sold, out=np.ones_like(cap), where=sold > most * cap))
    return np.asarray(weight * factor[supplier])


def relative_cost(state: State, supplier: Ints, buyer: Ints, sourcing: Sourcing) -> Floats:
    """c_ij / c_k0 of supplier-buyer pairs: delivered cost against a supplier in the rest of China.

    m_j is the supplier's unit cost relative to the frontier. Just-in-time cost applies to vehicle parts only: to inputs
    of the vehicle chain bought by the vehicle chain.
    """
    place, cost = places(state), delivery_cost(state.world, sourcing, state.minutes)
    outside = 1.0 + sourcing.freight * state.scenario[InputOutput].km_rest_china
    return np.asarray(state.firms.relative_cost[supplier] * cost[place[supplier], place[buyer]] / outside)


def bonus_of(state: State) -> float:
    """Bonus on purchases over links that the city level can pay, share of the price."""
    return state.lever("sourcing.local_bonus") * float(state.funded[-1])


def dearer_share(share: Floats, bonus: float, elasticity: float) -> Floats:
    """L: what a bonus makes buyers pay above the price to dearer suppliers, per unit of need at price 1; at least 0.

    Args:
        share: (n,) share of the need that is bought at home, 0-1.
        bonus: b, share of the price, below 1.
        elasticity: theta_c.
    """
    gained = np.log1p(-share * (1.0 - (1.0 - bonus) ** elasticity)) / elasticity
    return np.asarray(np.maximum(gained - share * np.log1p(-bonus), 0.0))


def bonus_relief(state: State) -> Floats:
    """(F,) fall of the unit cost of buyers by the bonus, less what dearer suppliers cost them, nominal."""
    relations, firms, bonus = state.relations, state.firms, bonus_of(state)
    share = sum_by(state.links.relation, state.links.weight, len(relations))
    saved = bonus * share - dearer_share(share, bonus, state.scenario[Sourcing].price_elasticity)
    value = needed_inputs(state) * state.markets.price[relations.product] * saved
    return sum_by(relations.buyer, value, len(firms))


@dataclass(frozen=True)
class Bonus:
    """The bonus of a month: (F,) what buyers get from the city, and what they pay above the price less what they get.

    Attributes:
        paid: real M yuan, if money were no limit.
        dearer: nominal M yuan; adds up to 0.
    """

    paid: Floats
    dearer: Floats


def month_bonus(state: State, table: MonthTable, output: Floats) -> Bonus:
    """Purchases over the links of the month as delivered, and what the lever adds to them.

    Args:
        state: levers, prices, relations.
        table: of the month.
        output: (F,) M yuan a month.
    """
    relations, links, size = state.relations, table.links, len(output)
    price = state.markets.price[relations.product]
    needed = needed_inputs(state) * table.basis_of(output, relations.product, relations.buyer) * price
    part = links.weight * table.served[links.supplier]
    share = sum_by(links.relation, part, len(relations))
    bought = sum_by(relations.buyer, share * needed, size) / state.markets.price_level
    extra = dearer_share(share, bonus_of(state), state.scenario[Sourcing].price_elasticity) * needed
    by_link = np.divide(part, share[links.relation], out=np.zeros_like(part), where=share[links.relation] > 0)
    got = sum_by(links.supplier, by_link * extra[links.relation], size)
    return Bonus(state.lever("sourcing.local_bonus") * bought, sum_by(relations.buyer, extra, size) - got)


def places(state: State) -> Ints:
    """(F,) place of each row: a county inside or outside the vehicle chain, 2 x county + 1 or + 0.

    That is all that delivery depends on.
    """
    vehicle = state.world.chain == state.world.chains.index("NEV")
    return np.asarray(2 * state.firms.county + vehicle[state.firms.product])


def delivery_cost(world: World, sourcing: Sourcing, minutes: Floats) -> Floats:
    """(2C, 2C) cost of delivery from place to place, 1 = at the gate of the supplier; faster roads are no shorter ones.

    Args:
        world: kilometres.
        sourcing: freight and the cost of delivery just in time.
        minutes: (C, C) between counties at present.
    """
    county, in_chain = np.divmod(np.arange(2 * world.county_count), 2)
    jit = np.where(in_chain[:, None] & in_chain, sourcing.jit_cost, 0.0)
    between = np.ix_(county, county)
    return np.asarray(1.0 + sourcing.freight * world.kilometres[between] + jit * minutes[between])


MOST_PARTNERS = 400
"""Buyers that a new supplier of a product gets to know, and suppliers that a new buyer of it does, the largest first;
assumption, numerical: no firm of the baseline meets more than about 100, so that it changes only economies of many more
firms, whose links would grow with the square of the firms."""


def largest(group: Ints, size: Floats, most: int) -> Bools:
    """(n,) which members are among the largest of their group; all of a group that has no more than the most.

    Args:
        group: (n,) group of each member.
        size: (n,) size; of equals the first.
        most: members that a group keeps.
    """
    if np.bincount(group).max(initial=0) <= most:
        return np.ones(len(group), dtype=np.bool_)
    order = np.lexsort((-size, group))
    ranked = group[order]
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(ranked, ranked)
    return rank < most


@dataclass
class Connection:
    """Helpers that keep links and relations complete when firms appear."""

    sourcing: Sourcing

    def parity_option(self, need: Floats, key: Bools) -> Floats:
        """O such that local capacity equal to need, with average suppliers at parity of cost and no habit, gives 0.5.

        The utility of such a supplier is theta_q k_q 0.5, so O = need exp(theta_q k_q 0.5), M yuan a month.
        """
        factor = np.where(key, self.sourcing.key_quality_factor, 1.0)
        return np.asarray(need * np.exp(self.sourcing.quality * factor * 0.5))

    def connect(self, state: State, rows: Ints) -> None:
        """Add relations of new buyers and links between new firms and everybody who makes or needs their goods.

        Args:
            state: the state whose relation and link tables grow.
            rows: new firm rows.
        """
        world, firms, linked = state.world, state.firms, state.technology.linked
        rows = rows[world.chain_product[firms.product[rows]]]
        if not len(rows):
            return
        old_relations = len(state.relations)
        buyer, product = np.nonzero(linked[:, firms.product[rows]].T)
        if len(buyer):
            coefficient = state.technology.inputs[product, firms.node[rows[buyer]]]
            keep = coefficient > 0
            state.relations.append(
                int(keep.sum()), buyer=rows[buyer][keep], product=product[keep], coefficient=coefficient[keep]
            )
        self._options_from_peers(state, np.arange(old_relations, len(state.relations)))
        self._link(state, rows, old_relations)

    def _link(self, state: State, rows: Ints, old_relations: int) -> None:
        """New suppliers to old relations, and every operating supplier to new relations."""
        firms, relations = state.firms, state.relations
        alive = firms.alive[relations.buyer]
        alive[old_relations:] = False
        known, asking = np.flatnonzero(alive), np.arange(old_relations, len(relations))
        need = needed_inputs(state)[known] * firms.capacity[relations.buyer[known]]
        known = known[largest(relations.product[known], need, MOST_PARTNERS)]
        bought = np.zeros(state.world.product_count, dtype=np.bool_)
        bought[relations.product[asking]] = True
        able = np.flatnonzero(firms.alive & bought[firms.product])
        able = able[largest(firms.product[able], firms.capacity[able], MOST_PARTNERS)]
        parts = []
        for suppliers, targets in ((rows, known), (able, asking)):
            left, right = np.nonzero(firms.product[suppliers][:, None] == relations.product[targets][None, :])
            parts.append((suppliers[left], targets[right]))
        supplier, relation = (np.concatenate(column) for column in zip(*parts, strict=True))
        if not len(supplier):
            return
        taste = self._taste_from_peers(state, supplier, relation)
        state.links.append(len(supplier), supplier=supplier, relation=relation, taste=taste)

    @staticmethod
    def _taste_from_peers(state: State, supplier: Ints, relation: Ints) -> Floats:
        """Capacity-weighted mean v of the links of the same pair of counties, 1 where the pair had no supply."""
        firms, links, counties = state.firms, state.links, state.world.county_count
        product = state.world.product_count

        def pair(sellers: Ints, of: Ints) -> Ints:
            buyers = state.relations.buyer[of]
            key = firms.county[sellers] * counties + firms.county[buyers]
            return np.asarray((key * product + firms.product[sellers]) * product + firms.product[buyers])

        sold = np.zeros(product, dtype=bool)
        sold[firms.product[supplier]] = True
        peers = np.flatnonzero((links.weight > 0) & sold[firms.product[links.supplier]])
        pairs, new = np.unique(pair(supplier, relation), return_inverse=True)
        old = pair(links.supplier[peers], links.relation[peers])
        at = np.minimum(np.searchsorted(pairs, old), len(pairs) - 1)
        alike = pairs[at] == old  # few of all pairs of counties and products are asked for
        peers, at = peers[alike], at[alike]
        weight = firms.capacity[links.supplier[peers]]
        total = sum_by(at, weight, len(pairs))
        mean = sum_by(at, weight * links.taste[peers], len(pairs))
        return np.divide(mean, total, out=np.ones(len(pairs)), where=total > 0)[new]

    @staticmethod
    def _options_from_peers(state: State, new: Ints) -> None:
        """O of new relations: need-weighted mean of those of the county and industry for that input now."""
        if not len(new):
            return
        firms, relations, products = state.firms, state.relations, state.world.product_count

        def cell(of: Ints) -> Ints:
            buyer = relations.buyer[of]
            return np.asarray((firms.node[buyer] * products) + relations.product[of])

        size = state.node_count * products
        old = np.flatnonzero(relations.option_set)
        need = relations.coefficient[old] * firms.capacity[relations.buyer[old]]
        total = sum_by(cell(old), need, size)
        grown = market_volume(state, relations.product[old]) / relations.option_reference[old]
        mean = sum_by(cell(old), need * relations.option[old] * grown, size)
        peers = np.divide(mean, total, out=np.zeros(size), where=total > 0)[cell(new)]
        found = total[cell(new)] > 0
        relations.option[new] = peers
        relations.option_set[new] = found
        relations.option_reference[new] = market_volume(state, relations.product[new])


def nameplate(state: State, rows: Ints) -> Floats:
    """Capacity of firms at full ramp, M yuan a month."""
    firms = state.firms
    return np.asarray(firms.capital[rows] / firms.capital_intensity[rows] * firms.productivity[rows] / 12.0)


def market_volume(state: State, product: Ints) -> Floats:
    """Volume of the market of each product."""
    return np.asarray(state.markets.volume[state.markets_of_product[product]])


class SupplierChoice:
    """Moves the input shares of chain firms towards their targets."""

    phase: ClassVar[Phase] = Phase.SUPPLY
    writes: ClassVar[tuple[str, ...]] = ("weight", "option")

    def __init__(self, sourcing: Sourcing) -> None:
        self.sourcing, self.connection = sourcing, Connection(sourcing)
        self._near: tuple[Floats, Floats] | None = None

    def step(self, state: State, streams: Streams) -> None:
        """Target shares from costs, quality and habit; shares close a part omega of the gap; capacity limits them."""
        del streams
        s, firms, links, relations = self.sourcing, state.firms, state.links, state.relations
        first = self._first_options(state)
        state.boards.option = first
        supplier, relation, cap = links.supplier, links.relation, firms.capacity
        able = firms.alive & ((state.month - firms.birth >= qualification_of(state)) | firms.opening)
        eligible = able[supplier] & firms.alive[relations.buyer][relation]
        attraction = np.where(eligible, links.taste * self._pull(state), 0.0)
        grown = relations.option * market_volume(state, relations.product) / relations.option_reference
        option = np.where(np.isnan(first), grown, first)
        goal = target_shares(attraction, relation, option)
        weight = np.where(eligible, links.weight + s.adjust * (goal - links.weight), 0.0)
        need = (needed_inputs(state) * firms.output[relations.buyer])[relation]
        state.boards.weight = devoted(weight, need, supplier, cap, s.cap_devoted_max)

    def _pull(self, state: State) -> Floats:
        """(L,) cap exp(U), with exp(U) taken apart: links are many, and only habit is a matter of the link alone.

        exp(U) = [c_j^-theta exp(theta_q k_q q_j)] x delivery^-theta x exp(theta_h linked): of the supplier at its gate,
        of the two places, of the link.
        """
        s, firms, links = self.sourcing, state.firms, state.links
        at_gate = firms.relative_cost / (1.0 + s.freight * state.scenario[InputOutput].km_rest_china)
        at_gate = at_gate * (1.0 - bonus_of(state))
        value = utility(at_gate, firms.quality, state.world.key[firms.product], np.zeros(len(firms), dtype=bool), s)
        place, nearness = places(state), self._nearness(state)
        to = place[state.relations.buyer]
        near = nearness.ravel()[(len(nearness) * to)[links.relation] + place[links.supplier]]
        habit = np.where(links.weight > 0, np.exp(s.habit), 1.0)
        return np.asarray((firms.capacity * np.exp(value))[links.supplier] * near * habit)

    def _nearness(self, state: State) -> Floats:
        """(2C, 2C) delivery^-theta, buyer x supplier; the same in all months until roads change."""
        minutes = state.minutes
        if self._near is None or self._near[0] is not minutes:
            cost = delivery_cost(state.world, self.sourcing, minutes)
            self._near = minutes, cost.T**-self.sourcing.price_elasticity
        return self._near[1]

    def _first_options(self, state: State) -> Floats:
        """(R,) O of relations that have none yet, set in the first month with need; NaN elsewhere (section 9.5).

        Local capacity equal to the need of all such buyers of a county at full capacity is to give a share of one half.
        """
        relations, firms, products = state.relations, state.firms, state.world.product_count
        option = np.full(len(relations), np.nan)
        fresh = np.flatnonzero(~relations.option_set & firms.alive[relations.buyer])
        if len(fresh):
            buyer, product = relations.buyer[fresh], relations.product[fresh]
            need = needed_inputs(state)[fresh] * nameplate(state, buyer)
            cell = firms.node[buyer] * products + product
            total = sum_by(cell, need, state.node_count * products)[cell]
            option[fresh] = self.connection.parity_option(total, state.world.key[product])
        return option


def purchase_weights(state: State, product: int) -> Floats:
    """(K,) share of each goods input in the goods purchases of an industry.

    Goods are the agent products; raw metals and ores stand inside other industry and are left out with energy and
    services (section 9.5).
    """
    world = state.world
    goods = world.agent & ~world.legacy
    column = np.where(goods, chain_inputs(state)[:, product], 0.0)
    total = column.sum()
    return np.asarray(column / total if total > 0 else column)


def qualified_capacity(state: State) -> Floats:
    """(C, K) capacity of operating home firms, M yuan a month; chain suppliers count once they are qualified."""
    firms, products = state.firms, state.world.product_count
    counted = firms.alive & ~firms.block & (firms.opening | (state.month - firms.birth >= qualification_of(state)))
    weights = np.where(counted, firms.capacity, 0.0)
    return sum_by(firms.node, weights, state.node_count).reshape(-1, products)


def qualification_of(state: State) -> Floats:
    """(F,) t_q, months until a supplier is qualified: fewer where talent is plentiful (section 9.11)."""
    months = state.scenario[Sourcing].qualification
    return np.asarray(months * talent_of(state).qualification[state.firms.county])


def potential_coverage(state: State, product: int, decay: float) -> Floats:
    """(C,) C_pot of an industry seen from each county: sum_k om_k min(1, reachable qualified capacity_k / need_k).

    Capacity of other counties counts by exp(-decay x minutes); need is that of
    all home plants of the industry at their present output.

    Args:
        state: firms and technology.
        product: the buying industry.
        decay: per minute; 0 for the city-wide measure.
    """
    weights = purchase_weights(state, product)
    capacity = qualified_capacity(state)
    reach = np.exp(-decay * state.minutes) @ capacity
    firms = state.firms
    own = float(firms.output[firms.alive & (firms.product == product)].sum())
    need = lasting_inputs(state)[:, product] * own
    cover = np.minimum(1.0, np.divide(reach, need[None, :], out=np.ones_like(reach), where=need[None, :] > 0))
    return np.asarray(cover @ weights)
