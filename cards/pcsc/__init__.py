"""PC/SC without a daemon: the pcsc-lite client protocol on a unix socket, with virtual readers behind it (CARD.md 2.4)."""
