"""What the operating system says of a processor, from files that stand for /proc and /sys."""

from interlock.measure import machine

CPUINFO = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: Some CPU\ncpu MHz\t\t: 2500.0\n\nprocessor\t: 1\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def cache(root, cpu, index, level, kind, size, shared):
    folder = root / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
    for name, text in (("level", level), ("type", kind), ("size", size), ("shared_cpu_list", shared)):
        write(folder / name, f"{text}\n")


def test_name_clock_and_memory_are_read(tmp_path):
    write(tmp_path / "proc/cpuinfo", CPUINFO)
    write(tmp_path / "proc/meminfo", "MemTotal:       1000 kB\n")
    found = machine(tmp_path)
    assert (found.name, found.vendor, found.clock_hz, found.memory_bytes) == ("Some CPU", "AMD", 2.5e9, 1000 * 1024)


def test_a_shared_cache_counts_once_and_instructions_not_at_all(tmp_path):
    for cpu in (0, 1):
        cache(tmp_path, cpu, 0, 1, "Data", "32K", cpu)
        cache(tmp_path, cpu, 1, 1, "Instruction", "32K", cpu)
        cache(tmp_path, cpu, 3, 3, "Unified", "16M", "0-1")
    found = machine(tmp_path)
    assert found.caches_bytes == {1: 2 * 32 * 1024, 3: 16 * 2**20}
    assert found.last_cache_bytes == 16 * 2**20


def test_the_limit_of_a_control_group_counts(tmp_path):
    write(tmp_path / "proc/meminfo", "MemTotal:       1000000 kB\n")
    write(tmp_path / "sys/fs/cgroup/memory.max", "4096\n")
    assert machine(tmp_path).memory_bytes == 4096.0


def test_what_is_not_said_is_none(tmp_path):
    found = machine(tmp_path)
    assert (found.clock_hz, found.memory_bytes, found.last_cache_bytes) == (None, None, None)
    assert found.cores >= 1
    assert found.name
