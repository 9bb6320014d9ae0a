"""Flows of others that we have no words for are read, named and removed like any other."""

from __future__ import annotations

import pytest

from bench.agent import Agent
from lab.command import CommandFailed
from lab.daemon import wait_until
from lab.hypervisor import Hypervisor
from tests.ovs.site import Site

pytestmark = pytest.mark.ovs
STRANGERS = (
    "table=0,priority=65535,dl_vlan=5,vlan_pcp=3,actions=strip_vlan,output:1",
    "table=10,priority=7,mpls,mpls_label=5,mpls_tc=1,actions=pop_mpls:0x0800,output:1",
    "table=20,priority=7,tun_id=7,tun_src=10.0.0.1,tun_metadata0=5,actions=output:1",
    "table=30,priority=7,pkt_mark=3/7,actions=set_field:5->pkt_mark,output:1",
    "table=40,priority=7,conj_id=7,ip,actions=output:1",
    "table=40,priority=8,ip,nw_src=1.2.3.4,actions=conjunction(7,1/2)",
    "table=50,priority=7,ip,nw_tos=32,nw_ecn=1,actions=dec_ttl,mod_nw_tos:8,output:1",
    "table=50,priority=8,tcp,tcp_flags=+syn-ack,actions=learn(table=60,priority=9,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
    "table=60,priority=7,ipv6,ipv6_label=5,actions=enqueue:1:2",
    "table=70,priority=7,metadata=0x5/0xff,actions=write_metadata:7,goto_table:80",
    "table=80,priority=7,idle_timeout=300,hard_timeout=400,actions=NORMAL",
    "table=90,priority=7,reg5=0x5/0xf0f,actions=bundle(eth_src,0,hrw,ofport,members:1,2)",
    "table=100,priority=7,arp,arp_op=2,actions=clone(output:1),note:01.02",
    "table=110,priority=65535,ip,nsh_si=5,actions=drop",
    "table=110,priority=65535,actions=ct(commit,zone=5,nat(src=1.2.3.4)),output:2",
    "table=110,priority=100,reg0=1,actions=group:5",
    "table=120,priority=7,dl_type=0x9999,actions=multipath(eth_src,50,modulo_n,1,0,reg0[])",
    "table=130,priority=7,send_flow_rem,actions=FLOOD",
    "table=140,priority=7,xreg3=0x55,actions=push:reg0[],pop:reg1[],check_pkt_larger(100)->reg0[0]",
    "table=150,priority=7,in_port=LOCAL,actions=sample(probability=5)",
    "table=200,priority=65535,icmp6,icmp_type=135,nd_reserved=5,actions=output:in_port",
)


def test_strange_flows_in_all_our_tables_go(hypervisor: Hypervisor) -> None:
    with Agent(hypervisor, status_interval=0.3, verify_interval=2) as agent:
        site = Site(hypervisor, agent)
        before = without_verdicts(site)
        hypervisor.ofctl("add-tlv-map", "{class=0xffff,type=0,len=4}->tun_metadata0")
        hypervisor.ofctl("add-group", "group_id=5,type=all,bucket=output:1")
        added = sum(could_be_added(site, flow) for flow in STRANGERS)
        assert added >= 15
        wait_until(lambda: without_verdicts(site) == before, 20, "the flows")
        wait_until(lambda: foreign(site) >= added, 20, "the report")
        site.restart_agent(between=lambda: [could_be_added(site, flow) for flow in STRANGERS])
        wait_until(lambda: without_verdicts(site) == before, 20, "the flows")


def could_be_added(site: Site, flow: str) -> bool:
    """Add a flow; not every Open vSwitch takes every one."""
    try:
        site.hypervisor.ofctl("add-flow", flow)
    except CommandFailed:
        return False
    return True


def foreign(site: Site) -> int:
    status = site.agent.status()
    return 0 if status is None else status.drift.get("foreign", 0)


def without_verdicts(site: Site) -> list[str]:
    """Return all flows but the verdicts that traffic brings."""
    lines = site.hypervisor.ofctl("dump-flows", "--no-stats").splitlines()
    return sorted(x.strip() for x in lines if "0xa00000" not in x and "0xde0000" not in x)
