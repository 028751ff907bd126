"""Puts a world together, live over sockets or in simulated time: clock, chance, links, recorder, systems."""
