"""Pages of procurement, a module for each part of the way: selection, tender, bidding, marking, award, public."""
