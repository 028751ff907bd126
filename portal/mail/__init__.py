"""メール: what the portal sends, and how it goes out."""
