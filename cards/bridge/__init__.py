"""The browser's way to the card: what a page asks, what it is answered, and the consent between. No I/O, no clock."""
