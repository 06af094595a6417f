"""The layer of GoalStore: goals with value, effort, risk, horizon and beliefs.

Nothing is here yet. The folder holds the layer's place, so that the import contract guards it from
the first day.
"""
