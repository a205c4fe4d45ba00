"""The door of time: what no caller asks for happens here, when it is due."""
