"""Who acts in a scenario: residents, the operator of the simulators, who reads the mail."""
