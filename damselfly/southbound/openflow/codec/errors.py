"""Errors of the switch by name.

Source: OpenFlow 1.3.5, 7.4.4; for the extensions ``ovs-ofctl print-error NAME``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from damselfly.errors import SwitchError
from damselfly.flow.flow import FlowKey
from damselfly.flow.text import format_match
from damselfly.southbound.switch import FlowRefused

from .wire import NICIRA, ONF, decoder, xid_of

_ERROR = struct.Struct("!HH")
_VENDOR = struct.Struct("!I")
_EXPERIMENTER = 0xFFFF


def _codes(prefix: str, names: str, first: int = 0) -> dict[int, str]:
    return {first + i: f"{prefix}_{name}" for i, name in enumerate(names.split())}


_STANDARD = {
    0: _codes("OFPHFC", "INCOMPATIBLE EPERM"),
    1: _codes(
        "OFPBRC",
        "BAD_VERSION BAD_TYPE BAD_STAT BAD_VENDOR BAD_SUBTYPE EPERM BAD_LEN BUFFER_EMPTY"
        " BUFFER_UNKNOWN BAD_TABLE_ID IS_SECONDARY BAD_PORT BAD_PACKET MULTIPART_BUFFER_OVERFLOW",
    ),
    2: _codes(
        "OFPBAC",
        "BAD_TYPE BAD_LEN BAD_VENDOR BAD_VENDOR_TYPE BAD_OUT_PORT BAD_ARGUMENT EPERM TOO_MANY"
        " BAD_QUEUE BAD_OUT_GROUP MATCH_INCONSISTENT UNSUPPORTED_ORDER BAD_TAG BAD_SET_TYPE"
        " BAD_SET_LEN BAD_SET_ARGUMENT",
    ),
    3: _codes(
        "OFPBIC",
        "UNKNOWN_INST UNSUP_INST BAD_TABLE_ID UNSUP_METADATA UNSUP_METADATA_MASK BAD_EXPERIMENTER"
        " BAD_EXP_TYPE BAD_LEN EPERM",
    ),
    4: _codes(
        "OFPBMC",
        "BAD_TYPE BAD_LEN BAD_TAG BAD_DL_ADDR_MASK BAD_NW_ADDR_MASK BAD_WILDCARDS BAD_FIELD"
        " BAD_VALUE BAD_MASK BAD_PREREQ DUP_FIELD EPERM",
    ),
    5: _codes(
        "OFPFMFC",
        "UNKNOWN TABLE_FULL BAD_TABLE_ID OVERLAP EPERM BAD_TIMEOUT BAD_COMMAND BAD_FLAGS",
    ),
    12: _codes(
        "OFPMMFC",
        "UNKNOWN METER_EXISTS INVALID_METER UNKNOWN_METER BAD_COMMAND BAD_FLAGS BAD_RATE BAD_BURST"
        " BAD_BAND BAD_BAND_VALUE OUT_OF_METERS OUT_OF_BANDS",
    ),
}
_ONF = {
    **_codes(
        "OFPBFC",
        "UNKNOWN EPERM BAD_ID BUNDLE_EXIST BUNDLE_CLOSED OUT_OF_BUNDLES BAD_TYPE BAD_FLAGS"
        " MSG_BAD_LEN MSG_BAD_XID MSG_UNSUP MSG_CONFLICT MSG_TOO_MANY MSG_FAILED TIMEOUT"
        " BUNDLE_IN_PROGRESS",
        first=2300,
    ),
    2360: "OFPFMFC_BAD_PRIORITY",
    2600: "OFPBIC_DUP_INST",
    4250: "OFPBAC_BAD_SET_MASK",
}
_NICIRA = {
    2: "NXBRC_NXM_INVALID",
    3: "NXBRC_NXM_BAD_TYPE",
    4: "NXBRC_MUST_BE_ZERO",
    11: "NXBAC_MUST_BE_ZERO",
    12: "NXFMFC_HARDWARE",
    13: "NXFMFC_BAD_TABLE_ID",
    34: "NXR_NOT_SUPPORTED",
    35: "NXR_STALE",
    42: "NXBAC_CT_DATAPATH_SUPPORT",
    43: "NXBMC_CT_DATAPATH_SUPPORT",
}
_VENDORS = {ONF: _ONF, NICIRA: _NICIRA}

METER_EXISTS = "OFPMMFC_METER_EXISTS"


class Refusal(NamedTuple):
    """An error message: the xid of the request that caused it, and the error's name."""

    xid: int
    name: str


@decoder
def decode_error(message: bytes) -> Refusal:
    """Decode an error message; an error unknown here is named by its numbers."""
    kind, code = _ERROR.unpack_from(message, 8)
    if kind == _EXPERIMENTER:
        (vendor,) = _VENDOR.unpack_from(message, 12)
        name = _VENDORS.get(vendor, {}).get(code, f"error {code} of vendor {vendor:#x}")
    else:
        name = _STANDARD.get(kind, {}).get(code, f"error type {kind} code {code}")
    return Refusal(xid_of(message), name)


def raise_refusals(refusals: Sequence[Refusal], keys: Sequence[FlowKey], first: int) -> None:
    """Raise SwitchError if anything was refused.

    FlowRefused names the flows among ``keys``, whose xids count from ``first``.
    """
    if not refusals:
        return
    names = {r.xid - first: r.name for r in reversed(refusals) if 0 <= r.xid - first < len(keys)}
    if not names:
        raise SwitchError(f"the switch refused a request: {refusals[0].name}")
    text = "; ".join(f"{flow_name(keys[index])}: {names[index]}" for index in sorted(names))
    raise FlowRefused(f"the switch refused {text}", [keys[index] for index in sorted(names)])


def flow_name(key: FlowKey) -> str:
    """Spell what tells a flow from others."""
    return f"table={key.table},priority={key.priority},{format_match(key.match)}".rstrip(",")
