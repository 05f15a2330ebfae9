"""Local stand-ins: they speak the real protocol to the real client library over a real socket."""
