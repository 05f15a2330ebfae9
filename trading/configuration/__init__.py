"""Configurations: the engine's settings per symbol, as a YAML file or as a stored row.

`reading` turns YAML into a tree of text, `document` says what the tree means and what is wrong with
it, `writing` makes YAML, `stored` keeps versions in the database, `sources` finds what
`--config` names, `compare` says what differs between two.
"""
