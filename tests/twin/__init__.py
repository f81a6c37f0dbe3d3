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
- PROPOSE: all; the columns of dated plants are taken as they are (history, 9.21), also their land.
- PLACE, SUPPLY, GROW, CLOSE, SHARE: all.
- BUILD: all but new relations and links (first options and tastes of peers, 9.5).
- PRODUCE: all but a shortage of outside supply (9.12); the cap on electricity is covered.
- OBSERVE: open; statistics and identities have their own tests.
"""
