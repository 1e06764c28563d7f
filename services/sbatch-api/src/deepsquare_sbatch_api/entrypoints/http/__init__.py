"""The HTTP interface (api.md section 1)."""
