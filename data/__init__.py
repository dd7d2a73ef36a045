"""Published numbers, official series and the panels made from them."""
