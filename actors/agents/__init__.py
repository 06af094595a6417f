"""Agents: the base class for agents of your own, and the host of scripted policies."""

from .agent import Agent
from .context import AgentContext
from .policy_agents import ScriptedAgent

__all__ = ["Agent", "AgentContext", "ScriptedAgent"]
