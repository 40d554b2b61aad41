"""Free memory inside control groups, from files as the kernel writes them."""

from npc_kedro import machine


def group(folder, *, limit, used, inactive, version):
    names = {
        2: ("memory.max", "memory.current", "inactive_file"),
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    }[version]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {inactive}\nslab 7\n")


def own(tmp_path, text):
    path = tmp_path / "own"
    path.write_text(text)
    return path


def test_the_groups_above_count_too(tmp_path):
    group(tmp_path / "fs/a/b", limit="max", used=10, inactive=0, version=2)
    group(tmp_path / "fs/a", limit=1000, used=700, inactive=100, version=2)
    assert machine.group_bytes(tmp_path / "fs", own(tmp_path, "0::/a/b\n")) == [400]
    group(tmp_path / "fs/a/b", limit=300, used=10, inactive=0, version=2)
    assert machine.group_bytes(tmp_path / "fs", own(tmp_path, "0::/a/b\n")) == [290, 400]


def test_version_1_and_a_path_that_is_the_hosts(tmp_path):
    group(tmp_path / "fs/memory", limit=5000, used=2000, inactive=500, version=1)
    text = "9:name=systemd:/\n4:cpu,memory:/docker/8fe3\n0::/\n"
    assert machine.group_bytes(tmp_path / "fs", own(tmp_path, text)) == [3500]


def test_no_groups_no_limit(tmp_path):
    assert machine.group_bytes(tmp_path, tmp_path / "missing") == []
    assert machine.group_bytes(tmp_path, own(tmp_path, "0::/\n")) == []


def test_the_least_counts(monkeypatch):
    monkeypatch.setattr(machine, "group_bytes", lambda: [12345])
    assert machine.free_bytes() == 12345
    monkeypatch.setattr(machine, "group_bytes", lambda: [])
    assert machine.free_bytes() > 0
