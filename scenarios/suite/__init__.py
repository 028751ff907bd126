"""The suite: one file a subject. A file added here is found by itself."""
