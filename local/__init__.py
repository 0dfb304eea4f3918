"""The local AWS: an emulated control plane with real engines behind it, on 127.0.0.1 only."""
