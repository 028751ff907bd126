"""The card's operating system: commands, files, PINs, security state. No I/O, no clock, no randomness of its own."""
