"""マイナンバーカード: the virtual My Number Card, from the APDU up.

`card.Card` is the chip: bytes in, bytes out, no I/O. `terminal` is the reader's side of the same conversation.
`pcsc` and `vpcd` carry APDUs to programs outside. What is measured and what is assumed: docs/card.md.
"""
