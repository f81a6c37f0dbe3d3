"""Commuting: who works where, jobs and people matched with some of both left over (model description, section 9.11).

    T_sr = kappa_r exp(-b minutes_sr) sqrt(U_s V_r) ,   U_s = S_s - sum_r T_sr ,   V_r = D_r - sum_s T_sr

S is the labour force by residence, D the posts on offer by workplace, U who finds no work, V the posts that stay open.
It is the gravity model of commuting with both margins as upper limits: a doubly constrained model would have to fill
every post however far the worker lives, this one lets vacancies rise where people are short. The square root is the
matching function with equal elasticities (Choo and Siow 2006; Petrongolo and Pissarides 2001 for the elasticities). For
given S, D and kappa there is exactly one solution, and it fills no post twice. Choice of this project in place of a
capped Sinkhorn scaling, which has no room for vacancies. The efficiency kappa_r of a workplace is set at the opening
such that every county opens with its jobs filled and the normal share of posts open.

Posts that a plant keeps for residents of one county are offered to them first (9.18): a matching of the same form of
these posts and that county alone, T = kappa_r exp(-b minutes_sr) sqrt((S - T) (R - T)); who declines is not missing,
since what stays open of R joins the other posts, and whoever was not hired joins the others who look for work.

Owns no parameters; :mod:`sim.mechanisms.labour` uses it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SWEEPS = 400
"""Sweeps after which the matching gives up; 3 or 4 are needed from last month's solution (numerical safety)."""

TOLERANCE = 1e-13
"""Largest relative change of the root of a vacancy at which the matching stops (numerical)."""


class MatchingError(RuntimeError):
    """Jobs and people could not be matched."""


def positive_root(linear: Floats, constant: Floats) -> Floats:
    """The root x >= 0 of x^2 + linear x = constant, in the form that loses no digits."""
    return np.asarray(2.0 * constant / np.maximum(linear + np.sqrt(linear * linear + 4.0 * constant), 1e-300))


def match(supply: Floats, posts: Floats, kernel: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Workers by residence and workplace, for each skill.

    A sweep y = root(K x, S), g(x) = root(K'y, D) contracts to the solution from anywhere. Newton's step on x = g(x)
    (g' = g / (2 g + K'y) K' y / (2 y + K x) K, since x^2 + l x = c moves by dx = -x dl / (2 x + l)) is the start of the
    next sweep as long as the gap falls; so the end is that of the plain sweeps.

    Args:
        supply: (H, C) labour force by skill and residence, persons.
        posts: (H, C) posts on offer by skill and workplace, persons.
        kernel: (H, C, C) kappa_r exp(-b minutes_sr), residence x workplace.
        start: (H, C) first guess of the root of the vacancies, for example last month's.

    Returns:
        (H, C, C) workers, residence x workplace, and (H, C) roots of the vacancies.

    Raises:
        MatchingError: after :data:`SWEEPS` sweeps without convergence.
    """
    open_root, across, one = start, kernel.transpose(0, 2, 1), np.eye(posts.shape[1])
    scale = TOLERANCE * max(1.0, float(np.sqrt(posts.max(initial=0.0))))
    before = np.inf
    for _ in range(SWEEPS):
        to_idle = (kernel @ open_root[:, :, None])[:, :, 0]
        idle_root = positive_root(to_idle, supply)
        to_open = (across @ idle_root[:, :, None])[:, :, 0]
        new = positive_root(to_open, posts)
        step = new - open_root
        gap = float(np.abs(step).max())
        if gap <= scale:
            idle_root = positive_root((kernel @ new[:, :, None])[:, :, 0], supply)
            return idle_root[:, :, None] * kernel * new[:, None, :], new
        if gap < before:
            answer = new / np.maximum(2.0 * new + to_open, 1e-300)  # -dg / d(K'y)
            echo = idle_root / np.maximum(2.0 * idle_root + to_idle, 1e-300)  # -dy / d(K x)
            slope = answer[:, :, None] * (across @ (echo[:, :, None] * kernel))
            guess = open_root + np.linalg.solve(one - slope, step[:, :, None])[:, :, 0]
            new = np.where(guess > 0, guess, new)
        open_root, before = new, gap
    raise MatchingError(f"jobs and people: change of {gap:.3g} after {SWEEPS} sweeps")


def first_offered(supply: Floats, posts: Floats, kernel: Floats) -> Floats:
    """(H, C, C) residents who take posts that are offered to their county first, residence x workplace.

    T = k sqrt((S - T) (R - T)), so T <= R, and the residents of a county never take more posts than there are people.

    Args:
        supply: (H, C) labour force by skill and residence, persons; several workplaces share it by their posts.
        posts: (H, C, C) R, posts kept for the residents of each county, residence x workplace.
        kernel: (H, C, C) kappa_r exp(-b minutes_sr).
    """
    asked = posts.sum(axis=2, keepdims=True)
    force = supply[:, :, None] * np.divide(posts, asked, out=np.zeros_like(posts), where=asked > 0)
    square = kernel * kernel
    linear, constant = square * (force + posts), square * force * posts
    root = np.sqrt(np.maximum(linear * linear + 4.0 * (1.0 - square) * constant, 0.0))
    return np.asarray(np.divide(2.0 * constant, linear + root, out=np.zeros_like(posts), where=constant > 0))


def efficiency(supply: Floats, jobs: Floats, open_posts: Floats, distance: Floats) -> Floats:
    """(H, C) kappa_r with which the given jobs are exactly filled while the given posts stay open.

    Args:
        supply: (H, C) labour force by skill and residence, persons.
        jobs: (H, C) jobs to be filled by skill and workplace, persons.
        open_posts: (H, C) posts that stay open, persons.
        distance: (C, C) exp(-b minutes), residence x workplace.

    Raises:
        MatchingError: there are more jobs than people.
    """
    if (jobs.sum(axis=1) >= supply.sum(axis=1)).any():
        raise MatchingError("more jobs than people: see labour.participation")
    root = np.sqrt(open_posts)
    kappa = np.ones_like(jobs)
    for _ in range(100 * SWEEPS):
        idle_root = positive_root((kappa * root) @ distance.T, supply)
        new = jobs / np.maximum(root * (idle_root @ distance), 1e-300)
        gap = float(np.abs(new / np.maximum(kappa, 1e-300) - 1.0)[jobs > 0].max(initial=0.0))
        kappa = new
        if gap <= TOLERANCE:
            return kappa
    raise MatchingError(f"jobs and people of the opening: change of {gap:.3g} after {100 * SWEEPS} sweeps")
