"""Input-output methods as pure functions on arrays: tables, Leontief, balancing, splits, quotients, gravity, regions.

Nothing here knows a firm, a file or a parameter group. A matrix of flows has sellers in rows and buyers in columns.
"""
