"""Student code in a process of its own: host/ is the judge's side of the pipe, inside/ the worker's."""
