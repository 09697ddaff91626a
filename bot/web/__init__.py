"""What a browser or a monitor may ask the running bot."""
