import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const BOOTS_WITHIN_MS = 60_000;
const NAMESPACES = ['-m', '-n', '-u', '-i', '-C', '-p'];
const SYSTEMD = '/lib/systemd/systemd';

/** Services of packages that may be installed beside, and would take the ports of those under test. */
const MASKED = ['caddy', 'prometheus', 'prometheus-node-exporter', 'apache2', 'console-getty', 'getty@'];

/** Options of the start. */
interface Booting {
  /** Folders of this machine, visible there under their names. */
  readonly folders: readonly string[];
  /** False where another program is process 1, as in a container. */
  readonly systemd?: boolean;
}

/**
 * Starts systemd as process 1 of namespaces of its own, on an overlay in memory over the files of this machine: nothing
 * that happens there remains or reaches this machine.
 * $1: an empty folder; $2: the file for the messages; $3: process 1; $4 …: folders of this machine that are visible under their name
 */
const BOOT = `set -e
top=$1 console=$2 init=$3; shift 3
mount -t tmpfs machine $top
mkdir $top/upper $top/work $top/root
mount -t overlay overlay -o lowerdir=/,upperdir=$top/upper,workdir=$top/work $top/root
cd $top/root
mount -t proc proc proc; mount -t tmpfs run run; mount -t tmpfs tmp tmp
mkdir run/disk; mount --bind $top run/disk
mount -t sysfs sysfs sys; mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs dev dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm dev/pts; mount -t tmpfs shm dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts; ln -s pts/ptmx dev/ptmx; ln -s /proc/self/fd dev/fd
touch dev/console; mount --bind $console dev/console
for folder; do mkdir -p .$folder; mount --bind $folder .$folder; done
for name in ${MASKED.join(' ')}; do ln -sf /dev/null etc/systemd/system/$name.service; done
mkdir former; pivot_root . former; umount -l former; rmdir former
ip link set lo up
export container=test
exec $init`;

/** Returns why such a machine cannot be started here; null where it can. */
export function noMachine(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start a machine with systemd; its tests are skipped';
  const missing = [
    SYSTEMD,
    '/usr/bin/apt-get',
    '/usr/bin/unshare',
    '/usr/bin/nsenter',
    '/usr/sbin/ip',
    '/sbin/ip',
  ];
  const [systemd, apt, unshare, nsenter, ip, otherIp] = missing.map((path) => existsSync(path));
  if (!systemd || !apt || !unshare || !nsenter || !(ip || otherIp))
    return 'this is no Debian with systemd, util-linux and iproute2; the tests of a whole machine are skipped';
  const probe = `mount -t tmpfs a /mnt && mkdir /mnt/a /mnt/b /mnt/c &&
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/a,workdir=/mnt/b /mnt/c && mount -t cgroup2 cgroup2 /mnt`;
  const { status, stderr } = spawnSync('unshare', [...NAMESPACES, '-f', 'sh', '-c', probe], {
    encoding: 'utf8',
  });
  return status === 0 ? null : `no machine can be started here (${stderr.trim()}); its tests are skipped`;
}

/** The result of a command that was run on the machine. */
export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine with Debian and systemd. */
export class DebianMachine {
  private constructor(
    private readonly folder: string,
    private readonly pid: number,
    private readonly exited: Promise<void>,
  ) {}

  /** Boots one. The caller must stop it. */
  static async boot({ folders, systemd = true }: Booting): Promise<DebianMachine> {
    const init = systemd ? `${SYSTEMD} --log-target=console --unit=multi-user.target` : 'sleep infinity';
    const folder = mkdtempSync(join(tmpdir(), 'leopard-machine-'));
    const [top, console] = [join(folder, 'top'), join(folder, 'console')];
    spawnSync('sh', ['-c', `mkdir ${top}; touch ${console}`]);
    const outer = spawn(
      'unshare',
      [
        ...NAMESPACES,
        '-f',
        '--kill-child',
        '--propagation',
        'private',
        'sh',
        '-c',
        BOOT,
        'boot',
        top,
        console,
        init,
        ...folders,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    outer.stderr.on('data', (text: Buffer) => {
      said = (said + text.toString()).slice(-4000);
    });
    const exited = new Promise<void>((resolve) => outer.once('close', () => resolve()));
    process.once('exit', () => outer.kill('SIGKILL'));
    const machine = new DebianMachine(folder, outer.pid ?? 0, exited);
    // Until process 1 is the wanted one, commands would be run on the files of this machine.
    const state = systemd ? 'systemctl is-system-running' : 'grep -q sleep /proc/1/comm && echo running';
    for (const deadline = Date.now() + BOOTS_WITHIN_MS; ; await sleep(200)) {
      const { stdout } = await machine.run(state).catch(() => ({ stdout: '' }));
      if (/running|degraded/.test(stdout)) return machine;
      if (outer.exitCode === null && Date.now() < deadline) continue;
      const log = readFileSync(console, 'utf8').slice(-2000);
      await machine.stop();
      throw new Error(`the machine does not boot: ${stdout}\n${said}\n${log}`);
    }
  }

  /** Runs a shell command there, as root. */
  async run(command: string, timeout = 120_000): Promise<CommandOutput> {
    const env = {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/root',
      LC_ALL: 'C.UTF-8',
    };
    const args = ['-t', this.#init(), ...NAMESPACES, '--', 'sh', '-c', command];
    return await promisify(execFile)('nsenter', args, { env, timeout, maxBuffer: 1e7 }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code?: number; stdout?: string; stderr?: string; message: string }) => ({
        code: typeof error.code === 'number' ? error.code : -1,
        stdout: error.stdout ?? '',
        stderr: error.stderr || error.message,
      }),
    );
  }

  /** Runs a command that must succeed. @returns its stdout @throws Error with all that it said */
  async must(command: string, timeout?: number): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, timeout);
    if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${stdout}\n${stderr}`);
    return stdout;
  }

  /** Returns the path under which this machine sees a path of that one: its socket files can be connected to. */
  seen(path: string): string {
    return `/proc/${this.#init()}/root${path}`;
  }

  /** Leaves no room on its disk, which is all but /run, /tmp and /dev. */
  async fillDisk(): Promise<void> {
    // What is written between the two commands lets the second one fail.
    await this.must(`for attempt in $(seq 50); do
      used=$(df --output=used -k /run/disk | tail -n 1)
      mount -o remount,size=$((used + 64))k /run/disk 2>/dev/null && exit 0
    done; exit 1`);
  }

  async emptyDisk(): Promise<void> {
    await this.must('mount -o remount,size=50% /run/disk');
  }

  /** Ends all its processes at once; its files are gone. */
  async stop(): Promise<void> {
    process.kill(this.pid, 'SIGKILL'); // and process 1 with it
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Returns the id of its process 1, as this machine sees it. */
  #init(): string {
    return readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8').trim();
  }
}
