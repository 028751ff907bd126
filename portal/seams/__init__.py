"""The world's seams: where time and chance come from.

The portal and the simulators are handed these; nothing else reads a real clock or real chance, and a test holds
that. The live ones are here; the simulated ones belong to ``sim.world``.
"""
