"""The resolvers are tested on the same models as the mechanisms."""

from tests.mechanisms.conftest import baseline, fresh, next_month, opening

__all__ = ["baseline", "fresh", "next_month", "opening"]
