"""Derives the tables in `sim/nation/data` from registry packages (the `nation-build` extra).

Run by `python -m sim.nation.build` when a package has moved on; the product never imports it. Unlike the rest
of `sim.nation` it reads other packages' files and writes its own.
"""
