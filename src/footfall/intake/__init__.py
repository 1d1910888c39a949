"""The intake room: one request in, facts or named refusals out. Pure: no clock, no file, no network, no framework.

    caller, spoofed = read_caller(peer, headers, arrival, trusted)
    taken = intake.collect(body, caller)

The wiring builds it once and hands in what it needs to know:

    Intake(sites=..., secret=..., salt=..., known=..., fresh_id=lambda: secrets.randbits(64),
           agents=Agents([entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA], ua_parser.parse),
           countries=iptocc.country_code, sources=Sources(REFERRERS))
"""

from footfall.intake.address import TrustedProxies, client_address, network_of
from footfall.intake.agents import Agent, Agents
from footfall.intake.caller import Caller, read_caller
from footfall.intake.collect import Intake, Taken
from footfall.intake.geo import Place
from footfall.intake.reasons import Reason, Refusal
from footfall.intake.sources import Sources

__all__ = [
    "Agent",
    "Agents",
    "Caller",
    "Intake",
    "Place",
    "Reason",
    "Refusal",
    "Sources",
    "Taken",
    "TrustedProxies",
    "client_address",
    "network_of",
    "read_caller",
]
