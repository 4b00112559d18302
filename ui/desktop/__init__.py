"""The window. Nothing in here blocks the UI thread: see `ui.desktop.tasks`."""
