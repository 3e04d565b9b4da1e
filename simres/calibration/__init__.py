"""How fast this machine really is: measured with torch, written as a chip, and held against simulation."""
