"""The fused kernel is compiled by NVRTC without a GPU, and its machine code is kept."""

from dataclasses import replace
from itertools import product

import pytest

from mirrorjax.population.members import Member
from mirrorjax.population.plan import WIDTHS, program_of
from mirrorjax.training.engines import cuda
from mirrorjax.training.engines.shape import ACTIVATIONS, Shape, shape_of, why_not

nvrtc = pytest.importorskip("cuda.bindings.nvrtc", reason="NVRTC comes with the extras dev, cuda12 and cuda13")
CAPABILITIES = ("80", "90", "100")
PAPER = shape_of(program_of(Member()), 25, 4096, 132)
TURNED = shape_of(program_of(Member(congruence=1.0, activation="gelu")), 32, 64, 132)


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("shape", [PAPER, TURNED], ids=["paper", "knobs, gelu, few members"])
def test_compiles_for_a_device_that_is_not_there(shape, capability):
    assert cuda.compiled(shape, capability, None).startswith(b"\x7fELF")


def test_machine_code_is_kept_by_all_that_it_depends_on(tmp_path, monkeypatch):
    small = Shape(8, 1, 8, 1, 1)
    first = cuda.compiled(small, "90", tmp_path / "kernels")
    (file,) = (tmp_path / "kernels").iterdir()
    assert file.read_bytes() == first
    cuda.compiled(small, "80", tmp_path / "kernels")
    assert len([*(tmp_path / "kernels").iterdir()]) == 2
    monkeypatch.setattr(nvrtc, "nvrtcCompileProgram", None)  # it is not compiled again
    assert cuda.compiled(small, "90", tmp_path / "kernels") == first


def test_what_does_not_compile_says_why():
    with pytest.raises(cuda.KernelError, match=r"fused.cu for .*-DDEPTH=4.*no such shape"):
        cuda.compiled(Shape(17, 4, 25, 3, 4), "90", None)


def test_a_folder_that_cannot_be_written_costs_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    assert cuda.compiled(Shape(8, 1, 8, 1, 1), "90", tmp_path / "file" / "kernels").startswith(b"\x7fELF")


def test_the_number_of_members_moves_no_bits():
    """The number of warps and the rows of a batch order the sums."""
    for width, depth in product(range(1, 65), (1, 2, 3)):
        program = program_of(Member(width=width, depth=depth))
        few, many = (replace(shape_of(program, 25, members, 132), members=0) for members in (1, 10**6))
        assert few == many


@pytest.mark.accelerators
@pytest.mark.parametrize("capability", CAPABILITIES)
def test_every_shape_of_the_ladder_compiles(capability):
    most = 163 * 1024 if capability == "80" else 227 * 1024
    compiled = 0
    for width, depth in product((width for width in WIDTHS if width <= 64), (1, 2, 3)):
        for number, members in enumerate((64, 4096)):
            activation = ACTIVATIONS[(width + depth + number) % len(ACTIVATIONS)]
            member = Member(width=width, depth=depth, activation=activation, mask=0.5 * number)
            if why_not(program_of(member), 32, most) is None:
                assert cuda.compiled(shape_of(program_of(member), 32, members, 132), capability, None)
                compiled += 1
    assert compiled >= 40
