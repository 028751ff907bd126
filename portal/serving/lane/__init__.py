"""The HTTP/1.1 lane: clear-text connections, all of them in one task with an epoll of its own (docs/serving.md)."""
