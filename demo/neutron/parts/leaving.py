"""Part 6: the host's agent is stopped, and started again."""

from __future__ import annotations

from bench.cloud import HOST, PATIENCE
from demo.neutron.stage import CloudStage
from demo.score import Score
from demo.stream import streaming
from lab.daemon import wait_until


def show(stage: CloudStage, score: Score) -> None:
    """Stop the agent under a connection, and look at what Neutron says of the host."""
    with streaming(stage.vms["attacker"], stage.vms["web-1"], 80) as stream:
        score.expect("attacker to web-1, tcp 80, is connected", met=stream.flows())
        score.say("The agent is stopped:")
        stage.cloud.agent.stop()
        wait_until(lambda: not _is_alive(stage), PATIENCE, "the agent's end in Neutron's list")
        listed = stage.cloud.api.agents()
        score.quote(f"{one.host}: {'alive' if one.is_alive else 'dead'}" for one in listed)
        score.expect("Neutron lists it as dead", met=not _is_alive(stage))
        stage.cloud.agent.start()
        stage.cloud.until_listed()
        stage.show("network", "agent", "list", "-c", "Host", "-c", "Alive", "-c", "Binary")
        score.expect("started again, it is alive", met=_is_alive(stage))
        score.expect(
            "the connection went on all the while, nothing lost",
            met=stream.flows() and stream.complete and stream.retransmitted == 0,
            seen=f"{len(stream.arrivals)} lines",
        )
    active = [stage.cloud.status(vm.port_id) == "ACTIVE" for vm in stage.vms.values()]
    score.expect("and every port is still active", met=all(active))


def _is_alive(stage: CloudStage) -> bool:
    return any(one.is_alive for one in stage.cloud.api.agents() if one.host == HOST)
