"""A real SLURM with two virtual nodes on this machine, as the user who runs the tests, from nothing.

Everything lies in one folder and on the loopback interface: an authentication daemon, a controller, two node daemons,
no database. The daemons stay children of this process, so they are stopped by handle; what they started carries a mark in
its environment and is swept by that.
"""

import getpass
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = (
    "srun",
    "sbatch",
    "squeue",
    "scancel",
    "scontrol",
    "sinfo",
    "sacct",
    "sacctmgr",
    "sshare",
)
NODES = ("n1", "n2")
MARK = "SPARSETOPO_TEST_CLUSTER"
NODE_MARK = "SPARSETOPO_TEST_NODE"

# Jobs are started at once instead of at the next round, and stay on record. A silent node is given up after 30 s.
CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
SlurmdSpoolDir={folder}/spool-%n
PlugStackConfig={folder}/plugstack.conf
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=5
PriorityType=priority/basic
DefMemPerCPU=200
JobRequeue=1
ReturnToService=2
KillWait=2
MinJobAge=3600
SlurmctldTimeout=30
SlurmdTimeout=30
InactiveLimit=0
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={n1} CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={n2} CPUs=2 RealMemory=8000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=24:00:00 State=UP
PartitionName=gpu Nodes=n2 MaxTime=24:00:00 State=UP
"""


@dataclass(frozen=True)
class Record:
    """What SLURM remembers of one submitted job."""

    number: int
    run: str
    comment: str
    state: str
    node: str
    memory_mb: int
    minutes: int
    cpus: int
    partition: str
    gpus: str


def missing_programs() -> list[str]:
    """Programs of SLURM that are not installed; Debian keeps daemons outside a user's PATH."""
    return [name for name in (*DAEMONS, "sbatch") if _program(name) is None]


class Cluster:
    """Starts, breaks and stops the daemons; asks them what they did."""

    def __init__(self, folder: Path) -> None:
        # Its path must be short: that of a socket may have 107 characters at most.
        self.folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """For programs that talk to this cluster: its clients come first on PATH."""
        return os.environ | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "SLURM_CONF": str(self.folder / "slurm.conf"),
            MARK: str(self.folder),
        }

    def start(self) -> None:
        """Start everything and wait until both nodes take jobs; if that fails, say what the daemons said."""
        try:
            self._start_daemons()
        except AssertionError as error:
            said = "\n".join(path.read_text()[-1000:] for path in self.folder.glob("*.out"))
            raise AssertionError(f"{error}\n{said}") from None

    def _start_daemons(self) -> None:
        self._write_files()
        munge = self.folder / "munge"
        self._start(
            "munged",
            "--foreground",
            "--num-threads=4",
            *(f"--{name}-file={munge / name}" for name in ("key", "pid", "log", "seed")),
            f"--socket={munge / 'socket'}",
        )
        wait_for(lambda: (munge / "socket").exists(), 10, "munged has no socket")
        self._start("slurmctld", "-D")
        for node in NODES:
            self.start_node(node)

    def start_node(self, node: str) -> None:
        """Start a node's daemon, also after `kill_node`, and wait until it takes jobs."""
        self._start("slurmd", "-D", "-N", node, name=node)
        wait_for(
            lambda: self._state(node) in ("idle", "mixed", "alloc"), 60, f"{node} does not come up"
        )

    def kill_node(self, node: str) -> None:
        """Everything on the node dies at once and without a word, as at a power cut."""
        self._daemons.pop(node).kill()
        _kill_marked(f"{NODE_MARK}={self.folder}/{node}")

    def stop(self) -> None:
        """End the daemons, the controller first, and whatever they started."""
        for name in ("slurmctld", *NODES, "munged"):
            daemon = self._daemons.pop(name, None)
            if daemon is not None:
                daemon.terminate()
                try:
                    daemon.wait(10)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()
        _kill_marked(f"{MARK}={self.folder}")

    def call(self, *command: str) -> str:
        """Output of one of SLURM's clients."""
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.environment, timeout=60
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def records(self) -> list[Record]:
        """Every job ever submitted, in order."""
        lines = self.call("scontrol", "show", "job", "-o").splitlines()
        return [_record(line) for line in lines if line.startswith("JobId=")]

    def _state(self, node: str) -> str:
        return self.call("sinfo", "--noheader", "-n", node, "-o", "%t").split()[0]

    def _start(self, program: str, *arguments: str, name: str | None = None) -> None:
        name = name or program
        path = _program(program)
        assert path is not None, f"{program} is not installed"
        with open(self.folder / f"{name}.out", "ab") as output:
            self._daemons[name] = subprocess.Popen(
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment | {NODE_MARK: f"{self.folder}/{name}"},
                start_new_session=True,
            )

    def _write_files(self) -> None:
        # munged wants its socket within everybody's reach, and refuses a folder that others may write to.
        self.folder.chmod(0o711)
        for name in ("bin", "munge", "state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir(mode=0o755)
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(1024))
        key.chmod(stat.S_IRUSR)
        ports = dict(zip(("ctld", *NODES), _free_ports(3), strict=True))
        configuration = CONFIGURATION.format(
            folder=self.folder,
            host=socket.gethostname().partition(".")[0],
            user=getpass.getuser(),
            **ports,
        )
        (self.folder / "slurm.conf").write_text(configuration)
        (self.folder / "plugstack.conf").touch()
        # A GPU in name only: any device file will do.
        (self.folder / "gres.conf").write_text("NodeName=n2 Name=gpu File=/dev/null\n")
        # On a cluster the configuration lies where every client looks; inside a job the executor plugin forgets
        # SLURM_CONF, so here the clients bring it along.
        for name in CLIENTS:
            path = _program(name)
            if path is not None:
                client = self.folder / "bin" / name
                client.write_text(
                    f'#!/bin/sh\nSLURM_CONF={self.folder}/slurm.conf exec {path} "$@"\n'
                )
                client.chmod(0o755)


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until a condition holds; fail, saying what did not happen, if it does not within that time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} after {seconds} s"
        time.sleep(0.1)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _kill_marked(mark: str) -> None:
    """Kill the processes that carry a mark in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue


def _record(line: str) -> Record:
    """A line of `scontrol show job -o`: key=value, blanks apart."""
    values = dict(word.split("=", 1) for word in line.split() if "=" in word)
    days, _, clock = values["TimeLimit"].rpartition("-")
    hours, minutes, _ = clock.split(":")
    memory = values["MinMemoryNode"]
    return Record(
        number=int(values["JobId"]),
        run=values["JobName"],
        comment=values["Comment"],
        state=values["JobState"],
        node=values.get("NodeList", ""),
        memory_mb=int(float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]),
        minutes=int(days or 0) * 1440 + int(hours) * 60 + int(minutes),
        cpus=int(values["NumCPUs"]),
        partition=values["Partition"],
        gpus=values.get("TresPerJob", ""),
    )
