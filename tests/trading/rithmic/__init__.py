"""The Rithmic adapter: its parts by themselves, and all of it against the server beside us."""
