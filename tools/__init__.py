"""Static checks (`make lint`): what they need is installed when lint is first run, never by `make local`."""
