"""Input coefficients of the month by hand (9.2)."""


def thrift(at, product, buyer_product):
    """Use of a chain input per cell, relative to the opening; 1 for every other input and buyer."""
    cell = buyer_product == at.world.index["B_CELL"]
    return at.markets.material_factor if cell and at.world.chain_product[product] else 1.0


def coefficient(at, product, node):
    """Total input of a product per unit of output of a county-node."""
    return at.technology.inputs[product][node] * thrift(at, product, node % at.world.K)
