"""The nation (国) whose residents use the portal: computed from a seed, not stored. No I/O, no clock, no Trio."""
