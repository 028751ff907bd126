"""How operations and pages reach a socket: the dispatcher, the ASGI front, the HTTP/1.1 lane, the guard."""
