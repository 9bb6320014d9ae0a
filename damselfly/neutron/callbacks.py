"""What Neutron tells all who listen: groups, rules, address groups, routers.

Only what an event is about is taken from it, never what it says: values are read from the database.
"""

from __future__ import annotations

from typing import Any

from neutron.db.models import securitygroup as tables
from neutron_lib.callbacks import events, registry, resources

from damselfly.errors import BadInput

from .errors import CannotKeepRule
from .requests import Requests
from .translate import Kind, Target, unkeepable

_WRITTEN = (resources.SECURITY_GROUP, resources.SECURITY_GROUP_RULE, resources.ROUTER)
"""What has events within its transaction; for these nothing is left to do after it but to write."""
_AFTER = (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE)


class Callbacks:
    """Turns the events that ML2 does not hand to its drivers into noted changes."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def subscribe(self) -> None:
        """Ask Neutron for the events."""
        group, rule, router = (
            resources.SECURITY_GROUP,
            resources.SECURITY_GROUP_RULE,
            resources.ROUTER,
        )
        for tell, resource, event in (
            (self._group_made, group, events.PRECOMMIT_CREATE),
            (self._group_changed, group, events.PRECOMMIT_UPDATE),
            (self._group_goes, group, events.PRECOMMIT_DELETE),
            (self._rule_asked_for, rule, events.BEFORE_CREATE),
            (self._rule_made, rule, events.PRECOMMIT_CREATE),
            (self._rule_goes, rule, events.PRECOMMIT_DELETE),
            (self._router_made, router, events.PRECOMMIT_CREATE),
            (self._router_changed, router, events.PRECOMMIT_UPDATE),
            (self._router_changed, router, events.PRECOMMIT_DELETE),
        ):
            registry.subscribe(tell, resource, event)
        for event in _AFTER:
            registry.subscribe(self._address_group_changed, resources.ADDRESS_GROUP, event)
            for resource in _WRITTEN:
                registry.subscribe(self._committed, resource, event)

    def _committed(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        self._requests.write(payload.context)

    def _group_made(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        """Note the group and the rules that it is born with, of which no event tells."""
        rules = payload.latest_state["security_group_rules"]
        targets = [Target(Kind.GROUP, payload.resource_id)]
        targets += [Target(Kind.RULE, one["id"], payload.resource_id) for one in rules]
        self._requests.note_new(payload.context, targets)

    def _group_changed(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        self._requests.note(payload.context, [Target(Kind.GROUP, payload.resource_id)])

    def _group_goes(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        """Note the group, its rules, and those of others that name it: the database drops them."""
        self._group_changed(resource, event, trigger, payload)
        self._requests.note_rules_of(payload.context, payload.resource_id)
        rule = tables.SecurityGroupRule
        naming = payload.context.session.query(rule.id, rule.security_group_id).filter(
            rule.remote_group_id == payload.resource_id,
            rule.security_group_id != payload.resource_id,
        )
        targets = [Target(Kind.RULE, rule_id, group_id) for rule_id, group_id in naming]
        self._requests.note(payload.context, targets)

    def _rule_asked_for(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        """Refuse what the switch could not keep as it is meant."""
        try:
            why = unkeepable(payload.latest_state)
        except BadInput as error:
            why = str(error)
        if why is not None:
            raise CannotKeepRule(why=why)

    def _rule_made(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        target = Target(Kind.RULE, payload.resource_id, payload.latest_state["security_group_id"])
        self._requests.note_new(payload.context, [target])

    def _rule_goes(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        target = Target(Kind.RULE, payload.resource_id, payload.metadata["security_group_id"])
        self._requests.note(payload.context, [target])

    def _address_group_changed(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        """Note and write; address groups have no event within their transaction."""
        self._requests.note_late([Target(Kind.ADDRESS_GROUP, payload.resource_id)])
        self._requests.write(payload.context)

    def _router_made(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        self._requests.note_new(payload.context, [Target(Kind.ROUTER, payload.resource_id)])

    def _router_changed(self, resource: str, event: str, trigger: Any, payload: Any) -> None:
        self._requests.note(payload.context, [Target(Kind.ROUTER, payload.resource_id)])
