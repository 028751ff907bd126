"""Storage: one interface, twins behind it. Accepted means durable."""
