"""`gdg-runtime goals`: one file per command.

place        which goals are meant: a file's or a server's
session      asking them; what goes wrong, in words
refusals     exit codes, and what to do about each kind of refusal
mistakes     what is wrong with a form's fields
finding      goals by their ids or a part of them
fields       options that make up a goal
goal_lines   goals as JSON lines
table        tables; `goal_page` one goal in full, `moments` times in words
telling      what is said after something was done; `progress` while it lasts
"""
