"""The YAML of scenarios and chips, read strictly, as frozen data."""
