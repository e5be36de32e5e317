"""Models: trained networks, their history, and the files that hold them."""
