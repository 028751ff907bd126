"""The explorer (探索): random worlds with faults, invariants that must hold in all of them, and any failure repeated."""
