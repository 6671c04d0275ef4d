"""Template tags of the portal; Django finds them here because ``portal.web`` is an installed app."""
