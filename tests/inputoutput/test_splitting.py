"""Splitting a made-up nation: parts add up, known figures are met, impossible wishes are refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from sim.inputoutput.identities import check_columns, check_parts, check_rows
from sim.inputoutput.multiregional import total_coefficients
from sim.inputoutput.splitting import Child, SplitError, split
from sim.inputoutput.tables import USES, arrays
from tests.inputoutput.made_up import nation

CHILDREN = {
    "metal": [Child("foil", 0.1, value_added=0.3), Child("wire", 0.2, value_added=0.1, inputs={"foil": 0.05})],
    "goods": [Child("cells", 0.15, value_added=0.25, inputs={"foil": 0.06, "wire": 0.04})],
}


def test_parts_add_back_to_every_cell() -> None:
    whole = nation()
    parts = split(whole, CHILDREN)
    assert parts.table.products == ("ore", "foil", "wire", "metal rest", "cells", "goods rest", "care")
    assert parts.child == (None, "foil", "wire", None, "cells", None, None)
    assert check_parts(whole, parts.rejoined(whole.products)) < 1e-12
    assert check_rows(parts.table) < 1e-12
    assert check_columns(parts.table) < 1e-12


def test_known_figures_are_met() -> None:
    parts = split(nation(), CHILDREN)
    table = parts.table
    place = {name: index for index, name in enumerate(table.products)}
    assert table.output[place["foil"]] == pytest.approx(0.1 * nation().output[1])
    for name, share in (("foil", 0.3), ("wire", 0.1), ("cells", 0.25)):
        assert table.value_added_share[place[name]] == pytest.approx(share)
    for buyer, part, share in (("wire", "foil", 0.05), ("cells", "foil", 0.06), ("cells", "wire", 0.04)):
        assert total_coefficients(table)[place[part], place[buyer]] == pytest.approx(share)
    assert dict(parts.anchor_scale) == {}


def test_known_inputs_beyond_the_published_cell_are_scaled_down_together() -> None:
    crowded = {
        "metal": [Child("foil", 0.4), Child("wire", 0.3)],
        "goods": [Child("cells", 0.5, inputs={"foil": 0.4, "wire": 0.2})],
    }
    parts = split(nation(), crowded, anchor_cap=0.5)
    factor = parts.anchor_scale["metal", "goods"]
    assert 0 < factor < 1
    place = {name: index for index, name in enumerate(parts.table.products)}
    found = total_coefficients(parts.table)[[place["foil"], place["wire"]], place["cells"]]
    assert found == pytest.approx([0.4 * factor, 0.2 * factor])
    whole = nation()
    published = whole.intermediate[1, 2] + whole.imports[1, 2]
    assert found.sum() * parts.table.output[place["cells"]] == pytest.approx(0.5 * published)


def test_known_uses_beyond_the_output_of_a_child_are_scaled_down() -> None:
    parts = split(nation(), {"metal": [Child("foil", 0.02)], "goods": [Child("cells", 0.5, inputs={"foil": 0.2})]})
    place = {name: index for index, name in enumerate(parts.table.products)}
    sold = parts.table.intermediate[place["foil"], place["cells"]]
    assert sold == pytest.approx(0.9 * parts.table.output[place["foil"]])
    assert 0 < parts.output_scale["foil"] < 1
    assert dict(parts.anchor_scale) == {}


def test_main_users_draw_a_child_towards_them() -> None:
    def bought_by_cells(users: tuple[str, ...] | None) -> float:
        metal = [Child("foil", 0.1, bought_by=users)]
        parts = split(nation(), {"metal": metal, "goods": [Child("cells", 0.15)]})
        place = {name: index for index, name in enumerate(parts.table.products)}
        return float(parts.table.intermediate[place["foil"], place["cells"]])

    assert bought_by_cells(("cells",)) > 3 * bought_by_cells(None)


def test_a_negative_inventory_stays_negative_and_adds_up() -> None:
    parts = split(nation(), {"ore": [Child("nickel", 0.3)]})
    stocks = parts.table.final[:2, USES.index("investment")]
    assert (stocks < 0).all()
    assert stocks.sum() == pytest.approx(-0.5)


@pytest.mark.parametrize(
    ("children", "message"),
    [
        ({"tin": [Child("foil", 0.1)]}, "no sector is called 'tin'"),
        ({"metal": [Child("foil", 0.0)]}, "foil: weight 0 is not above 0"),
        ({"metal": [Child("foil", 0.6), Child("wire", 0.6)]}, "metal: weights of its children sum to 1.2"),
        ({"metal": [Child("foil", 0.1), Child("foil", 0.2)]}, "two industries are called 'foil'"),
        ({"metal": [Child("foil", 0.9, value_added=0.9)]}, "metal: value added of its children exceeds"),
        ({"metal": [Child("foil", 0.1, inputs={"ore": 0.2})]}, "foil: known input 'ore' is not a child"),
        (
            {
                "goods": [
                    Child("cells", 0.1, value_added=0.9),
                    Child("toys", 0.1, value_added=0.3, inputs={"cells": 0.8}),
                ]
            },
            "toys: known inputs exceed what value added leaves",
        ),
    ],
)
def test_impossible_splits_are_refused(children: dict[str, list[Child]], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        split(nation(), children)


def test_children_without_a_rest_keep_the_technology_of_their_sector() -> None:
    parts = split(nation(), {"metal": [Child("foil", 0.4), Child("wire", 0.6)]})
    shares = parts.table.value_added_share
    assert shares[1] == pytest.approx(shares[2])
    assert "metal rest" not in parts.table.products


def test_scaling_that_does_not_settle_is_refused() -> None:
    with pytest.raises(SplitError, match="does not settle"):
        split(nation(), CHILDREN, tolerance=0.0, rounds=3)


def test_the_split_leaves_the_published_table_alone() -> None:
    whole = nation()
    before = replace(whole)
    split(whole, CHILDREN)
    assert np.array_equal(whole.intermediate, before.intermediate)


def test_children_without_a_rest_take_their_given_value_added() -> None:
    whole = nation()
    share = whole.value_added_share[1]
    given = (share + 0.06, share - 0.04)  # 0.4 of 0.06 is 0.6 of 0.04
    parts = split(whole, {"metal": [Child("foil", 0.4, given[0]), Child("wire", 0.6, given[1])]})
    assert parts.table.value_added_share[1:3] == pytest.approx(given)
    assert check_parts(whole, parts.rejoined(whole.products)) < 1e-12
    with pytest.raises(SplitError, match=r"metal: value added of its children sums to .*, that of the sector is"):
        split(whole, {"metal": [Child("foil", 0.4, given[0]), Child("wire", 0.6, given[1] + 0.01)]})


def test_children_of_unknown_value_added_take_the_difference_where_there_is_no_rest() -> None:
    whole = nation()
    share = whole.value_added_share[1]
    children = [Child("foil", 0.4, share + 0.06), Child("wire", 0.2), Child("tube", 0.4)]
    parts = split(whole, {"metal": children})
    assert parts.table.value_added_share[1:4] == pytest.approx([share + 0.06, share - 0.04, share - 0.04])
    with pytest.raises(SplitError, match=r"metal: value added of its children exceeds that of the sector: \d"):
        split(whole, {"metal": [Child("foil", 0.9, 0.9), Child("wire", 0.1)]})


def test_tables_that_cannot_be_split_are_refused() -> None:
    whole = nation()
    children = {"metal": [Child("foil", 0.1)]}
    more = np.vstack([whole.imports, np.ones(4)]), np.vstack([whole.final_imports, np.ones(4)])
    two = tuple(("here" if i < 2 else "there", product) for i, (_, product) in enumerate(whole.producers))
    for table, message in (
        (replace(whole, imported=whole.imported[::-1]), "products as import rows"),
        (replace(whole, imported=(*whole.imported, "tea"), imports=more[0], final_imports=more[1]), "5 import rows"),
        (replace(whole, producers=two), "the regions here, there"),
        (replace(whole, incomes=(), value_added=np.zeros((0, 4))), "0 rows of value added"),
    ):
        with pytest.raises(SplitError, match=message):
            split(table, children)


def test_an_absent_sector_has_children_without_output() -> None:
    whole = nation()
    cells = {name: array.copy() for name, array in arrays(whole).items()}
    for name in ("intermediate", "final", "imports", "final_imports"):
        cells[name][1] = 0.0
    cells["intermediate"][:, 1] = cells["imports"][:, 1] = 0.0
    cells["output"] = cells["intermediate"].sum(axis=1) + cells["final"].sum(axis=1)
    earned = cells["output"] - cells["intermediate"].sum(axis=0) - cells["imports"].sum(axis=0)
    absent = replace(whole, **cells | {"value_added": np.outer([0.5, 0.1, 0.15, 0.25], earned)})
    parts = split(absent, CHILDREN | {"goods": [Child("cells", 0.15, value_added=0.3)]})
    assert parts.table.output[1:4].tolist() == [0.0, 0.0, 0.0]
    assert check_parts(absent, parts.rejoined(absent.products)) < 1e-12
    whole_sector = split(absent, {"metal": [Child("foil", 0.5, 0.3), Child("wire", 0.5, 0.2)]})
    assert whole_sector.table.output[1:3].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("child", "options", "message"),
    [
        (Child("foil", np.nan), {}, "foil: weight nan is not above 0"),
        (Child("foil", 0.1, value_added=np.nan), {}, "foil: value added per unit of output is nan"),
        (Child("foil", 0.1, value_added=-0.1), {}, "foil: value added per unit of output is -0.1"),
        (Child("foil", 0.1, inputs={"foil": np.nan}), {}, "foil: known input of foil per unit of output is nan"),
        (Child("foil", 0.1, inputs={"foil": -0.1}), {}, "foil: known input of foil per unit of output is -0.1"),
        (Child("foil", 0.1, bought_by=("tin",)), {}, "foil: its user 'tin' is no child, rest or sector"),
        ("foil", {}, "children must be given as Child"),
        (Child("foil", 0.1), {"own_use": np.nan}, "own_use, the weight of own use, is nan"),
        (Child("foil", 0.1), {"own_use": 0.0}, "own_use, the weight of own use, is 0"),
        (Child("foil", 0.1), {"minor_use": -1.0}, "minor_use is -1"),
        (Child("foil", 0.1), {"minor_use": np.nan}, "minor_use is nan"),
        (Child("foil", 0.1), {"anchor_cap": 2.0}, "anchor_cap is 2"),
        (Child("foil", 0.1), {"anchor_cap": -0.5}, "anchor_cap is -0.5"),
    ],
)
def test_figures_without_meaning_are_named(child: Child, options: dict, message: str) -> None:
    with pytest.raises(SplitError, match=message):
        split(nation(), {"metal": [child]}, **options)
