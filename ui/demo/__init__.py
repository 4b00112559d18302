"""An invented county that runs the whole job: real files, real archives, a real server process. Nobody in it exists."""
