"""Scenario discovery: under which conditions does a policy fail?

Two ways to a description that a reader can repeat: a box, limits of few factors between which most cases fail, and a
tree, which cuts all cases into leaves. What a search finds in the cases it searched looks better than it is. So cases
are split by lot into two halves: **one half finds, the other judges**, and all shares that are told are of the judging
half.

=====  ===============================================================================================================
PRIM   Peels a strip of a twentieth after the other off the box of all cases (Friedman and Fisher, Statistics and
       Computing 9, 1999; for scenarios Bryant and Lempert, Technological Forecasting and Social Change 77, 2010). Along
       the way coverage (share of all failures inside) falls and density (share of failures among what is inside) rises.
       Taken is the box with the largest harmonic mean of both (F1; van Rijsbergen 1979): a description that is often
       wrong is as useless as one that explains little, so neither may be bought with the other without measure. Where
       no peel raises it, or where the judging half fails inside no more than on average, there is no box. Sides
       without which the judging half fails hardly less are dropped: by the chance that the box would hold so many
       failures if its cases were drawn by lot from the box without the side (Fisher's exact test).
CART   Grown on the finding half and cut back to the smallest tree within one standard error of the best in
       cross-validation (Breiman and others 1984); there is none if the leaf that failed most does not fail more than
       the average in the judging half.
=====  ===============================================================================================================

Where most cases fail, ask for those that do not: what is rare can be told in few words. PRIM is that of the EMA
workbench (Kwakkel, Environmental Modelling and Software 96, 2017), trees are scikit-learn's; extra ``discovery``.

=========  ===========================================================================================================
file       holds
=========  ===========================================================================================================
``boxes``  conditions, their words, the two halves and what the judging half says
``prim``   boxes
``tree``   trees
=========  ===========================================================================================================
"""

from sim.statistics.discovery.boxes import Box, DiscoveryError, Limit, answer, words
from sim.statistics.discovery.prim import prim_boxes
from sim.statistics.discovery.tree import cart

__all__ = ["Box", "DiscoveryError", "Limit", "answer", "cart", "prim_boxes", "words"]
