"""Static analysis of the contracts by slither, against a list of findings that are explained."""
