"""Archives of every kind, honest and hostile: packed files are read, and only IntakeProblem is raised."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import struct
import subprocess
import tarfile
import time
import tracemalloc
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import need_packers, need_programs
from sayings import notes_of

from grader.intake.reading import read_archive
from grader.intake.tree import IntakeLimits, IntakeProblem, Tree
from grader.messages.say import say

LIMITS = IntakeLimits()
CODE = b"def affine_forward(x, w, b):\n    pass\n"
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def zip_of(members, method=zipfile.ZIP_DEFLATED):
    data = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(data, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        for name, content in members:
            archive.writestr(name, content)
    return data.getvalue()


def tar_of(members, mode="w", **options):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode, **options) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def odd_tar_member(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def read_bytes(folder: Path, data: bytes, limits: IntakeLimits = LIMITS) -> Tree:
    path = folder / "handed-in.bin"
    path.write_bytes(data)
    return read_archive(path, limits)


def problem_of(folder: Path, data: bytes, limits: IntakeLimits = LIMITS) -> str:
    with pytest.raises(IntakeProblem) as caught:
        read_bytes(folder, data, limits)
    return say(caught.value.reason)


MEMBERS = [("hw2/cs231n/layers.py", CODE), ("hw2/cs231n/optim.py", b""), ("hw2/report.pdf", b"%PDF")]


@pytest.mark.parametrize(
    "data",
    [
        zip_of(MEMBERS),
        zip_of(MEMBERS, zipfile.ZIP_STORED),
        tar_of(MEMBERS),
        tar_of(MEMBERS, "w:gz"),
        tar_of(MEMBERS, "w:bz2"),
        tar_of(MEMBERS, "w:xz"),
        tar_of(MEMBERS, format=tarfile.GNU_FORMAT),
        tar_of(MEMBERS, format=tarfile.USTAR_FORMAT),
    ],
    ids=["zip", "stored", "tar", "gz", "bz2", "xz", "gnu", "ustar"],
)
def test_every_kind_is_recognised_by_its_content_and_read(tmp_path, data):
    tree = read_bytes(tmp_path, data)
    assert tree.files == {"hw2/cs231n/layers.py": CODE, "hw2/cs231n/optim.py": b""}
    assert notes_of(tree) == ()


names = st.lists(st.text("abcXYZ_09é作", min_size=1, max_size=60), min_size=1, max_size=6).map("/".join)
contents = st.binary(max_size=3000)


@quick
@given(
    files=st.dictionaries(names.map(lambda n: n + ".py"), contents, min_size=1, max_size=6),
    kind=st.sampled_from(range(7)),
)
def test_packed_files_are_read_unchanged(tmp_path, files, kind):
    packers = [
        zip_of,
        lambda m: zip_of(m, zipfile.ZIP_STORED),
        lambda m: tar_of(m, format=tarfile.PAX_FORMAT),
        lambda m: tar_of(m, format=tarfile.GNU_FORMAT),
        lambda m: tar_of(m, "w:gz"),
        lambda m: tar_of(m, "w:bz2"),
        lambda m: tar_of(m, "w:xz"),
    ]
    assert read_bytes(tmp_path, packers[kind](list(files.items()))).files == files


def read_or_problem(folder, data):
    try:
        tree = read_bytes(folder, data)
    except IntakeProblem as problem:
        assert say(problem.reason)
    else:
        assert all(isinstance(content, bytes) for content in tree.files.values())


HEADS = [b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08\x00", b"BZh9", b"\xfd7zXZ\x00"]


@quick
@given(head=st.sampled_from(HEADS), data=st.binary(max_size=2000))
def test_garbage_is_a_problem_and_nothing_else(tmp_path, head, data):
    read_or_problem(tmp_path, head + data)


WHOLE = [zip_of(MEMBERS), tar_of(MEMBERS), *(tar_of(MEMBERS, f"w:{kind}") for kind in ("gz", "bz2", "xz"))]
LONG = tar_of([("a" * 90 + "/" + "b" * 180 + "/é.py", CODE)])


@settings(quick, max_examples=400)
@given(data=st.data())
def test_a_damaged_archive_is_a_problem_and_nothing_else(tmp_path, data):
    whole = bytearray(data.draw(st.sampled_from([*WHOLE, LONG])))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_or_problem(tmp_path, bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@pytest.mark.parametrize("data", WHOLE[:1] + WHOLE[2:], ids=["zip", "gz", "bz2", "xz"])
def test_an_archive_cut_off_anywhere_is_a_problem(tmp_path, data):
    for cut in range(0, len(data) - 1, 7):
        problem_of(tmp_path, data[:cut])


def test_a_tar_cut_off_between_members_has_a_note(tmp_path):
    tree = read_bytes(tmp_path, tar_of(MEMBERS)[:1024])
    assert tree.files == {"hw2/cs231n/layers.py": CODE}
    assert "cut off" in notes_of(tree)[0]


def test_a_tar_cut_off_inside_a_member_is_a_problem(tmp_path):
    assert "damaged or cut off" in problem_of(tmp_path, tar_of(MEMBERS)[:600])
    assert "damaged or cut off" in problem_of(tmp_path, tar_of([("data.bin", bytes(9999))])[:5000])


def test_a_zip_member_with_a_wrong_checksum_is_a_problem(tmp_path):
    data = zip_of([("layers.py", CODE)], zipfile.ZIP_STORED).replace(b"affine", b"sffine")
    assert "damaged" in problem_of(tmp_path, data)


@pytest.mark.process
@pytest.mark.parametrize(
    "command",
    [["tar", "-czf", "a", "hw"], ["tar", "-cJf", "a", "--format=posix", "./hw"], ["zip", "-qr", "a.zip", "hw"]],
    ids=["gz", "xz", "zip"],
)
def test_gnu_tar_and_info_zip_are_read(tmp_path, command):
    need_programs(command[0])
    if command[0] == "tar":
        need_packers(command[1])
    for number in range(3):
        deep = tmp_path / "hw" / ("folder" * 15) / ("sub" * 20 + str(number))
        deep.mkdir(parents=True)
        (deep / "layers.py").write_bytes(CODE)
    expected = {str(path.relative_to(tmp_path)): CODE for path in tmp_path.rglob("layers.py")}
    assert max(map(len, expected)) > 155
    subprocess.run(command, cwd=tmp_path, check=True)
    assert read_archive(tmp_path / command[2], LIMITS).files == expected


def test_several_packed_streams_in_a_row_are_one(tmp_path):
    whole = tar_of(MEMBERS)
    for pack in (gzip.compress, bz2.compress, lzma.compress):
        data = pack(whole[:700]) + pack(whole[700:]) + bytes(512)
        assert len(read_bytes(tmp_path, data).files) == 2


def test_a_tar_with_links_devices_and_climbing_names_gives_only_its_regular_files(tmp_path):
    data = tar_of(
        [
            (odd_tar_member("optim.py", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (odd_tar_member("hard.py", tarfile.LNKTYPE, "layers.py"), b""),
            (odd_tar_member("null.py", tarfile.CHRTYPE), b""),
            (odd_tar_member("pipe.py", tarfile.FIFOTYPE), b""),
            ("/abs/layers.py", b"1"),
            ("a/../../layers.py", b"2"),
            ("..\\layers.py", b"3"),
            ("C:\\layers.py", b"4"),
            ("./layers.py", CODE),
        ]
    )
    tree = read_bytes(tmp_path, data)
    assert tree.files == {"layers.py": CODE}
    assert [note.partition(" was left")[0] for note in notes_of(tree)] == [
        "optim.py is a link and",
        "hard.py is a link and",
        "null.py is a device and",
        "pipe.py is a pipe and",
        "/abs/layers.py",
        "a/../../layers.py",
        "..\\layers.py",
        "C:\\layers.py",
    ]


def test_a_zip_with_links_and_climbing_names_gives_only_its_regular_files(tmp_path):
    link = zipfile.ZipInfo("optim.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    device = zipfile.ZipInfo("null.py")
    device.external_attr = (stat.S_IFCHR | 0o777) << 16
    hidden = zipfile.ZipInfo("layers.py.txt")
    members = [(link, b"/etc/passwd"), (device, b""), (hidden, CODE), ("../layers.py", b"1"), ("/layers.py", b"2")]
    data = zip_of([*members, ("cs231n\\layers.py", CODE)]).replace(b"layers.py.txt", b"optim.py\0.txt")
    tree = read_bytes(tmp_path, data)
    assert tree.files == {"cs231n/layers.py": CODE}
    assert len(notes_of(tree)) == 5
    assert notes_of(tree)[2].startswith("optim.py\ufffd.txt was left out")


def test_an_encrypted_zip_is_refused_unless_only_unwanted_files_are_encrypted(tmp_path):
    data = bytearray(zip_of([("layers.py", CODE)]))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + offset] |= 1
    assert "password" in problem_of(tmp_path, bytes(data))
    assert read_bytes(tmp_path, bytes(data).replace(b"layers.py", b"layers.md")).files == {}


def test_methods_without_a_limit_are_refused(tmp_path):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "ordinary zip" in problem_of(tmp_path, zip_of([("layers.py", CODE)], method))


@pytest.mark.parametrize("head", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x01\x00", b"\x28\xb5\x2f\xfd"])
def test_other_archives_are_refused_with_a_message(tmp_path, head):
    assert "which the grader cannot read. Pack a zip" in problem_of(tmp_path, head + bytes(600))


def test_a_compressed_file_that_is_not_a_tar_is_refused(tmp_path):
    assert "not an archive" in problem_of(tmp_path, gzip.compress(CODE))


def test_names_are_decoded_sensibly(tmp_path):
    cases = {"作业二/layers.py": "gbk", "作业二/optim.py": "utf-8", "résumés/layers.py": "cp437"}
    for name, encoding in cases.items():
        raw = name.encode(encoding)
        stand_in = b"n" * (len(raw) - 3) + b".py"
        data = zip_of([(stand_in.decode(), CODE)]).replace(stand_in, raw)
        assert read_bytes(tmp_path, data).files == {name: CODE}
    data = tar_of([("作业二/layers.py", CODE)], format=tarfile.GNU_FORMAT, encoding="gbk")
    assert read_bytes(tmp_path, data).files == {"作业二/layers.py": CODE}


def test_a_byte_order_mark_is_kept_as_it_is(tmp_path):
    content = b"\xef\xbb\xbf" + CODE
    assert read_bytes(tmp_path, zip_of([("layers.py", content)])).files == {"layers.py": content}


def test_litter_and_inner_archives_are_not_opened(tmp_path):
    litter = ["__MACOSX/layers.py", "a/._layers.py", ".ipynb_checkpoints/layers.py", "venv/lib/layers.py"]
    litter += ["build/layers.py", ".git/layers.py", "x/site-packages/layers.py", "__pycache__/layers.py"]
    tree = read_bytes(tmp_path, zip_of([(name, b"") for name in litter] + [("code.zip", zip_of(MEMBERS))]))
    assert tree.files == {}
    assert notes_of(tree) == ("code.zip is an archive inside the archive and was not opened.",)


def test_of_two_members_of_one_name_the_last_counts(tmp_path):
    for pack in (zip_of, tar_of):
        tree = read_bytes(tmp_path, pack([("layers.py", b"1"), ("layers.py", b"2")]))
        assert tree.files == {"layers.py": b"2"}
        assert "more than once" in notes_of(tree)[0]


# Limits


def test_a_file_over_its_limit_is_left_out_with_a_note(tmp_path):
    limits = IntakeLimits(file_bytes=1000)
    for pack in (zip_of, tar_of):
        tree = read_bytes(tmp_path, pack([("layers.py", bytes(1001)), ("optim.py", bytes(1000))]), limits)
        assert list(tree.files) == ["optim.py"]
        assert notes_of(tree) == ("layers.py was left out: it is larger than 1000 bytes.",)


def test_totals_counts_and_depth_are_limited(tmp_path):
    many = [(f"m{number}.py", bytes(100)) for number in range(20)]
    for pack in (zip_of, tar_of):
        assert "1999 bytes" in problem_of(tmp_path, pack(many), IntakeLimits(total_bytes=1999))
        assert "19 files" in problem_of(tmp_path, pack(many), IntakeLimits(members=19))
        assert "more than 100 bytes" in problem_of(tmp_path, pack(many), IntakeLimits(archive_bytes=100))
        assert "deep" in notes_of(read_bytes(tmp_path, pack([("a/b/c/layers.py", b"")]), IntakeLimits(depth=2)))[0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_compressed_bomb_is_stopped_early(tmp_path, kind):
    data = tar_of([("data.bin", bytes(100_000_000))], f"w:{kind}")
    assert "times its size" in problem_of(tmp_path, data)
    assert "unpacks to more than" in problem_of(tmp_path, data, IntakeLimits(unpacked_bytes=MANY, ratio=10**9))


MANY = 50_000_000


def test_a_zip_bomb_of_many_files_is_noticed_by_its_ratio(tmp_path):
    data = zip_of([(f"m{number}.py", bytes(1_000_000)) for number in range(30)])
    assert "times its size" in problem_of(tmp_path, data)


def test_data_in_a_zip_is_not_unpacked(tmp_path):
    data = zip_of([("cifar.npy", bytes(100_000_000)), ("layers.py", CODE)])
    assert read_bytes(tmp_path, data).files == {"layers.py": CODE}


def test_a_zip_that_lies_about_its_sizes_is_damaged(tmp_path):
    data = bytearray(zip_of([("layers.py", bytes(50_000_000))]))
    for sign, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(sign) + offset, 10)
    tracemalloc.start()
    try:
        assert "damaged" in problem_of(tmp_path, bytes(data))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_huge_zip_directory_is_refused_before_it_is_read(tmp_path):
    data = zip_of([(f"{number:0200}.txt", b"") for number in range(3000)])
    limits = IntakeLimits(members=1000, file_bytes=10_000)
    assert "list of files is larger" in problem_of(tmp_path, data, limits)


def test_an_xz_that_needs_too_large_a_dictionary_is_refused(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    data = bytearray(lzma.compress(tar_of(MEMBERS), filters=filters))
    place = data.index(b"\x21\x01")  # LZMA2, one byte of properties, which follows
    data[place + 2] = 38  # 2 GiB
    header_end = 12 + (data[12] + 1) * 4
    struct.pack_into("<I", data, header_end - 4, zlib.crc32(bytes(data[12 : header_end - 4])))
    assert "damaged" in problem_of(tmp_path, bytes(data))


def test_extended_tar_headers_of_any_length_are_refused(tmp_path):
    info = odd_tar_member("x", b"x")
    assert "damaged" in problem_of(tmp_path, tar_of([(info, bytes(200_000))], format=tarfile.USTAR_FORMAT))


def test_a_pax_header_is_read_only_up_to_a_length(tmp_path):
    for length, fits in ((60_000, True), (100_000, False)):
        record = f"{length} comment={'x' * (length - len(str(length)) - 10)}\n".encode()
        data = tar_of([(odd_tar_member("x", b"x"), record), ("layers.py", CODE)], format=tarfile.USTAR_FORMAT)
        if fits:
            assert read_bytes(tmp_path, data).files == {"layers.py": CODE}
        else:
            assert "damaged" in problem_of(tmp_path, data)


def test_notes_are_few_short_and_without_control_characters(tmp_path):
    members = [(odd_tar_member(f"\x1b[31m{number}{'x' * 300}.py", tarfile.SYMTYPE), b"") for number in range(50)]
    members += [(odd_tar_member(f"\u202e{number}.py", tarfile.SYMTYPE), b"") for number in range(50)]
    notes = notes_of(read_bytes(tmp_path, tar_of(members)))
    assert len(notes) == 21
    assert notes[-1] == "80 more notes of this kind were left out."
    assert all(len(note) < 300 and "\x1b" not in note and "\u202e" not in note for note in notes)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    (tmp_path / "link.zip").symlink_to(tmp_path / "pipe.zip")
    for name, word in (("pipe.zip", "regular"), ("link.zip", "link")):
        with pytest.raises(IntakeProblem, match=word):
            read_archive(tmp_path / name, LIMITS)


def test_random_data_does_not_take_long(tmp_path):
    start = time.perf_counter()
    data = tar_of([("noise.bin", random.Random(1).randbytes(5_000_000)), ("layers.py", CODE)], "w:gz")
    assert read_bytes(tmp_path, data).files == {"layers.py": CODE}
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(
    "above",
    [
        "../",
        "./../hw2/",
        "/home/anna/",
        "C:/Users/anna/",
        "C:\\Users\\anna\\",
        "..\\..\\",
        "\\\\host\\share\\",
        "a/../../",
    ],
)
@pytest.mark.parametrize("pack", [zip_of, tar_of], ids=["zip", "tar"])
def test_an_archive_whose_names_all_lead_out_is_read(tmp_path, pack, above):
    data = pack([(f"{above}cs231n/layers.py", CODE), (f"{above}cs231n/optim.py", b"")])
    tree = read_bytes(tmp_path, data)
    assert sorted(name.partition("cs231n/")[2] for name in tree.files) == ["layers.py", "optim.py"]
    assert not any(name.startswith(("/", "..", "C:")) or "\\" in name for name in tree.files)
    assert len(notes_of(tree)) == 1 and "lead out of the archive" in notes_of(tree)[0]


def test_a_name_that_leads_out_never_takes_the_place_of_one_inside(tmp_path):
    tree = read_bytes(tmp_path, zip_of([("layers.py", CODE), ("../layers.py", b"1"), ("../optim.py", b"2")]))
    assert tree.files == {"layers.py": CODE, "optim.py": b"2"}
    assert any(note.startswith("../layers.py was left out") for note in notes_of(tree))


def test_one_member_that_cannot_be_read_costs_only_itself(tmp_path):
    broken = zip_of([("hw/layers.py", CODE), ("hw/optim.py", b"optim = 1\n")], zipfile.ZIP_STORED)
    tree = read_bytes(tmp_path, broken.replace(b"optim = 1", b"optim = 2"))
    assert tree.files == {"hw/layers.py": CODE}
    assert notes_of(tree) == (
        "hw/optim.py was left out: the archive is damaged or cut off. Pack and hand it in again.",
    )
    locked = bytearray(zip_of([("layers.py", CODE), ("optim.py", b"x")], zipfile.ZIP_STORED))
    locked[locked.rindex(b"PK\x01\x02") + 8] |= 1
    tree = read_bytes(tmp_path, bytes(locked))
    assert (tree.files, len(notes_of(tree))) == ({"layers.py": CODE}, 1)
