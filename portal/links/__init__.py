"""How a call reaches another system: over HTTP, or in memory."""
