"""Resources that Neutron's own revision numbers show to differ from what the store was given.

They find what no event told of, and what died before it could be noted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from neutron.db import models_v2
from neutron.db.models import address_group, l3, securitygroup
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api

from damselfly.neutron.translate import Kind, Target

from .journal import TABLE

_MODELS: dict[Kind, Any] = {
    Kind.NETWORK: models_v2.Network,
    Kind.SUBNET: models_v2.Subnet,
    Kind.PORT: models_v2.Port,
    Kind.GROUP: securitygroup.SecurityGroup,
    Kind.RULE: securitygroup.SecurityGroupRule,
    Kind.ADDRESS_GROUP: address_group.AddressGroup,
    Kind.ROUTER: l3.Router,
}


@db_api.retry_db_errors
def behind() -> list[Target]:
    """Return what changed, came or went since it was written; not what is noted anyhow."""
    context = n_context.get_admin_context()
    with db_api.CONTEXT_READER.using(context):
        return [
            target
            for kind, model in _MODELS.items()
            for find in (_newer, _gone)
            for target in find(context.session, kind, model)
        ]


def _newer(session: Any, kind: Kind, model: Any) -> Iterator[Target]:
    attributes = model.standard_attr.property.mapper.class_
    parent = model.security_group_id if kind is Kind.RULE else sa.literal("")
    ours = sa.and_(TABLE.c.resource_type == kind.value, TABLE.c.resource_uuid == model.id)
    query = sa.select(model.id, parent).join(attributes, attributes.id == model.standard_attr_id)
    query = query.outerjoin(TABLE, ours).where(
        sa.or_(
            TABLE.c.noted.is_(None),
            sa.and_(
                TABLE.c.noted == TABLE.c.written,
                TABLE.c.revision_number < attributes.revision_number,
            ),
        )
    )
    return (Target(kind, name, above) for name, above in session.execute(query))


def _gone(session: Any, kind: Kind, model: Any) -> Iterator[Target]:
    query = sa.select(TABLE.c.resource_uuid, TABLE.c.parent_uuid).outerjoin(
        model, model.id == TABLE.c.resource_uuid
    )
    query = query.where(
        TABLE.c.resource_type == kind.value,
        TABLE.c.noted == TABLE.c.written,
        model.id.is_(None),
    )
    return (Target(kind, name, above) for name, above in session.execute(query))
