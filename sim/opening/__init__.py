"""The opening position of December 2013: totals by county and product, the table of twelve regions, the firms.

No county-by-industry table of 2013 is at hand: the opening is **synthetic**, and every result says so.
"""
