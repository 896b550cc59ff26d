"""What the timing experiments share: the machine's name, runs in processes of their own, the file at the end."""
import json
import os
import pathlib
import re
import subprocess
import time

MAX_FOREIGN_LOAD = 0.05  # of all cores, by other processes while a run lasts
MAX_SPREAD = 0.10  # (max - min) / median over the rounds


def machine_name():
    """The CPU's model and number of cores, as a folder name: "intel-xeon-gold-6338-2-cores"."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    model = re.sub(r"\((R|TM|tm|r)\)|CPU|Processor|@.*", " ", found.group(1) if found else "unknown")
    return re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-") + f"-{os.cpu_count()}-cores"


def busy_seconds():
    """CPU seconds that all processes of the machine, and its host's other guests (steal), have used so far."""
    fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def run(command, threads, warnings, environment=None):
    """Runs one side in its own process; complains when others used the machine meanwhile."""
    variables = dict(os.environ, NIBBLE_THREADS=str(threads), OMP_NUM_THREADS=str(threads), **(environment or {}))
    busy, start, own = busy_seconds(), time.monotonic(), os.times()
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True, text=True)
    after = os.times()
    used = after.children_user + after.children_system - own.children_user - own.children_system
    foreign = (busy_seconds() - busy - used) / ((time.monotonic() - start) * os.cpu_count())
    if foreign > MAX_FOREIGN_LOAD:
        warnings.append(f"{foreign:.0%} of the machine was used by others during {pathlib.Path(command[0]).name} "
                        f"{' '.join(command[1:3])} with {threads} threads")
    return done.stdout


def git_describe(root):
    """As scripts/version.cmake: other results do not make a tree dirty."""
    git = ["git", "-C", str(root)]
    commit = subprocess.run([*git, "describe", "--always", "--tags"], capture_output=True, text=True).stdout.strip()
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!results", ":!README.md"]).returncode
    return commit + ("-dirty" if commit and changed else "")


def portable(context):
    """Google Benchmark's context without what names this user or host."""
    return {key: value for key, value in context.items() if key not in ("host_name", "executable")}


def write_json(path, result):
    """Readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, indent=2) + "\n")
    partial.replace(path)
