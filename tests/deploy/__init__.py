"""What installs and runs tradebot on a server."""
