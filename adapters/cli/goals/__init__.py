"""`gdg-runtime goals`: the commands, and what they share.

group     the table of the commands
changes   add, edit, complete, and the verbs of the table (approve, adopt, abandon, delete, release)
views     list, show, explain, next, history, rollout
beliefs   belief add, list, set; weights
transfer  import, export
session   the goals that are meant, a file's or a server's; asking them, and finding one
refusals  refusals and invalid fields in words; exit codes, and what to do next
output    sentences, moments, progress
tables    tables, and the page of one goal
"""
