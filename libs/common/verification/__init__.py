"""How a provider proves that a webhook is its own: declared when an event is saved, verified at the edge."""

from libs.common.verification.declarations import PRESETS, Preset, preset_of
from libs.common.verification.verifiers import SignedRequest, Verifier, body_hash

__all__ = ["PRESETS", "Preset", "SignedRequest", "Verifier", "body_hash", "preset_of"]
