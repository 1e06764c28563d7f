"""The GraphQL interface of existing clients (api.md section 2)."""
