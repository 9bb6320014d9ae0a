"""Part 2: the host is in Neutron's list of agents."""

from __future__ import annotations

from bench.cloud import HOST
from demo.neutron.stage import CloudStage
from demo.score import Score


def show(stage: CloudStage, score: Score) -> None:
    """Show the list, and what the agent says of itself."""
    stage.show("network", "agent", "list")
    agents = [agent for agent in stage.cloud.api.agents() if agent.host == HOST]
    score.expect(f"one agent, on {HOST}", met=len(agents) == 1)
    score.expect("it is alive", met=all(agent.is_alive for agent in agents))
    told = agents[0].configuration
    score.quote(f"{name}: {value}" for name, value in told.items())
    score.expect("it says which bridge Nova is to plug taps into", met=told["bridge"] == "br-int")
