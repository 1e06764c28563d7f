"""Unix accounts: one for each customer (`local`), or the supervisor's own for all (`single`)."""
