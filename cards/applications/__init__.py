"""The card's applications: their files, who may read them, and what is in them (CARD.md 1.2 and 1.5)."""
