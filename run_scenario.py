"""Run scenarios from a checkout: the same as the installed command ``ningde run``."""

if __name__ == "__main__":
    import typer

    from sim.cli import run

    typer.run(run)
