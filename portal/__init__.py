"""What people and programs touch: pages, API, support console, launcher. No business rule."""
