"""An independent twin of the month in plain loops, written from docs/model.md and not from the code.

It guards against errors that code and tests share: whoever wrote a mechanism also wrote its test. The twin has one
file a phase, plain floats, lists and loops, and solves the joint fixed point and the matching by its own iteration.
Each phase of a month is computed from the position before it and compared column by column with what the model made of
it: decisions are equal (leads, signatures, parks, failures, stages, births, exits, sites of leaders), values agree to
1e-12 of the larger, and to 1e-9 absolute behind an iterative solve (:mod:`tests.twin.compare`).

What the twin takes from the model: the position before the phase with the boards of earlier phases, the draws of luck
by their names, the opening table and the tax rates set at the opening.

Covered, by phase:

- WORLD: all but the draws themselves (candidates, rain) and the number of slots.
- PROPOSE, PLACE, BUILD, SUPPLY, PRODUCE, GROW, CLOSE, SHARE: all columns that the month reads again, with dated plants,
  the cap on electricity and shortages of outside supply, also in one month.
- OBSERVE: open; statistics and identities have their own tests. So are the opening, the log of decisions and the
  counts of the ledger.

It is not blind to the code everywhere: WORLD (prices), PRODUCE, SUPPLY, GROW, CLOSE and the shortage were written from
the description first and compared then; latent series, PROPOSE, PLACE, BUILD and SHARE were written with the code at
hand, because the description did not suffice; it has been mended since (docs/model.md).
"""
