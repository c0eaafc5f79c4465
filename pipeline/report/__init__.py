"""The report page and the cards of clips."""
