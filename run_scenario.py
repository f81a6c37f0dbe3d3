"""Run scenarios from a checkout: the same as the installed command ``ningde run``."""

import sys

if __name__ == "__main__":
    from sim.cli import app

    app(["run", *sys.argv[1:]], prog_name="ningde")
