"""What stands before real money: whose account it is, what live mode demands, who said yes.

`accounts` says which broker's account is traded and whether the broker is a stand-in on this
machine; `demands` refuses a live start with one line that names the remedy; `confirming` asks a
person, or takes what the environment confirms.
"""
