"""Faults (障害): one vocabulary, carried out in simulated time, in live scenarios and on a running world."""
