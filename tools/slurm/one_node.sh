#!/usr/bin/env bash
# A real SLURM of one node on loopback, without systemd, accounting or usable cgroups, for tests of the cluster profile.
# usage: one_node.sh up|down      as root; on Debian or Ubuntu the packages are installed when they are absent
set -euo pipefail

ROOT=${SLURM_TEST_ROOT:-${TMPDIR:-/tmp}/slurm_test}
SOCKET=$ROOT/munge/munge.socket
NODE=$(hostname -s)
MEMORY_MB=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)

install_packages() {
  command -v slurmctld > /dev/null && command -v slurmd > /dev/null && command -v munged > /dev/null && return
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "SLURM is not installed; as root: apt-get install slurmctld slurmd slurm-client munge" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq slurmctld slurmd slurm-client munge > /dev/null
}

write_configuration() {
  mkdir -p "$ROOT"/{munge,state,spool,log}
  chmod 0755 "$ROOT" "$ROOT/munge"
  (umask 077; head -c 1024 /dev/urandom > "$ROOT/munge/munge.key")
  cat > "$ROOT/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$NODE(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$SOCKET
CredType=cred/munge
MpiDefault=none
SlurmctldPort=16827
SlurmdPort=16828
SlurmctldPidFile=$ROOT/slurmctld.pid
SlurmdPidFile=$ROOT/slurmd.pid
SlurmctldLogFile=$ROOT/log/slurmctld.log
SlurmdLogFile=$ROOT/log/slurmd.log
StateSaveLocation=$ROOT/state
SlurmdSpoolDir=$ROOT/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
# Without cgroups memory is watched by looking, every second, and a job above its limit is killed.
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
# No database of jobs, hence no sacct.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MinJobAge=600
KillWait=5
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$MEMORY_MB State=UNKNOWN
PartitionName=main Nodes=$NODE Default=YES MaxTime=INFINITE State=UP
CONF
  # slurmd 22.05 loads some cgroup plugin even so; "disabled" is known to newer ones only.
  printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\nConstrainCores=no\nConstrainRAMSpace=no\n' > "$ROOT/cgroup.conf"
}

# The executor takes SLURM_* out of the environment of its jobs: their srun reads the default place only.
link_configuration() {
  [ -e /etc/slurm/slurm.conf ] && { echo "/etc/slurm/slurm.conf exists: this machine has a SLURM" >&2; exit 1; }
  mkdir -p /etc/slurm
  touch "$ROOT/linked"
  ln -sf "$ROOT/slurm.conf" "$ROOT/cgroup.conf" /etc/slurm/
}

up() {
  install_packages
  down
  write_configuration
  link_configuration
  # --force: munged otherwise refuses a socket below a folder that others may write to, such as /tmp.
  munged --force --socket="$SOCKET" --key-file="$ROOT/munge/munge.key" --pid-file="$ROOT/munge/munged.pid" \
    --log-file="$ROOT/munge/munged.log" --seed-file="$ROOT/munge/seed"
  slurmctld -c
  slurmd -N "$NODE"
  for _ in $(seq 30); do
    [ "$(sinfo -h -o %T 2> /dev/null)" = idle ] && return
    sleep 1
  done
  tail -5 "$ROOT"/log/*.log >&2
  exit 1
}

# Stops the daemons by their ids and leaves nothing but the packages and the logs.
down() {
  for file in slurmd.pid slurmctld.pid munge/munged.pid; do
    pid=$(cat "$ROOT/$file" 2> /dev/null || true)
    [ -n "$pid" ] && kill "$pid" 2> /dev/null || continue
    for _ in $(seq 50); do
      case $(ps -o stat= -p "$pid" 2> /dev/null) in "" | Z*) break ;; esac
      sleep 0.2
    done
  done
  if [ -e "$ROOT/linked" ]; then rm -f /etc/slurm/slurm.conf /etc/slurm/cgroup.conf "$ROOT/linked"; fi
  rm -rf "$ROOT"/{munge,state,spool}
}

case ${1:-} in
  up) up ;;
  down) down ;;
  *) sed -n '2,3p' "$0"; exit 2 ;;
esac
