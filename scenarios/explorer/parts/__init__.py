"""What the explorer explores, by subject: each file brings its actors, invariants, situations and faults."""
