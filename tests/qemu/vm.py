#!/usr/bin/env python3
"""Boots a guest from an initramfs made of host programs and serves its wishes.

The guest's script talks to this program by lines on its console:
    HOST plug ID SERIAL IMAGE SIZE   hot-plugs an NVMe disk (made if missing)
    HOST unplug ID                   takes it away again
    HOST done CODE                   ends; CODE is the exit status
Every wish is answered by a line on the guest's second serial port. What else
the guest prints is copied to standard output.
"""
import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import threading

SLOTS = 4


def libraries_of(path):
    """Shared libraries of a program, with the loader."""
    out = subprocess.run(["ldd", path], capture_output=True, text=True, check=False)
    for line in out.stdout.splitlines():
        for word in line.split():
            if word.startswith("/"):
                yield word
                break


def copy_in(root, source, target):
    """Copies a file and, for programs, what it links to the same paths."""
    dest = os.path.join(root, target.lstrip("/"))
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    shutil.copy(os.path.realpath(source), dest)
    for lib in libraries_of(source):
        to = os.path.join(root, lib.lstrip("/"))
        if not os.path.exists(to):
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copy(os.path.realpath(lib), to)


def make_initramfs(work, programs, init):
    root = os.path.join(work, "root")
    for name in ("bin", "dev", "etc", "proc", "run", "sys", "tmp"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for pair in programs:
        source, target = pair.split("=", 1)
        copy_in(root, source, target)
    shutil.copy(init, os.path.join(root, "init"))
    os.chmod(os.path.join(root, "init"), 0o755)
    image = os.path.join(work, "initramfs")
    with open(image, "wb") as out:
        find = subprocess.Popen(["find", "."], cwd=root, stdout=subprocess.PIPE)
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, check=True,
                       stdin=find.stdout, stdout=out, stderr=subprocess.DEVNULL)
        find.wait()
    return image


class Monitor:
    """QEMU's control socket."""

    def __init__(self, sock):
        self.file = sock.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "return" in answer or "error" in answer:
                return answer

    def wait_event(self, name, device):
        while True:
            event = json.loads(self.file.readline())
            if event.get("event") == name and event["data"].get("device") == device:
                return


class Host:
    """Answers the guest's wishes."""

    def __init__(self, monitor):
        self.monitor = monitor
        self.slots = [None] * SLOTS

    def plug(self, ident, serial, image, size):
        if not os.path.exists(image):
            with open(image, "wb") as out:
                out.truncate(int(size))
        slot = self.slots.index(None)
        answer = self.monitor.ask("blockdev-add", driver="file", filename=image,
                                  **{"node-name": "disk-" + ident})
        if "error" not in answer:
            answer = self.monitor.ask("device_add", driver="nvme", id=ident, serial=serial,
                                      drive="disk-" + ident, bus="port%d" % slot)
        if "error" in answer:
            return "error " + answer["error"]["desc"]
        self.slots[slot] = ident
        return "ok"

    def unplug(self, ident):
        answer = self.monitor.ask("device_del", id=ident)
        if "error" in answer:
            return "error " + answer["error"]["desc"]
        self.monitor.wait_event("DEVICE_DELETED", ident)
        self.monitor.ask("blockdev-del", **{"node-name": "disk-" + ident})
        self.slots[self.slots.index(ident)] = None
        return "ok"

    def serve(self, words):
        try:
            return getattr(self, words[0])(*words[1:])
        except (AttributeError, TypeError, ValueError) as problem:
            return "error bad wish %r: %s" % (" ".join(words), problem)


def qemu_command(args, image, sockets):
    command = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-m", "512",
               "-display", "none", "-no-reboot", "-monitor", "none", "-nic", "none",
               "-kernel", args.kernel, "-initrd", image,
               "-append", "console=ttyS0 quiet panic=-1 images=" + args.work,
               "-serial", "stdio",
               "-serial", "unix:%s,server=on,wait=off" % sockets["answers"],
               "-qmp", "unix:%s,server=on,wait=on" % sockets["qmp"]]
    for i in range(SLOTS):
        command += ["-device", "pcie-root-port,id=port%d,chassis=%d,slot=%d" % (i, i + 1, i + 1)]
    return command


def connect(path, process):
    """The socket appears a moment after QEMU's start."""
    while process.poll() is None:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
    sys.exit("qemu ended with status %d before its socket %s was there" % (process.returncode, path))


def run(args):
    image = make_initramfs(args.work, args.program, args.init)
    sockets = {name: os.path.join(args.work, name + ".sock") for name in ("qmp", "answers")}
    process = subprocess.Popen(qemu_command(args, image, sockets), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE)
    watchdog = threading.Timer(args.timeout, process.kill)
    watchdog.start()
    status = None
    try:
        host = Host(Monitor(connect(sockets["qmp"], process)))
        answers = connect(sockets["answers"], process)
        for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            words = line.split()
            if words[:2] == ["HOST", "done"]:
                status = int(words[2])
            elif words[:1] == ["HOST"]:
                answers.sendall((host.serve(words[1:]) + "\n").encode())
            elif line:
                print(line, flush=True)
        process.wait()
    finally:
        watchdog.cancel()
        process.kill()
    if status is None:
        print("the guest ended without a verdict (crashed, or over %d s)" % args.timeout)
        return 1
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--init", required=True, help="the guest's first program, a shell script")
    parser.add_argument("--work", required=True, help="an empty folder for what is made")
    parser.add_argument("--program", action="append", default=[], metavar="HOSTPATH=GUESTPATH")
    parser.add_argument("--timeout", type=int, default=120)
    sys.exit(run(parser.parse_args()))


if __name__ == "__main__":
    main()
