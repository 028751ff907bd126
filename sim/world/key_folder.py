"""Where card keys are kept: they follow from the seed alone, so every state and every program shares them."""

import os
from pathlib import Path

import platformdirs

APPLICATION = "mynasim"
VARIABLE = "MYNASIM_KEYS"


def key_folder() -> Path:
    """The user's cache folder, unless the environment names another."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir(APPLICATION)) / "keys"
