"""Scenarios: actors, the suite, and what runs and reports it. Each scenario names the requirements that it shows."""
