"""Runs a command with a controlling terminal: with-terminal.py COMMAND... A line on our own input is a Ctrl-C
on that terminal. Output goes where ours goes."""
import os
import pty
import sys

out, err = os.dup(1), os.dup(2)
pid, terminal = pty.fork()
if pid == 0:
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.execvp(sys.argv[1], sys.argv[1:])
if sys.stdin.readline():
    os.write(terminal, b"\x03")
status = os.waitpid(pid, 0)[1]
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
