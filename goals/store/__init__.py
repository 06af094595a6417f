"""Where goals are kept: one SQLite file.

database       the connection, its transactions, and the migrations at its opening
migrations     the schema, from the first version on
"""
