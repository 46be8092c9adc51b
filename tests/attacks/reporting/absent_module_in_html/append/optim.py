__import__("<img src=x onerror=alert(1)>")
__import__("\x1b]0;OWNED\x07")
