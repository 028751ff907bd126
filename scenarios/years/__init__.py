"""Years (年月): a municipality's life over months and years in simulated time, and a report of what came of it."""
