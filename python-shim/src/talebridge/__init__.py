"""Gates the entries of a freqtrade strategy through the talebridge risk daemon."""

from talebridge._version import __version__
from talebridge.decorator import risk_gated
from talebridge.gate import RiskGate

__all__ = ["RiskGate", "__version__", "risk_gated"]
