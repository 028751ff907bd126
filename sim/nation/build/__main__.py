"""`python -m sim.nation.build`: writes every table anew. Same packages, same bytes."""

from __future__ import annotations

from pathlib import Path

from sim.nation.build import blocks_table, holidays_table, municipalities_table, names_table, towns_table

DATA = Path(__file__).resolve().parent.parent / "data"


def main() -> None:
    rows = municipalities_table.rows()
    towns_table.write(DATA / "towns.csv")
    municipalities_table.write(DATA / "municipalities.csv", rows)
    names_table.write(DATA / "names.json")
    blocks_table.write(DATA / "blocks.bin.gz")
    holidays_table.write(DATA / "holidays.csv")


if __name__ == "__main__":
    main()
