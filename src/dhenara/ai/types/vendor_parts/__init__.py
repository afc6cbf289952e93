"""Content parts in the formats of vendors, converted to our types.

A part that a user passes in a vendor's format is converted to our types. Fields that our type does not have are stored
in `extras["vendor_fields"]`, under their protocol and with their path. The codec of that protocol writes them back;
every other codec warns that they are dropped. A part that is converted only approximately is stored completely in
`extras["vendor_part"]`; its own protocol gets it unchanged.
"""
