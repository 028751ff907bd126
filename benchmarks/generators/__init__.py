"""The disclosure journey by other load generators, as a team would write it for them."""
